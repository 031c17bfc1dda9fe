"""
A system that is not ours, from a TOML file: how to sign in, what a page asks for, and how a token is refreshed.

api = "http://127.0.0.1:8000"
page = ["/me", "/orders"]
token = "http://127.0.0.1:8000/o/token/"
sign_in = "POST http://127.0.0.1:8000/login user=ada password=${PASSWORD}"
client = "app"
"""

import difflib
import json
import os
import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from race401.harness.probe.answers import place
from race401.harness.probe.asking import Target
from race401.harness.probe.signing_in import ByCommand, ByRequest, SignInFailed, parse
from race401.ledger import toml_files
from race401.ledger.dialects.dialect import Dialect
from race401.ledger.dialects.files import DialectError, named
from race401.ledger.dialects.presets import naming, signing_in_at

NEEDED = {
    "api": 'the address of the API, as in api = "http://127.0.0.1:8000"',
    "page": 'the paths that a page asks for, as in page = ["/me", "/orders"]',
    "token": 'the token endpoint, as in token = "http://127.0.0.1:8000/oauth/token"',
    "sign_in": 'how to get a new session: "POST URL NAME=VALUE ...", "POST URL {JSON}", or a command',
}
TEXTS = ("name", "dialect", "client", "client_auth", "body")
KNOWN = (*NEEDED, *TEXTS, "headers", "lifetime", "unauthorized")
STATUSES = range(400, 600)
ONE_OF = {"client_auth": ("basic", "post"), "body": ("form", "json")}
NAME = re.compile(r"[a-z0-9][a-z0-9-]*")
JSON_BODY = re.compile(r"\w+\s+\S+\s+'?\{")
VARIABLE = re.compile(r"\$\{(\w+)\}")


class SystemFileError(Exception):
    """The file cannot be used; the message names all that is wrong with it, and what would be right."""


@dataclass(frozen=True)
class System:
    """One that is there."""

    name: str
    api: str  # its scheme, host and port
    page: tuple[str, ...]  # whole paths, and queries
    target: Target
    signs_in: ByRequest | ByCommand
    lifetime: float | None = None  # s, of an access token where no answer tells it

    @property
    def addresses(self) -> list[str]:
        """What is asked."""
        return [
            self.api,
            self.target.token_url,
            *([self.signs_in.url] if isinstance(self.signs_in, ByRequest) else []),
        ]

    @cached_property
    def origins(self) -> list[str]:
        """Where that is, each once."""
        return list(dict.fromkeys(map(origin, self.addresses)))

    def behind(self, places: Mapping[str, str]) -> "System":
        """Return the same, asked at other addresses, by origin."""

        def there(url: str) -> str:
            return places.get(origin(url), origin(url)) + url[len(origin(url)) :]

        asked = self.signs_in
        return replace(
            self,
            api=there(self.api),
            target=replace(self.target, token_url=there(self.target.token_url)),
            signs_in=replace(asked, url=there(asked.url)) if isinstance(asked, ByRequest) else asked,
        )

    def far(self) -> list[str]:
        """Return the hosts that are not this machine."""
        hosts = [str(urlsplit(url).hostname) for url in self.addresses]
        return list(dict.fromkeys(host for host in hosts if not is_here(host)))

    def shown(self) -> dict[str, str]:
        """Return where it is, for a manifest: without what may be secret."""
        return {"name": self.name, "api": place(self.api), "token": place(self.target.token_url)}

    def plain(self) -> dict[str, Any]:
        """Return what a manifest keeps as its world: no address, so that runs against two of one kind compare."""
        return {"summary": "a system of your own", "dialect": self.target.dialect.name}


def origin(url: str) -> str:
    """Return the scheme, host and port of an address."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def is_here(host: str) -> bool:
    """Whether a host is this machine alone."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def load(path: Path) -> System:
    """Return the file's system; raises SystemFileError, in one line that names all that is wrong."""
    told = toml_files.tables(path, SystemFileError)
    if problems := [*_strangers(told), *_problems(told)]:
        raise SystemFileError(f"{path}: {'; '.join(problems)}")
    try:
        return _system(path, told)
    except SystemFileError as refusal:
        raise SystemFileError(f"{path}: {refusal}") from None


def _strangers(told: Mapping[str, Any]) -> Iterator[str]:
    for key in told:
        if key not in KNOWN:
            near = difflib.get_close_matches(key, KNOWN, 1)
            yield f"{key}: no such setting; " + (f"did you mean {near[0]}?" if near else f"known: {', '.join(KNOWN)}")
    for key, what in NEEDED.items():
        if not told.get(key):
            yield f"{key} is missing: {what}"


def _problems(told: Mapping[str, Any]) -> Iterator[str]:
    for key in ("api", "token", "sign_in", *TEXTS):
        if key in told and not isinstance(told[key], str):
            yield f"{key}: must be a text in quotes"
    for key, known in ONE_OF.items():
        if key in told and told[key] not in known:
            yield f"{key} = {told[key]!r}: must be one of {', '.join(known)}"
    page = told.get("page")
    if page and not (isinstance(page, list) and all(isinstance(each, str) and each.startswith("/") for each in page)):
        yield "page: must be a list of paths that begin with '/'"
    headers = told.get("headers", {})
    if not (isinstance(headers, dict) and all(isinstance(each, str) for each in headers.values())):
        yield "headers: must be a table of texts"
    unauthorized = told.get("unauthorized", [401])
    if not (isinstance(unauthorized, list) and unauthorized and all(each in STATUSES for each in unauthorized)):
        yield "unauthorized: must be a list of statuses, as in unauthorized = [401, 403]"
    lifetime = told.get("lifetime", 1.0)
    if not isinstance(lifetime, int | float) or isinstance(lifetime, bool) or lifetime <= 0:
        yield f"lifetime = {lifetime!r}: must be a number of seconds above 0"


def _system(path: Path, told: Mapping[str, Any]) -> System:
    name = str(told.get("name", path.stem))
    if not NAME.fullmatch(name):
        raise SystemFileError(f"name {name!r}: use lower-case letters, digits and '-' (name = \"staging\")")
    for key in ("api", "token"):
        if urlsplit(told[key]).scheme not in ("http", "https") or not urlsplit(told[key]).hostname:
            raise SystemFileError(f"{key}: expected an address, as in {NEEDED[key].partition('in ')[2]}")
    dialect = _dialect(path, told)
    try:
        signs_in = parse(_sign_in(told["sign_in"]), dialect)
    except SignInFailed as error:
        raise SystemFileError(f"sign_in {error}") from None
    if isinstance(signs_in, ByRequest):
        dialect = signing_in_at(dialect, urlsplit(signs_in.url).path)
        signs_in = replace(signs_in, dialect=dialect)
    client, _, secret = _filled("client", told.get("client", "")).partition(":")
    target = Target(
        told["token"],
        dialect,
        headers={key.lower(): _filled(f"headers.{key}", value) for key, value in told.get("headers", {}).items()},
        client=client,
        secret=secret,
        auth=told.get("client_auth") or ("basic" if secret else "post"),
        body=told.get("body"),
    )
    api = origin(told["api"])
    before = told["api"][len(api) :].rstrip("/")
    lifetime = float(told["lifetime"]) if "lifetime" in told else None
    return System(name, api, tuple(before + each for each in told["page"]), target, signs_in, lifetime)


def _dialect(path: Path, told: Mapping[str, Any]) -> Dialect:
    said = str(told.get("dialect", "oauth"))
    try:
        first, *_ = named(str(path.parent / said) if said.endswith(".toml") else said)
    except DialectError as error:
        raise SystemFileError(f"dialect: {error}") from None
    if first.access_cookies:
        why = "browsers here send access tokens as Bearer, and this dialect has them in a cookie"
        raise SystemFileError(
            f"dialect {first.name}: {why}; without access_cookies it would do, if the API takes both"
        )
    return naming(
        replace(first, unauthorized=tuple(told.get("unauthorized", first.unauthorized))), urlsplit(told["token"]).path
    )


def _sign_in(said: str) -> str:
    """Return what signs in, filled: a value may have blanks and quotes, and is one value still."""
    if JSON_BODY.match(said):
        return _filled("sign_in", said, lambda value: json.dumps(value)[1:-1])
    try:
        return shlex.join(_filled("sign_in", word) for word in shlex.split(said))
    except ValueError as error:
        raise SystemFileError(f"sign_in cannot be read: {error}") from None


def _filled(key: str, text: str, quoted: Callable[[str], str] = str) -> str:
    """Return a text with the variables of the environment that it names; a secret is no part of a file."""
    for name in VARIABLE.findall(text):
        if name not in os.environ:
            raise SystemFileError(f"{key}: the environment has no variable {name}")
    return VARIABLE.sub(lambda found: quoted(os.environ[found[1]]), text)
