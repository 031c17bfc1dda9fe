"""What the judge takes for the end of a session: what a decision ended, where its entry says that, and no path."""

import pytest
from mocks import Mock
from wires import Wire

from race401.harness.judge.sessions import ends_session


@pytest.mark.parametrize(
    ("ended", "over"),
    [("none", False), ("token", True), ("family", True), ("session", True), ("user", True), (None, True)],
)
def test_a_sign_out_that_ended_nothing_is_no_end(ended: str | None, over: bool) -> None:
    """One that does not say what it ended, as a proxy's, is taken by its status."""
    entry = Wire().sign_out("a1", ended=ended)
    assert ends_session(entry, "session") is over
    assert not ends_session(entry, None), "nobody knows whose"
    assert not ends_session(Wire().sign_out("a1", ended=ended, status=400), "session")


@pytest.mark.parametrize(("world", "over"), [("simplejwt", False), ("rfc9700", True)])
def test_a_revocation_beside_a_refresh_is_judged_by_what_it_ended(world: str, over: bool) -> None:
    """Where it ends the used token alone, the session that the refresh brought lives on."""
    mock = Mock()
    first = mock.sign_in(world)
    second = mock.refresh(first["refresh_token"], world).json()
    mock.client.post(f"/{world}/oauth/revoke", data={"token": first["refresh_token"]})
    assert ends_session(mock.last, mock.last.family) is over
    assert (mock.refresh(second["refresh_token"], world).status_code == 200) is not over
