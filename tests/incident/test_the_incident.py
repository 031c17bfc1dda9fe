"""The incident of which only a description is known: one 200, then four 401s within a second, of one client."""

from pathlib import Path

import pytest
from diagnosing import diagnosed, standing_as
from incidents import har
from recording import sanitized
from wires import Wire

from race401.harness.incident.diagnosis import diagnose
from race401.harness.incident.gathering import gather
from race401.harness.incident.readers.reader import How

PAGE = ("/contacts?limit=1000", "/me/entitlements", "/contacts", "/persona-notes", "/messages")


def described(known: bool = False) -> Wire:
    """The page load; `known`: with its token, which was good."""
    wire = Wire()
    for n, target in enumerate(PAGE):
        told = {"sent": "a0", "token_left_s": 1800.0} if known else {}
        wire.get("a0" if known else None, 401 if n else 200, target, at=1000.0 + n / 5, **told)
    return wire


def test_its_description_alone_fits_three_mechanisms_and_shows_none(tmp_path: Path) -> None:
    """Reuse that revokes, a slow clock, a lost session: each with what would tell it from the others."""
    told = sanitized(har(described()))
    for each in told["log"]["entries"]:  # nobody noted what clocks there were
        each["response"]["headers"] = [h for h in each["response"]["headers"] if h["name"] != "date"]
    found = diagnosed(tmp_path, told)
    assert standing_as(found, "shown") == set()
    assert {"reuse-revoked", "clock-skew", "missing-token"} <= standing_as(found, "consistent")
    decides = [sign.decides for _, sign in found.standing("consistent")]
    assert all(decides)
    assert len(decides) == len(set(decides))


def test_what_would_decide_it_does(tmp_path: Path) -> None:
    """With the tokens: had it been the clock, or a token that was not sent, a row would say so."""
    found = diagnosed(tmp_path, har(described(known=True)))
    assert {"clock-skew", "missing-token"} <= standing_as(found, "excluded")


LINE = '10.0.0.5 - - [04/May/2026:09:00:{at:02d} +0000] "{request} HTTP/1.1" {status} 512 "-" "Mozilla/5.0"\n'


@pytest.mark.parametrize("refresh", [None, 400, 200], ids=["no refresh", "a refresh refused", "a refresh granted"])
def test_an_access_log_of_it_says_the_same(tmp_path: Path, refresh: int | None) -> None:
    """It tells neither words nor a client's clock: a refresh answered 400 may be a reuse, a granted one was none."""
    lines = [LINE.format(at=1, request=f"GET {path}", status=401 if n else 200) for n, path in enumerate(PAGE)]
    if refresh is not None:
        request = "POST /auth/v1/token?grant_type=refresh_token"
        lines.append(LINE.format(at=2, request=request, status=refresh))
    file = tmp_path / "access.log"
    file.write_text("".join(lines))
    found = diagnose(gather([file], How()))
    assert standing_as(found, "shown") == set()
    assert {"clock-skew", "missing-token"} <= standing_as(found, "consistent")
    assert ("reuse-revoked" in standing_as(found, "consistent")) is (refresh != 200)
    assert ("reuse-refused" in standing_as(found, "consistent")) is (refresh == 400)
