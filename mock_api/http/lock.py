"""
The lock of the control API: who may steer the mock.

Rules: from elsewhere the key opens it, and nothing else does. A program on this machine needs no key. A web page
comes from this machine too, inside its user's browser, so what only a page sends is refused there: a `Host` that is
not this machine's (a name that was rebound to it), and an `Origin` other than the mock's own, be it a page of another
server of this machine. With the key neither is looked at: no page has it. A body is JSON or refused, whoever sends
it: JSON is what a page may not send before the mock has agreed, which it never does.
"""

import re
from collections.abc import Iterable
from ipaddress import IPv6Address, ip_address
from secrets import compare_digest
from typing import NamedTuple

JSON = b"application/json"
AUTHORITY = re.compile(r"(?:\[([^]]+)\]|([^:]+))(?::\d*)?")  # RFC 3986 s.3.2, without a user
OR_THE_KEY = "or give the header X-Race401-Key with the mock's --control-key"


class Refusal(NamedTuple):
    """Why the control API does not answer, and what would be right."""

    status: int
    message: str


ELSEWHERE = Refusal(403, f"the control API answers to this machine: ask at its loopback address, {OR_THE_KEY}")
HOST = Refusal(403, f"Host: the control API answers to localhost, 127.0.0.1 and [::1], with any port; {OR_THE_KEY}")
ORIGIN = Refusal(403, f"Origin: the control API answers no web page of another origin; leave it out, {OR_THE_KEY}")
FORM = Refusal(415, "Content-Type: a body for the control API is application/json")


class Lock:
    """Pure; an empty key is none."""

    def __init__(self, key: str | None) -> None:
        self._key = (key or "").encode()

    def refusal(self, peer: str | None, headers: Iterable[tuple[bytes, bytes]]) -> Refusal | None:
        """Return why a request from this address, with these headers, is not answered; None: it is.

        Without an address it is from elsewhere: a connection may have lost its own before we asked.
        """
        given = dict(headers)
        opened = bool(self._key) and compare_digest(given.get(b"x-race401-key", b""), self._key)
        refused = None if opened else _from_here(peer, given)
        return refused or (None if _is_json(given) else FORM)


def _from_here(peer: str | None, given: dict[bytes, bytes]) -> Refusal | None:
    """Return why whoever has no key is refused."""
    if peer is None or not is_loopback(peer):
        return ELSEWHERE
    host = given.get(b"host", b"").lower()
    named = AUTHORITY.fullmatch(host.decode("latin-1"))
    if named is None or not is_loopback(named[1] or named[2]):
        return HOST
    if given.get(b"origin", b"http://" + host).lower() != b"http://" + host:
        return ORIGIN
    return None


def is_loopback(name: str) -> bool:
    """Tell whether an address, or localhost by its name, is this machine alone."""
    try:
        address = ip_address(name)
    except ValueError:
        return name == "localhost"
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).is_loopback


def _is_json(given: dict[bytes, bytes]) -> bool:
    """Tell whether there is no body, or one that says that it is JSON."""
    form = given.get(b"content-type")
    if form is not None:
        return form.partition(b";")[0].strip().lower() == JSON
    return given.get(b"content-length", b"0") == b"0" and b"transfer-encoding" not in given
