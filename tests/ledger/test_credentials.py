"""Who signs in as itself, and what for, as far as a request says it."""

from typing import Any

import pytest

from race401.ledger.dialects.presets import OAUTH
from race401.ledger.dialects.reading import Asked, credentials

GRANT = {"grant_type": "client_credentials"}


def credential_of(basic: str | None = None, **fields: Any) -> str | None:
    """What stands for them."""
    return credentials(OAUTH, Asked(GRANT | fields, basic=basic))


def test_the_same_client_for_the_same_scope_is_the_same() -> None:
    """By a field or by Basic; its secret may change."""
    assert credential_of(client_id="a", scope="x", client_secret="1") == credential_of(
        client_id="a", scope="x", client_secret="2"
    )
    assert credential_of("Zm9v", scope="x") == credential_of("Zm9v", scope="x")


@pytest.mark.parametrize("other", [{"client_id": "b"}, {"scope": "y"}, {"audience": "y"}, {"resource": "y"}])
def test_another_client_or_purpose_is_another(other: dict[str, str]) -> None:
    assert credential_of(**{"client_id": "a", "scope": "x"} | other) != credential_of(client_id="a", scope="x")


def test_another_grant_or_nobody_is_none() -> None:
    """A person's password; a client that an assertion names, which is another each time."""
    assert credentials(OAUTH, Asked({"grant_type": "password", "client_id": "a"})) is None
    assert credential_of(client_assertion="a.b.c") is None
