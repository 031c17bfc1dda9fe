"""Small incidents as files: for each known mechanism one that has it, its clean twin, and one that is nearly it."""

from collections.abc import Callable
from typing import Any, TypeAlias

from recording import har_of
from wires import Wire

Har: TypeAlias = dict[str, Any]
REFRESH = "/auth/v1/token?grant_type=refresh_token"
SIGN_IN = "/auth/v1/token?grant_type=password"
LIFE = 3600.0  # s
USED = {"grant_outcome": "reused", "target": REFRESH}


def begun(left: float | None = LIFE) -> Wire:
    """A session whose first access token has so much left at the first request, which is taken."""
    wire = Wire()
    wire.sign_in("a0", "r0", target=SIGN_IN, at=1.0)
    wire.get("a0", at=1.2, token_left_s=left)
    return wire


def rotated(wire: Wire, n: int, at: float, **more: Any) -> None:
    """The nth refresh, granted."""
    wire.exchange(f"r{n}", f"a{n + 1}", f"r{n + 1}", at=at, target=REFRESH, **more)


def refused(wire: Wire, token: str, at: float, **more: Any) -> None:
    """A refresh that is refused, its token having been used."""
    wire.exchange(token, at=at, **USED, **more)


def har(wire: Wire, **more: Any) -> Har:
    """As the browser exports it."""
    return har_of(wire.entries, **more)


# --- one builder for each, in its three variants: planted, clean, near ---


def reuse_forgiven(variant: str) -> Har:
    """Near: two refreshes at once, of two tokens."""
    wire = begun()
    rotated(wire, 0, 2.0, took=0.2)
    if variant == "planted":
        wire.exchange("r0", "a1b", "r1b", at=2.1, took=0.2, target=REFRESH)
    if variant == "near":
        wire.sign_in("b0", "q0", target=SIGN_IN, at=1.5)
        wire.exchange("q0", "b1", "q1", at=2.1, took=0.2, target=REFRESH)
    wire.get("a1", at=3.0)
    return har(wire)


def reuse_refused(variant: str) -> Har:
    """Near: a refusal that was over before the same token was granted, as of a server that stumbles."""
    wire = begun()
    if variant == "near":
        wire.exchange("r0", at=1.8, target=REFRESH, grant_outcome="unread", status=400)
    rotated(wire, 0, 2.0, took=0.2)
    if variant == "planted":
        refused(wire, "r0", 2.1, took=0.2)
    wire.get("a1", at=3.0)
    return har(wire)


def reuse_revoked(variant: str) -> Har:
    """Near: the session lives on after the reuse was refused."""
    wire = begun()
    rotated(wire, 0, 2.0, took=0.2)
    if variant != "clean":
        refused(wire, "r0", 2.1, took=0.2)
    if variant == "planted":
        wire.exchange("r1", at=3.0, target=REFRESH, grant_outcome="revoked")
    else:
        rotated(wire, 1, 3.0)
    return har(wire)


def late_401(variant: str) -> Har:
    """Near: the 401 is late, and the client sends the new token."""
    wire = begun()
    wire.get("a0", 401, at=2.0, took=0.01, token_left_s=LIFE - 0.8)
    wire.get("a0", 401, at=2.0, took=0.5, target="/messages", token_left_s=LIFE - 0.8)
    rotated(wire, 0, 2.1, took=0.05)
    wire.get("a1", at=2.2)
    if variant == "planted":
        rotated(wire, 1, 2.52, took=0.05)
        wire.get("a2", at=2.7, target="/messages")
    if variant == "near":
        wire.get("a1", at=2.52, target="/messages")
    if variant == "clean":
        wire.entries[3].answered_at = 2.02
        wire.get("a1", at=2.2, target="/messages")
    return har(wire)


def refresh_every_call(variant: str) -> Har:
    """Near: three refreshes in a row, each of a token that is almost over; clean: none."""
    wire = Wire()
    wire.sign_in("a0", "r0", target=SIGN_IN, at=1.0)
    gap = {"planted": 10.0, "near": LIFE - 30, "clean": 10.0}[variant]
    at = 1.0
    for n in range(4):
        born, at = at, at + gap
        wire.get(
            f"a{n}" if variant != "clean" else "a0",
            at=born + 1,
            token_left_s=LIFE - (born if n and variant == "clean" else 1),
        )
        if variant != "clean":
            rotated(wire, n, at)
    return har(wire)


def stale_copy(variant: str) -> Har:
    """Near: the request was sent before the successor came."""
    wire = begun(10.0)
    if variant == "near":
        wire.get("a0", 401, at=11.9, took=0.5, token_left_s=-0.5, target="/stream")
    rotated(wire, 0, 12.0, took=0.1)
    wire.get("a1", at=13.0)
    if variant == "planted":
        wire.get("a0", 401, at=14.0, token_left_s=-2.6, target="/stream")
    if variant == "clean":
        wire.get("a1", at=14.0, target="/stream")
    return har(wire)


def losers_clean_up(variant: str) -> Har:
    """Near: one request without a token on its way, and then the winner's again."""
    wire = begun()
    rotated(wire, 0, 2.0, took=0.2)
    if variant != "clean":
        refused(wire, "r0", 2.1, took=0.2)
    wire.get("a1", at=3.0)
    if variant == "planted":
        for n in range(3):
            wire.get(None, 401, at=4.0 + n, cause="missing_token", target=f"/later/{n}")
    if variant == "near":
        wire.get(None, 401, at=2.95, took=0.2, cause="missing_token", target="/messages")
        wire.get("a1", at=4.0)
    return har(wire)


def sign_out_undone(variant: str) -> Har:
    """Near: the refresh was under way too, and its tokens were thrown away."""
    wire = begun()
    if variant != "clean":
        rotated(wire, 0, 2.0, took=0.5)
    wire.sign_out("a0", at=2.1, took=0.05, status=204, target="/auth/v1/logout")
    if variant == "planted":
        wire.get("a1", at=3.0)
    return har(wire)


def clock_skew(variant: str) -> Har:
    """Near: a client whose clock is right, and whose token is over as well."""
    wire = begun(60.0)
    for n in range(2):
        if variant != "clean":
            wire.get("a0", 401, at=70.0 + n, token_left_s=60.0 - 68.8 - n, target=f"/page/{n}")
    at = 90.0 if variant == "planted" else 72.0 if variant == "near" else 50.0
    rotated(wire, 0, at)
    wire.get("a1", at=at + 1)
    return har(wire, behind=90.0 if variant == "planted" else 0.0)


def ended_by_refresh(variant: str) -> Har:
    """Near: the token was refused first, and refreshed for that."""
    wire = begun()
    if variant == "near":
        wire.get("a0", 401, at=1.9, token_left_s=LIFE - 0.7)
    rotated(wire, 0, 2.0, took=0.1)
    wire.get(
        "a0", 200 if variant == "clean" else 401, at=2.05, took=0.2, token_left_s=LIFE - 0.85, target="/messages"
    )
    wire.get("a1", at=3.0, target="/messages")
    return har(wire)


def rate_limit_storm(variant: str) -> Har:
    """Near: the client waits as it was told, each time."""
    wire = begun()
    gap = 0.2 if variant == "planted" else 6.0
    for n in range(4 if variant != "clean" else 0):
        wire.exchange("r0", at=2.0 + n * gap, status=429, grant_outcome="rate_limited", target=REFRESH)
    rotated(wire, 0, 40.0)
    told = har(wire)
    for each in told["log"]["entries"]:
        if each["response"]["status"] == 429:
            each["response"]["headers"].append({"name": "retry-after", "value": "5"})
    return told


def header_lost(variant: str) -> Har:
    """Near: what follows the redirect has a token that is over."""
    wire = begun()
    wire.get("a0", 307, at=2.0, target="/old", redirect="new", token_left_s=LIFE - 0.8)
    after: dict[str, Any] = {"at": 2.1, "target": "/new", "redirect": "new"}
    if variant == "planted":
        wire.get(None, 401, cause="missing_token", **after)
    else:
        wire.get("a0", 401 if variant == "near" else 200, token_left_s=LIFE - 0.9, **after)
    return har(wire)


def body_lost(variant: str) -> Har:
    """Near: the retry has a body, and is found wrong all the same."""
    wire = begun()
    post = {"method": "POST", "target": "/notes"}
    wire.get("a0", 401, at=2.0, body_length=40, token_left_s=LIFE - 0.8, **post)
    rotated(wire, 0, 2.1)
    length = 0 if variant == "planted" else 40
    wire.get("a1", 200 if variant == "clean" else 422, at=2.2, body_length=length, **post)
    return har(wire)


def missing_token(variant: str) -> Har:
    """Near: a visitor who has not signed in yet."""
    wire = Wire()
    if variant == "near":
        wire.get(None, 401, at=0.5, cause="missing_token", target="/me")
    wire.sign_in("a0", "r0", target=SIGN_IN, at=1.0)
    wire.get("a0", at=1.2, token_left_s=LIFE)
    if variant == "planted":
        wire.get(None, 401, at=2.0, cause="missing_token", target="/me")
    return har(wire)


def key_change(variant: str) -> Har:
    """Near: a signature that was never good."""
    wire = begun()
    if variant == "planted":
        wire.get("a0", 401, at=2.0, cause="bad_signature", token_left_s=LIFE - 0.8)
    if variant == "near":
        wire.get("forged", 401, at=2.0, cause="bad_signature", token_left_s=LIFE)
    rotated(wire, 0, 2.1)
    wire.get("a1", at=3.0)
    return har(wire)


def two_origins(variant: str) -> Har:
    """Near: both origins refuse the token, one after the other."""
    wire = begun(10.0)
    other: dict[str, Any] = {"target": "/other/files", "token_left_s": 9.5}
    wire.get("a0", at=1.7, **other)
    wire.get("a0", 401 if variant != "clean" else 200, at=2.0, **other | {"token_left_s": 9.2})
    wire.get("a0", 401 if variant == "near" else 200, at=2.2, token_left_s=9.0)
    told = har(wire)
    for each in told["log"]["entries"]:
        each["request"]["url"] = each["request"]["url"].replace("app.example.org/other", "files.example.org")
    return told


def sign_in_stampede(variant: str) -> Har:
    """Near: three sign-ins in a row, each after a refusal."""
    wire = Wire()
    for n in range(4 if variant != "clean" else 1):
        wire.sign_in(f"a{n}", f"r{n}", target=SIGN_IN, at=1.0 + (n / 100 if variant == "planted" else n), took=0.2)
        if variant == "near":
            wire.get(f"a{n}", 401, at=1.5 + n, token_left_s=LIFE)
    wire.get("a0", at=9.0, token_left_s=LIFE)
    return har(wire)


BUILDERS: dict[str, Callable[[str], Har]] = {
    each.__name__.replace("_", "-"): each
    for each in (
        reuse_forgiven, reuse_refused, reuse_revoked, late_401, refresh_every_call, stale_copy, losers_clean_up,
        sign_out_undone, clock_skew, ended_by_refresh, rate_limit_storm, header_lost, body_lost, missing_token,
        key_change, two_origins, sign_in_stampede,
    )
}  # fmt: skip
"""Of a lost answer a browser's file alone tells too little: see `test_lost_answers.py`."""
ALONGSIDE: dict[str, set[str]] = {
    "reuse-revoked": {"reuse-refused"},
    "losers-clean-up": {"reuse-refused", "missing-token"},
}
"""What else these show, and rightly: what the one comes with."""
ALSO_NEAR: dict[str, set[str]] = {
    "reuse-revoked": {"reuse-refused"},
    "losers-clean-up": {"reuse-refused", "missing-token"},
}
