"""Small incidents changed: requests added to a wire, and a HAR's entries made those of something else."""

from typing import Any

import msgspec
from incidents import Har
from wires import Wire

BARE: dict[str, Any] = {"cause": "missing_token"}


def bare(wire: Wire, n: int, at: float, gap: float = 1.0) -> None:
    """Requests without a token, refused."""
    for k in range(n):
        wire.get(None, 401, at=at + k * gap, target=f"/later/{k}", **BARE)


def ledger(wire: Wire) -> str:
    """As a proxy's ledger has it."""
    return "".join(msgspec.json.encode(e).decode() + "\n" for e in wire.entries)


def paged(told: Har, *pages: int) -> Har:
    """The entries from these on are of another page load each."""
    for n, entry in enumerate(told["log"]["entries"]):
        entry["pageref"] = f"page_{sum(n >= page for page in pages)}"
    return told


def at_host(told: Har, path: str, host: str) -> Har:
    """Requests below this path are another host's."""
    for each in told["log"]["entries"]:
        each["request"]["url"] = each["request"]["url"].replace(f"app.example.org{path}", host)
    return told


def lost(told: Har, n: int) -> Har:
    """Of the nth entry, from 1, the browser says that it was broken off."""
    told["log"]["entries"][n - 1]["response"]["_error"] = "net::ERR_ABORTED"
    return told


def saying(told: Har, words: str) -> Har:
    """The last entry is refused in these words."""
    told["log"]["entries"][-1]["response"]["content"]["text"] = f'{{"error": "invalid_grant", "msg": "{words}"}}'
    return told
