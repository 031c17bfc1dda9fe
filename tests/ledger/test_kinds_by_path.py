"""What an entry that does not say its kind asked for: by its path, in the dialects of the mock's two faces."""

from pathlib import Path

import pytest
from ledgers import Run

from race401.ledger.dialects.entries import asks_for_refresh, kind_by_path, kind_of
from race401.ledger.entry import Kind

JUDGE = Path(__file__).parents[2] / "harness" / "judge"


@pytest.mark.parametrize(
    ("method", "path", "kind"),
    [
        ("GET", "/contacts", "api"),
        ("GET", "/oauth-clients", "api"),
        ("POST", "/oauth/token", "other"),
        ("POST", "/auth/v1/token", "other"),
        ("GET", "/auth/v1/user", "other"),
        ("GET", "/supabase/auth/v1/user", "other"),
        ("POST", "/auth/v1/logout", "sign_out"),
        ("POST", "/oauth/revoke", "sign_out"),
        ("OPTIONS", "/auth/v1/logout", "preflight"),
    ],
)
def test_a_path_says_what_a_request_is(method: str, path: str, kind: Kind) -> None:
    assert kind_by_path(method, path) == kind


@pytest.mark.parametrize(
    ("target", "kind", "asks"),
    [
        ("/auth/v1/token?grant_type=refresh_token", None, True),
        ("/auth/v1/token?grant_type=refresh_token", "other", True),  # refused before anybody looked
        ("/auth/v1/token?grant_type=password", None, False),
        ("/contacts?grant_type=refresh_token", "api", False),  # near miss: no token endpoint
        ("/oauth/token", "exchange", True),
        ("/oauth/token", None, False),  # its grant is in its body
    ],
)
def test_what_asks_for_a_refresh(target: str, kind: Kind | None, *, asks: bool) -> None:
    run = Run()
    run.entry(None, target, 200, kind=kind)
    (entry,) = run.entries
    assert asks_for_refresh(entry) is asks
    assert kind_of(entry) == (kind or "other")


def test_the_judge_knows_no_path() -> None:
    """Nor a grant: a dialect does."""
    said = "\n".join(file.read_text() for file in JUDGE.rglob("*.py"))
    assert not [word for word in ("/auth/v1", "/oauth", "/token", "/logout", "/revoke", "grant_type") if word in said]
