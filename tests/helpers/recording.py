"""
A recorder: the ledger of a run as the files that people would have of it, a HAR as Chrome writes it or an access log.

A ledger has no tokens, so each is made of its fingerprint: a JWT, unsigned, that ends when the ledger says it does.
"""

import base64
import copy
import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from email.utils import formatdate
from pathlib import Path
from typing import Any

from race401.ledger.entry import Entry

HOST = "https://app.example.org"
AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"
TOKEN_PATH = "/auth/v1/token?grant_type="
ERRORS = {
    "reused": ("refresh_token_already_used", "Invalid Refresh Token: Already Used"),
    "revoked": ("refresh_token_not_found", "Invalid Refresh Token: Refresh Token Not Found"),
    "not_found": ("refresh_token_not_found", "Invalid Refresh Token: Refresh Token Not Found"),
    "rate_limited": ("over_request_rate_limit", "Request rate limit reached"),
}


class Recorded:
    """What these entries were on the wire; `behind`: s that the client's clock is behind the server's."""

    def __init__(self, entries: Iterable[Entry], *, behind: float = 0.0, host: str = HOST) -> None:
        self.entries = sorted(entries, key=lambda entry: (entry.received_at, entry.seq))
        self._behind, self._host = behind, host
        self._ends = {e.sent: e.received_at + e.token_left_s for e in self.entries if e.sent and e.token_left_s}
        self._followed = {
            e.redirect: e.target for e in self.entries if e.redirect and e.status not in range(300, 400)
        }

    def har(self, *, title: str = "App") -> dict[str, Any]:
        """The HAR that Chrome exports with sensitive data."""
        began = self._iso(self.entries[0].received_at) if self.entries else "2026-01-01T00:00:00.000Z"
        page = {"startedDateTime": began, "id": "page_1", "title": title, "pageTimings": {}}
        log = {"version": "1.2", "creator": {"name": "WebInspector", "version": "537.36"}, "pages": [page]}
        return {"log": log | {"entries": [self._entry(entry) for entry in self.entries]}}

    def access_log(self, *, timed: bool = True, address: str = "203.0.113.9") -> str:
        """An access log in nginx's combined format; `timed`: with `$request_time` behind it."""
        return "".join(self._line(entry, address, timed=timed) for entry in self.entries)

    def token(self, fingerprint: str) -> str:
        """The token that a fingerprint stands for."""
        end = self._ends.get(fingerprint)
        if end is None:
            return fingerprint
        claims = {"jti": fingerprint, "exp": round(end), "role": "authenticated"}
        return ".".join([*(_base64(each) for each in ({"alg": "HS256", "typ": "JWT"}, claims)), "c2lnbmF0dXJl"])

    def _line(self, e: Entry, address: str, *, timed: bool) -> str:
        at = datetime.fromtimestamp(e.answered_at, UTC).strftime("%d/%b/%Y:%H:%M:%S +0000")
        took = f" rt={max(0.0, e.answered_at - e.received_at):.3f}" if timed else ""
        status = e.status or 499
        return f'{address} - - [{at}] "{e.method} {e.target} HTTP/1.1" {status} 12 "-" "{AGENT}"{took}\n'

    def _entry(self, e: Entry) -> dict[str, Any]:
        took = max(0.0, (e.answered_at or e.received_at) - e.received_at) * 1000
        answer = self._response(e)
        if not e.status:
            answer["_error"] = "net::ERR_ABORTED" if e.hung_up else "net::ERR_EMPTY_RESPONSE"
        return {
            "_initiator": {"type": "script"},
            "_priority": "High",
            "_resourceType": "preflight" if e.method == "OPTIONS" else "fetch",
            "cache": {},
            "connection": "443",
            "pageref": "page_1",
            "request": self._request(e),
            "response": answer,
            "serverIPAddress": "203.0.113.80",
            "startedDateTime": self._iso(e.received_at),
            "time": took,
            "timings": {"blocked": 0, "dns": -1, "ssl": -1, "connect": -1, "send": 0, "wait": took, "receive": 0},
        }

    def _request(self, e: Entry) -> dict[str, Any]:
        headers = [{"name": "accept", "value": "*/*"}, {"name": "user-agent", "value": AGENT}]
        if e.sent is not None and e.kind != "exchange":
            headers.append({"name": "authorization", "value": f"Bearer {self.token(e.sent)}"})
        body = ""
        if e.kind == "exchange" and e.presented is not None:
            body = json.dumps({"refresh_token": e.presented})
        elif e.kind == "sign_in":
            body = json.dumps({"email": "someone@example.org", "password": "hunter2hunter2"})
        elif e.body_length:
            body = "x" * e.body_length
        about: dict[str, Any] = {"method": e.method, "url": self._host + e.target, "httpVersion": "http/2.0"}
        about |= {"headers": headers, "queryString": [], "cookies": [], "headersSize": -1, "bodySize": len(body)}
        if body:
            about["postData"] = {"mimeType": "application/json", "text": body}
        return about

    def _response(self, e: Entry) -> dict[str, Any]:
        text = self._as_line(e)
        headers = [{"name": "content-type", "value": "application/json"}]
        if e.status:
            headers.append({"name": "date", "value": formatdate(int(e.answered_at), usegmt=True)})
        if e.cause == "missing_token":
            headers.append({"name": "www-authenticate", "value": "Bearer"})
        to = self._followed.get(e.redirect or "", "/elsewhere") if e.status in range(300, 400) else ""
        content = {"size": len(text), "mimeType": "application/json", "text": text}
        about: dict[str, Any] = {"status": e.status, "statusText": "", "httpVersion": "http/2.0", "headers": headers}
        about |= {"cookies": [], "content": content, "redirectURL": to and self._host + to}
        return about | {"headersSize": -1, "bodySize": -1, "_transferSize": len(text), "_error": None}

    def _as_line(self, e: Entry) -> str:
        if e.brought_access is not None:
            told: dict[str, Any] = {"access_token": self.token(e.brought_access), "token_type": "bearer"}
            if (end := self._ends.get(e.brought_access)) is not None:
                told["expires_in"] = round(end - e.answered_at)
            if e.brought_refresh is not None:
                told["refresh_token"] = e.brought_refresh
            return json.dumps(told)
        if e.kind == "exchange" and e.status:
            code, words = ERRORS.get(e.grant_outcome or "", ("invalid_grant", "the refresh token is no good"))
            return json.dumps({"code": e.status, "error_code": code, "msg": words})
        return json.dumps({"code": e.cause or "bad_jwt"} if e.status >= 400 else {})

    def _iso(self, at: float) -> str:
        there = datetime.fromtimestamp(at - self._behind, UTC)
        return there.isoformat(timespec="microseconds").replace("+00:00", "Z")


def sanitized(har: dict[str, Any]) -> dict[str, Any]:
    """The same HAR as Chrome exports it unless told otherwise: without cookies and Authorization."""
    copied = copy.deepcopy(har)
    for entry in copied["log"]["entries"]:
        for message in (entry["request"], entry["response"]):
            hidden = {"authorization", "cookie", "set-cookie"}
            message["headers"] = [each for each in message["headers"] if each["name"].lower() not in hidden]
            message["cookies"] = []
    return copied


def bodiless(har: dict[str, Any]) -> dict[str, Any]:
    """The same HAR without bodies, as some tools export it."""
    copied = copy.deepcopy(har)
    for entry in copied["log"]["entries"]:
        entry["request"].pop("postData", None)
        entry["response"]["content"].pop("text", None)
    return copied


def written(folder: Path, name: str, told: dict[str, Any] | str) -> Path:
    """The file that holds it."""
    path = folder / name
    path.write_text(told if isinstance(told, str) else json.dumps(told), encoding="utf-8")
    return path


def har_of(entries: Sequence[Entry], **more: Any) -> dict[str, Any]:
    """These entries as Chrome's HAR with sensitive data; see `Recorded`."""
    return Recorded(entries, **more).har()


def access_log_of(entries: Sequence[Entry], **more: Any) -> str:
    """These entries as an access log; see `Recorded.access_log`."""
    return Recorded(entries).access_log(**more)


def _base64(told: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(told).encode()).decode().rstrip("=")
