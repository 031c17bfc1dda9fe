"""What goes over the wire for a step, in a dialect; pure."""

import base64
import json
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import parse_qs, quote, urlencode, urlsplit

from race401.harness.probe.playing import Pair
from race401.ledger.dialects.dialect import Dialect
from race401.ledger.dialects.reading import role

OAUTH_FIELD = "refresh_token"  # RFC 6749 s.6


@dataclass(frozen=True, slots=True)
class Target:
    """Where a server is asked, and how."""

    token_url: str
    dialect: Dialect
    me: str = ""  # a resource; empty: access tokens are not asked about
    revoke: str = ""  # RFC 7009, or what takes its place; empty: sign-out is not asked about
    headers: dict[str, str] = field(default_factory=dict)
    client: str = ""
    secret: str = ""
    auth: Literal["basic", "post"] = "post"
    body: Literal["form", "json"] | None = None

    @property
    def able(self) -> frozenset[str]:
        """What of a sequence's needs is there."""
        return frozenset(name for name in ("me", "revoke") if getattr(self, name))

    @property
    def in_json(self) -> bool:
        """Whether the token endpoint is asked in JSON: where no grant tells refreshes from sign-ins, unless told."""
        return not self.says_grant if self.body is None else self.body == "json"

    @property
    def says_grant(self) -> bool:
        """Whether the body says what is asked for: neither the address does, nor is that all that it is for."""
        parts = urlsplit(self.token_url)
        in_query = any(name in parse_qs(parts.query) for name in self.dialect.grant)
        return not in_query and role([self.dialect], "POST", parts.path)[1] != "exchange"


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it is sent."""

    method: str
    url: str
    headers: dict[str, str]
    content: bytes = b""


def refresh(target: Target, pair: Pair) -> Request:
    """Return the request that presents the pair's refresh token."""
    dialect, parts = target.dialect, urlsplit(target.token_url)
    told = {dialect.grant[0]: dialect.refresh_grants[0]} if target.says_grant else {}
    headers: dict[str, str] = {}
    place, name = dialect.refresh_in[0], dialect.refresh[0]
    if place == "body":
        told[name] = pair.refresh
    elif place == "cookie":
        headers["cookie"] = f"{name}={pair.refresh}"
    elif place == "bearer":
        headers["authorization"] = f"Bearer {pair.refresh}"
    query = f"{'&' if parts.query else '?'}{urlencode({name: pair.refresh})}" if place == "query" else ""
    return _post(target, target.token_url + query, told, headers)


def use(target: Target, pair: Pair) -> Request:
    """Return a request of the resource with the pair's access token."""
    if target.dialect.access_cookies:
        cookie = f"{target.dialect.access_cookies[0]}={pair.access}"
        return Request("GET", target.me, {**target.headers, "cookie": cookie})
    return Request("GET", target.me, {**target.headers, "authorization": f"Bearer {pair.access}"})


def sign_out(target: Target, pair: Pair) -> Request:
    """Return the request that revokes the pair's refresh token."""
    place, name = target.dialect.refresh_in[0], target.dialect.refresh[0]
    if place == "cookie":
        return _post(target, target.revoke, {}, {"cookie": f"{name}={pair.refresh}"})
    if place == "body" and name != OAUTH_FIELD:
        return _post(target, target.revoke, {name: pair.refresh}, {})
    content = {"token": pair.refresh, "token_type_hint": OAUTH_FIELD}
    return _post(target, target.revoke, content, {}, in_json=False)


def _post(
    target: Target, url: str, told: dict[str, str], headers: dict[str, str], *, in_json: bool | None = None
) -> Request:
    if target.client and target.auth == "post":
        told = {**told, "client_id": target.client} | ({"client_secret": target.secret} if target.secret else {})
    elif target.client:
        both = f"{quote(target.client, safe='')}:{quote(target.secret, safe='')}"  # RFC 6749 s.2.3.1
        headers = {**headers, "authorization": f"Basic {base64.b64encode(both.encode()).decode()}"}
    as_json = (target.in_json if in_json is None else in_json) or not told
    content = json.dumps(_nested(told)) if as_json else urlencode(told)
    kind = "application/json" if as_json else "application/x-www-form-urlencoded"
    return Request("POST", url, {"content-type": kind, **target.headers, **headers}, content.encode())


def _nested(told: dict[str, str]) -> dict[str, Any]:
    """Return `{"a.b": x}` as `{"a": {"b": x}}`."""
    found: dict[str, Any] = {}
    for name, value in told.items():
        *outer, last = name.split(".")
        here = found
        for each in outer:
            here = here.setdefault(each, {})
        here[last] = value
    return found
