"""
Files as people have them: what a browser did, told call by call, as the HAR that its program writes.

Unlike `recording`, which writes what a ledger holds, this begins with the wire: headers, bodies, cookies.
"""

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from email.utils import formatdate
from typing import Any

Har = dict[str, Any]
BASE = 1_777_881_600.0  # s since the epoch; instants are after this
LIFE = 3600.0  # s
AGENT = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/136.0.0.0 Safari/537.36"
)
REFRESH = "/auth/v1/token?grant_type=refresh_token"
PASSWORD = "/auth/v1/token?grant_type=password"
USED = {"code": 400, "error_code": "refresh_token_already_used", "msg": "Invalid Refresh Token: Already Used"}
GONE = {"code": 400, "error_code": "refresh_token_not_found", "msg": "Invalid Refresh Token: Refresh Token Not Found"}


def jwt(name: str, born: float, life: float = LIFE, **claims: Any) -> str:
    """An access token that names itself; unsigned."""
    told = {"jti": name, "iat": int(BASE + born), "exp": int(BASE + born + life), **claims}
    parts = ({"alg": "RS256", "typ": "JWT", "kid": "2026-05"}, told)
    return ".".join([*(base64.urlsafe_b64encode(json.dumps(p).encode()).decode().rstrip("=") for p in parts), "c2ln"])


class Browser:
    """
    One browser and its servers. `behind`: s of its clock; `life`: s of an access token; `opaque`: tokens are no JWTs.

    `at` of a call is when it began, by the server's clock, in s.
    """

    def __init__(
        self, *, behind: float = 0.0, life: float = LIFE, opaque: bool = False, host: str = "api.example.com"
    ) -> None:
        self.behind, self.life, self.opaque, self.host = behind, life, opaque, host
        self.calls: list[Har] = []
        self.page, self.agent = "page_1", AGENT
        self.always: dict[str, str] = {}  # headers of every request
        self._tokens: dict[str, str] = {}

    def token(self, name: str, born: float | None = None) -> str:
        """The access token of this name."""
        if name not in self._tokens:
            self._tokens[name] = f"opaque-{name}-4f1c9a0b" if self.opaque else jwt(name, born or 0.0, self.life)
        return self._tokens[name]

    def call(
        self,
        at: float,
        where: str,
        status: int = 200,
        *,
        token: str | None = None,
        took: float = 0.05,
        body: Any = None,
        says: Any = None,
        sends: Mapping[str, str] | None = None,
        answers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> Har:
        """One request. `where`: `METHOD URL`, or a path to GET; `body`, `says`: JSON, or a text as it is."""
        method, _, url = where.rpartition(" ")
        url = url if "://" in url else f"https://{self.host}{url}"
        headers = {"accept": "*/*", "user-agent": self.agent, **self.always, **(sends or {})}
        headers |= {} if token is None else {"authorization": f"Bearer {self.token(token)}"}
        text, told = _text(body), _text(says)
        back = {"content-type": "application/json", "date": formatdate(int(BASE + at + took), usegmt=True)}
        back = {} if not status else back | dict(answers or {})
        entry: Har = {
            "startedDateTime": _iso(at - self.behind),
            "time": took * 1000,
            "request": {
                "method": method or "GET",
                "url": url,
                "httpVersion": "h2",
                "headers": _pairs(headers),
                "queryString": [],
                "cookies": [],
                "headersSize": -1,
                "bodySize": len(text or ""),
            },
            "response": {
                "status": status,
                "statusText": "",
                "httpVersion": "h2",
                "headers": _pairs(back),
                "cookies": [],
                "content": {"size": len(told or ""), "mimeType": "application/json"},
                "redirectURL": back.get("location", ""),
                "headersSize": -1,
                "bodySize": -1,
            },
            "cache": {},
            "timings": {"blocked": 0, "dns": -1, "connect": -1, "send": 0, "wait": took * 1000, "receive": 0},
            "pageref": self.page,
            "_resourceType": "fetch",
            **more,
        }
        if text is not None:
            entry["request"]["postData"] = {"mimeType": "application/json", "text": text}
        if told is not None:
            entry["response"]["content"]["text"] = told
        self.calls.append(entry)
        return entry

    def sign_in(
        self, at: float, name: str = "a0", refresh: str = "r0", who: str = "ann@example.com", **more: Any
    ) -> Har:
        """By password, at Supabase."""
        says = {"access_token": self.token(name, at), "refresh_token": refresh, "expires_in": self.life}
        return self.call(at, f"POST {PASSWORD}", says=says, body={"email": who, "password": "hunter2"}, **more)

    def refresh(self, at: float, old: str, new: str, name: str, **more: Any) -> Har:
        """Granted: `old` brought `new`, and an access token of this name."""
        says = {"access_token": self.token(name, at), "refresh_token": new, "expires_in": self.life}
        return self.call(at, f"POST {REFRESH}", says=says, body={"refresh_token": old}, **more)

    def refused(self, at: float, old: str, says: Any = USED, status: int = 400, **more: Any) -> Har:
        """A refresh that is refused in these words."""
        return self.call(at, f"POST {REFRESH}", status, says=says, body={"refresh_token": old}, **more)

    def begun(self, **more: Any) -> "Browser":
        """Signed in, with a first call that is taken."""
        self.sign_in(1.0, **more)
        self.call(1.5, "/rest/v1/contacts", token="a0")
        return self

    def har(self, creator: str = "WebInspector", **more: Any) -> Har:
        """What it exports."""
        pages = [{"startedDateTime": _iso(0), "id": name, "title": name, "pageTimings": {}} for name in self._pages()]
        return {"log": {"version": "1.2", "creator": {"name": creator, "version": "1"}, "pages": pages,
                        "entries": self.calls, **more}}  # fmt: skip

    def _pages(self) -> list[str]:
        return list(dict.fromkeys(each["pageref"] for each in self.calls if "pageref" in each))


def oauth(
    path: str, host: str = "id.example.com", status: int = 400, words: str = "Token was already used", **said: Any
) -> Har:
    """Two refreshes at once by one token, granted and refused, at an endpoint of RFC 6749."""
    b = Browser(host=host, opaque=True)
    asked = "grant_type=refresh_token&client_id=spa&refresh_token="
    said = {"error": "invalid_grant", "error_description": words} | said
    for n, old, at in ((0, "rt-1", 10), (1, "rt-2", 3600)):
        brings = {"access_token": b.token(f"a{n}"), "refresh_token": f"rt-{n + 2}", "expires_in": LIFE}
        b.call(at, f"POST {path}", body=f"{asked}{old}", took=0.2, says=brings)
        b.call(at + 1, "https://api.example.com/me", token=f"a{n}")
    b.call(3600.05, f"POST {path}", status, body=f"{asked}rt-2", took=0.2, says=said)
    return b.har()


def local(har: Har, hours: int = 2) -> Har:
    """In a time zone, to the millisecond, as Firefox writes it, and without what is Chrome's own."""
    zone = timezone(timedelta(hours=hours))
    for entry in har["log"]["entries"]:
        at = datetime.fromisoformat(entry["startedDateTime"]).astimezone(zone)
        entry["startedDateTime"] = at.isoformat(timespec="milliseconds")
        entry.pop("_resourceType", None)
    har["log"]["creator"] = {"name": "Firefox", "version": "138.0"}
    return har


def without(har: Har, *names: str) -> Har:
    """Without these headers, as a sanitized export is, and without cookies."""
    for entry in har["log"]["entries"]:
        for side in ("request", "response"):
            entry[side]["headers"] = [each for each in entry[side]["headers"] if each["name"].lower() not in names]
            entry[side]["cookies"] = []
    return har


def _text(told: Any) -> str | None:
    return told if told is None or isinstance(told, str) else json.dumps(told)


def _pairs(told: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in told.items()]


def _iso(at: float) -> str:
    return datetime.fromtimestamp(BASE + at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
