"""Files in which a mechanism is nearly there and something else was the reason: it is not shown."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from changing import BARE, at_host, bare, ledger, lost, paged, saying
from diagnosing import diagnosed, standing_as
from incidents import BUILDERS, LIFE, REFRESH, SIGN_IN, Har, begun, har, refused, rotated
from wires import Wire

Case = Callable[[], Har | str]
LOGOUT: dict[str, Any] = {"method": "POST", "target": "/api/session/logout", "status": 200}


# --- reuse: refused, revoked, cleaned up ---


def a_token_that_does_not_rotate_ends() -> Har:
    wire = begun()
    for n in range(3):
        wire.exchange("r0", f"a{n + 1}", at=1000.0 * (n + 1), target=REFRESH)
    wire.exchange("r0", at=90_000.0, target=REFRESH, grant_outcome="unread", status=400)
    return saying(har(wire), "no good")


def a_stale_tab_after_the_sign_out() -> Har:
    wire = begun()
    rotated(wire, 0, 2.0)
    wire.get("a1", at=3.0)
    wire.sign_out("a1", at=4.0, status=204, target="/auth/v1/logout")
    wire.exchange("r0", at=60.0, target=REFRESH, grant_outcome="not_found")
    return har(wire)


def a_burst(took: float = 0.2) -> Wire:
    """Five callers refresh at once; the first is granted, and each loser's own request goes bare."""
    wire = begun()
    rotated(wire, 0, 2.0, took=took)
    for n in range(4):
        refused(wire, "r0", 2.01 + n / 100, took=took)
    wire.get("a1", at=2.3)
    bare(wire, 4, 2.4, 0.01)
    return wire


def the_losers_own_requests() -> Har:
    return har(a_burst())


def the_winners_refresh_token_is_refused_too() -> Har:
    wire = a_burst()
    wire.exchange("r1", at=4.0, target=REFRESH, grant_outcome="revoked")
    bare(wire, 4, 5.0)
    return har(wire)


def an_apps_own_logout() -> Har:
    wire = begun()
    rotated(wire, 0, 2.0, took=0.2)
    refused(wire, "r0", 2.1, took=0.2)
    wire.get("a1", at=3.0)
    wire.get("a1", at=3.5, **LOGOUT)
    bare(wire, 3, 4.0)
    return har(wire)


def a_page_that_is_loaded_anew() -> Har:
    wire = begun()
    rotated(wire, 0, 2.0, took=0.2)
    refused(wire, "r0", 2.1, took=0.2)
    wire.get("a1", at=3.0)
    bare(wire, 3, 4.0)
    return paged(har(wire), 5)


def long_after_the_refusal() -> Har:
    wire = begun()
    rotated(wire, 0, 2.0, took=0.2)
    refused(wire, "r0", 2.1, took=0.2)
    wire.get("a1", at=600.0)
    bare(wire, 3, 601.0)
    return har(wire)


def the_winner_is_refused_as_idle() -> Har:
    wire = begun()
    rotated(wire, 0, 2.0, took=0.2)
    refused(wire, "r0", 2.1, took=0.2)
    wire.exchange("r1", at=30.0, target=REFRESH, grant_outcome="unread")
    return saying(har(wire), "the account was disabled")


def a_strict_server_and_a_sign_out() -> str:
    wire = begun()
    rotated(wire, 0, 2.0, took=0.2)
    refused(wire, "r0", 2.1, took=0.2, ended="none")
    wire.exchange("r1", at=20.0, target=REFRESH, grant_outcome="revoked", ended="none")  # ended elsewhere
    return ledger(wire)


def an_answer_that_was_broken_off_and_used() -> Har:
    wire = begun()
    rotated(wire, 0, 2.0, took=0.2)
    wire.get("a1", at=2.3)
    wire.exchange("r0", "a1b", "r1", at=9.0, took=0.2, target=REFRESH)
    return lost(har(wire), 3)


# --- clocks, keys, origins, redirects ---


def a_key_of_another_origin() -> Har:
    wire = begun()
    wire.get("a0", 401, at=2.0, cause="bad_signature", token_left_s=LIFE, target="/other/files")
    return at_host(har(wire), "/other", "files.example.org")


def one_instance_of_several() -> Har:
    wire = begun()
    wire.get("a0", 401, at=2.0, cause="bad_signature", token_left_s=LIFE)
    wire.get("a0", at=2.5, token_left_s=LIFE)
    return har(wire)


def a_call_that_is_not_allowed() -> Har:
    wire = begun()
    wire.get("a0", at=1.7, token_left_s=LIFE, target="/other/files")
    rotated(wire, 0, 2.0, took=0.1)
    wire.get("a0", 401, at=2.05, took=0.2, token_left_s=LIFE, target="/other/admin")
    wire.get("a1", at=3.0)
    return at_host(har(wire), "/other", "files.example.org")


def a_call_that_one_origin_does_not_allow() -> Har:
    wire = begun()
    wire.get("a0", at=1.7, token_left_s=LIFE, target="/other/files")
    wire.get("a0", 401, at=2.0, token_left_s=LIFE, target="/other/admin")
    wire.get("a0", at=2.5, token_left_s=LIFE)
    return at_host(har(wire), "/other", "files.example.org")


def a_reuse_that_ended_access_tokens_too() -> Har:
    wire = begun()
    rotated(wire, 0, 2.0, took=0.1)
    refused(wire, "r0", 2.05, took=0.1)
    wire.get("a0", 401, at=2.1, took=0.2, token_left_s=LIFE)
    wire.get("a1", 401, at=3.0, token_left_s=LIFE)
    return har(wire)


def a_bare_request_long_after_a_redirect() -> Har:
    wire = begun()
    wire.get("a0", 307, at=2.0, target="/old", redirect="new", token_left_s=LIFE)
    wire.get(None, 401, at=30.0, target="/new", redirect="new", **BARE)
    return har(wire)


def servers_whose_clocks_differ() -> Har:
    told = BUILDERS["clock-skew"]("planted")
    for n, entry in enumerate(told["log"]["entries"]):
        if n % 2 == 0:
            entry["request"]["url"] = entry["request"]["url"].replace("app.example.org", "auth.example.org")
            entry["response"]["headers"] = [
                h | {"value": "Thu, 01 Jan 1970 00:00:01 GMT"} if h["name"] == "date" else h
                for h in entry["response"]["headers"]
            ]
    return told


# --- refreshes, sign-ins, limits ---


def a_token_that_was_nearly_over() -> Har:
    wire = begun(60.0)
    wire.get("a0", 401, at=2.0, took=0.5, target="/messages", token_left_s=59.2)
    rotated(wire, 0, 2.1, took=0.05)
    wire.get("a1", at=2.2, token_left_s=4.0)
    rotated(wire, 1, 2.52, took=0.05)
    return har(wire)


def pages_that_keep_tokens_in_memory() -> Har:
    wire = begun()
    for n in range(4):
        rotated(wire, n, 10.0 * (n + 1))
        wire.get(f"a{n + 1}", at=10.0 * (n + 1) + 1, token_left_s=LIFE - 1)
    return paged(har(wire), 2, 4, 6, 8)


def three_people_sign_in() -> Har:
    wire = Wire()
    for n in range(4):
        wire.sign_in(f"a{n}", f"r{n}", target=SIGN_IN, at=1.0 + n / 100, took=0.2)
    wire.get("a0", at=9.0, token_left_s=LIFE)
    told = har(wire)
    for n, entry in enumerate(told["log"]["entries"][:4]):
        entry["request"]["postData"]["text"] = f'{{"email": "{n}@example.org", "password": "hunter2hunter2"}}'
    return told


def a_timer_that_is_not_exact() -> Har:
    wire = begun()
    for n in range(4):
        wire.exchange("r0", at=2.0 + n * 4.996, took=0.0, status=429, grant_outcome="rate_limited", target=REFRESH)
    told = har(wire)
    for each in told["log"]["entries"]:
        if each["response"]["status"] == 429:
            each["response"]["headers"].append({"name": "retry-after", "value": "5"})
    return told


def a_burst_as_its_server_saw_it() -> str:
    wire = begun(10.0)
    rotated(wire, 0, 12.0, took=0.01)
    wire.get("a1", at=12.02)
    wire.get("a0", 401, at=12.03, token_left_s=-0.5, target="/messages")
    refused(wire, "r0", 12.04)
    return ledger(wire)


def one_that_signed_out_by_its_apps_own_path() -> Har:
    wire = begun()
    wire.get("a0", at=2.0, **LOGOUT)
    bare(wire, 2, 3.0)
    return har(wire)


def a_signature_that_has_expired() -> Har:
    wire = begun()
    wire.get("a0", 401, at=2.0, token_left_s=None)
    rotated(wire, 0, 2.1)
    told = har(wire)
    told["log"]["entries"][2]["response"]["content"]["text"] = '{"msg": "Invalid token: Signature has expired"}'
    return told


def a_sign_out_that_the_server_refused() -> Har:
    wire = begun()
    wire.sign_out("a0", at=2.0, status=401, target="/auth/v1/logout")
    bare(wire, 2, 3.0)
    return har(wire)


NEARLY: dict[Case, set[str]] = {
    a_signature_that_has_expired: {"key-change"},
    a_sign_out_that_the_server_refused: {"missing-token", "losers-clean-up"},
    a_token_that_does_not_rotate_ends: {"reuse-refused", "reuse-revoked", "stale-copy"},
    a_stale_tab_after_the_sign_out: {"reuse-refused", "reuse-revoked"},
    the_losers_own_requests: {"losers-clean-up", "stale-copy"},
    the_winners_refresh_token_is_refused_too: {"losers-clean-up"},
    an_apps_own_logout: {"losers-clean-up", "missing-token"},
    a_page_that_is_loaded_anew: {"losers-clean-up"},
    long_after_the_refusal: {"losers-clean-up"},
    the_winner_is_refused_as_idle: {"reuse-revoked"},
    a_strict_server_and_a_sign_out: {"reuse-revoked"},
    an_answer_that_was_broken_off_and_used: {"lost-answer"},
    a_key_of_another_origin: {"key-change"},
    one_instance_of_several: {"key-change"},
    a_call_that_is_not_allowed: {"ended-by-refresh", "two-origins"},
    a_call_that_one_origin_does_not_allow: {"two-origins"},
    a_reuse_that_ended_access_tokens_too: {"ended-by-refresh"},
    a_bare_request_long_after_a_redirect: {"header-lost"},
    servers_whose_clocks_differ: {"clock-skew"},
    a_token_that_was_nearly_over: {"late-401"},
    pages_that_keep_tokens_in_memory: {"refresh-every-call"},
    three_people_sign_in: {"sign-in-stampede"},
    a_timer_that_is_not_exact: {"rate-limit-storm"},
    a_burst_as_its_server_saw_it: {"stale-copy"},
    one_that_signed_out_by_its_apps_own_path: {"missing-token"},
}
"""What each of these is not."""


@pytest.mark.parametrize("case", NEARLY, ids=lambda case: case.__name__)
def test_what_was_nearly_so_is_not_shown(tmp_path: Path, case: Case) -> None:
    """Each is read whole, and tells of tokens."""
    found = diagnosed(tmp_path, case())
    assert found.evidence.sources[0].kept == found.evidence.sources[0].rows
    assert found.evidence.sources[0].says_tokens
    assert not standing_as(found, "shown") & NEARLY[case]
