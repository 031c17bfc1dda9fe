"""What a HAR says, as the entries of a ledger: the browsers' own words, what was taken out, what is no request."""

from pathlib import Path
from typing import Any

import pytest
from recording import bodiless, har_of, sanitized, written
from wires import Wire

from race401.harness.incident.evidence import Evidence
from race401.harness.incident.gathering import gather
from race401.harness.incident.readers.reader import How
from race401.ledger.dialects.presets import DIALECTS, naming

FACTS = ("kind", "method", "status", "grant_outcome", "cause", "hung_up")


def read(folder: Path, har: dict[str, Any] | str, **more: Any) -> Evidence:
    """What a HAR of this content tells."""
    return gather([written(folder, "incident.har", har)], How(), **more)


def incident() -> Wire:
    """A sign-in, two 401s, two exchanges of one refresh token, one of them refused, and a request without a token."""
    wire = Wire()
    wire.sign_in("a0", "r0", target="/auth/v1/token?grant_type=password")
    wire.get("a0", 401)
    wire.get("a0", 401, target="/messages")
    refresh = "/auth/v1/token?grant_type=refresh_token"
    wire.exchange("r0", "a1", "r1", target=refresh, took=0.05)
    wire.exchange("r0", target=refresh, grant_outcome="reused", took=0.05)
    wire.get("a1")
    wire.get(None, 401, target="/messages", cause="missing_token")
    return wire


def test_a_har_of_a_ledger_has_its_facts(tmp_path: Path) -> None:
    """What went into the recorder comes out of the reader: kinds, outcomes, causes, and which tokens are equal."""
    wire = incident()
    read_ = read(tmp_path, har_of(wire.entries)).entries
    assert [[getattr(e, name) for name in FACTS] for e in read_] == [
        [getattr(e, name) for name in FACTS] for e in wire.entries
    ]
    tokens = [[e.sent, e.presented, e.brought_access, e.brought_refresh] for e in read_]
    same = {
        token: other
        for e, row in zip(wire.entries, tokens, strict=True)
        for token, other in zip(_tokens(e), row, strict=True)
    }
    assert len(set(same.values())) == len(same)


def _tokens(e: Any) -> list[str | None]:
    return [e.sent, e.presented, e.brought_access, e.brought_refresh]


def test_of_a_sanitized_har_no_request_is_said_to_have_had_no_token(tmp_path: Path) -> None:
    """Near miss: the same requests with their credentials, of which one had none."""
    whole = read(tmp_path, har_of(incident().entries))
    without = read(tmp_path, sanitized(har_of(incident().entries)))
    assert [whole.without_token(e) for e in whole.entries if e.kind == "api"] == [False, False, False, True]
    assert not any(without.without_token(e) or e.cause for e in without.entries)
    assert without.sources[0].sanitized
    assert "sensitive data" in without.missing[0].fills
    assert [e.grant_outcome for e in without.entries if e.kind == "exchange"] == ["rotated", "reused"]


def test_a_refresh_whose_token_nobody_can_see_is_still_one(tmp_path: Path) -> None:
    """And what its status does not say is not guessed."""
    told = read(tmp_path, bodiless(har_of(incident().entries)))
    exchanges = [e for e in told.entries if e.kind == "exchange"]
    assert [(e.presented, e.grant_outcome) for e in exchanges] == [(None, "granted"), (None, "unread")]


@pytest.mark.parametrize("marker", ["[redacted]", "REDACTED", "***", "Bearer [Authorization redacted]", "xxxx"])
def test_two_tokens_that_were_taken_out_are_not_equal(tmp_path: Path, marker: str) -> None:
    """Planted: the same word in the place of every token."""
    har = har_of(incident().entries)
    for entry in har["log"]["entries"]:
        for header in entry["request"]["headers"]:
            if header["name"] == "authorization":
                header["value"] = marker
        if "postData" in entry["request"]:
            entry["request"]["postData"]["text"] = f'{{"refresh_token": "{marker}"}}'
    told = read(tmp_path, har)
    assert not any(e.sent or e.presented for e in told.entries)
    assert [e.kind for e in told.entries].count("exchange") == 2
    assert told.sources[0].sanitized


def test_the_incident_as_it_was_described_claims_no_more_than_that() -> None:
    """One 200 and four 401s within a second, of one client: no token, no cause, no exchange is made up."""
    evidence = gather([Path(__file__).parent / "samples" / "mission.har"], How())
    assert [e.status for e in evidence.entries] == [200, 401, 401, 401, 401]
    assert evidence.entries[-1].answered_at - evidence.entries[0].received_at < 1
    assert {(e.kind, e.cause, e.sent, evidence.without_token(e)) for e in evidence.entries} == {
        ("api", None, None, False)
    }
    assert evidence.sources[0].sanitized
    assert evidence.sources[0].clock.offset is None


def test_what_looks_like_a_refresh_at_a_path_of_its_own_is_pointed_out(tmp_path: Path) -> None:
    """Near miss: the same path, named."""
    har = har_of(incident().entries)
    for entry in har["log"]["entries"]:
        entry["request"]["url"] = entry["request"]["url"].replace(
            "/auth/v1/token?grant_type=refresh_token", "/session/renew"
        )
    told = read(tmp_path, har)
    assert [e.kind for e in told.entries].count("unnamed") == 2
    assert told.missing[-1].what == "what POST /session/renew is: it looks like a refresh"
    assert told.missing[-1].fills.startswith("--token-path /session/renew")
    assert told.missing[-1].rows == (4, 5)
    path = written(tmp_path, "incident.har", har)
    named = gather([path], How(dialects=[naming(DIALECTS["supabase"], "/session/renew")]))
    assert [e.kind for e in named.entries].count("exchange") == 2
    assert named.missing == ()


def test_a_cookie_may_be_a_token_unless_the_path_is_known_to_take_another(tmp_path: Path) -> None:
    """Near miss: a cookie of no dialect beside a request without Authorization, at a path that had one before."""
    wire = Wire()
    wire.get("a", target="/contacts")
    wire.get(None, 401, target="/contacts")
    wire.get(None, 401, target="/session")
    har = har_of(wire.entries)
    for entry in har["log"]["entries"][1:]:
        entry["request"]["headers"].append({"name": "cookie", "value": "sid=1"})
    told = read(tmp_path, har)
    assert [told.without_token(e) for e in told.entries] == [False, True, False]


@pytest.mark.parametrize(
    ("left", "date", "cause"),
    [(-30.0, True, "expired"), (-30.0, False, None), (-0.3, True, None), (30.0, True, None)],
)
def test_a_token_is_over_where_the_servers_clock_says_so(
    tmp_path: Path, left: float, date: bool, cause: str | None
) -> None:
    """Near misses: an end that is nearer than the clock is known, and a HAR whose answers have no `Date`."""
    wire = Wire()
    wire.get("a", 401, at=1000.0, token_left_s=left)
    har = har_of(wire.entries)
    if not date:
        har["log"]["entries"][0]["response"]["headers"] = []
    told = read(tmp_path, har)
    assert told.entries[0].cause == cause
    assert any("tokens had expired" in missing.what for missing in told.missing) == (abs(left) < 1 or not date)
