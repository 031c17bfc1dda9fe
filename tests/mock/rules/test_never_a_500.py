"""Whatever is called in whatever order over HTTP, no answer is a 500: hypothesis looks for one that is."""

from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    multiple,
    rule,
    run_state_machine_as_test,
)
from mocks import Mock
from searching import DEEP, QUICK
from variants import WAITS

from race401.mock_api.rules.worlds import WORLDS


class Wire(RuleBasedStateMachine):
    """The same, over HTTP, with everything that an account can go through: no answer is a 500."""

    world: str
    pairs = Bundle("pairs")

    @initialize()
    def begin(self) -> None:
        """A mock of its own, with every limit on."""
        self.mock = Mock(anonymous=True, rate_limit_header="X-Forwarded-For", single_session=True, inactivity=3_000.0)
        self.base = f"/{self.world}/auth/v1"

    def ask(self, method: str, path: str, access: str = "", **more: Any) -> Any:
        """The answer's body; never a 500."""
        headers = {"Authorization": f"Bearer {access}"} if access else {}
        answer = self.mock.client.request(method, f"{self.base}{path}", headers=headers, **more)
        assert answer.status_code < 500, answer.text
        return answer.json() if answer.content and "json" in answer.headers["content-type"] else {}

    def pair(self, body: dict[str, Any]) -> Any:
        """What the answer brought, if it brought a pair."""
        return (
            (body["access_token"], body["refresh_token"], body["user"]["id"])
            if "access_token" in body
            else multiple()
        )

    @rule(target=pairs, email=st.sampled_from(["", "ada@race401.test", "grace@race401.test", "nobody"]))
    def sign_up(self, email: str) -> Any:
        """An account, perhaps for the second time."""
        body = {"email": email, "password": "correct horse"} if email else {}
        return self.pair(self.ask("POST", "/signup", json=body))

    @rule(target=pairs, email=st.sampled_from(["ada@race401.test", "grace@race401.test"]))
    def sign_in(self, email: str) -> Any:
        """A session."""
        body = {"email": email, "password": "correct horse"}
        return self.pair(self.ask("POST", "/token?grant_type=password", json=body))

    @rule(target=pairs, pair=pairs)
    def refresh(self, pair: tuple[str, str, str]) -> Any:
        """A refresh token of any age."""
        body = {"refresh_token": pair[1]}
        return self.pair({"refresh_token": pair[1], **self.ask("POST", "/token?grant_type=refresh_token", json=body)})

    @rule(
        pair=pairs,
        change=st.sampled_from([{"password": "correct horse"}, {"data": {"a": None}}, {"email": "ada@race401.test"}]),
    )
    def change(self, pair: tuple[str, str, str], change: dict[str, Any]) -> None:
        """One's own account, read and changed."""
        self.ask("GET", "/user", pair[0])
        self.ask("PUT", "/user", pair[0], json=change)

    @rule(pair=pairs, scope=st.sampled_from(["local", "others", "global"]))
    def sign_out(self, pair: tuple[str, str, str], scope: str) -> None:
        """By any access token that there was."""
        self.ask("POST", f"/logout?scope={scope}", pair[0])

    @rule(
        pair=pairs,
        body=st.sampled_from(
            [{"ban_duration": "30s"}, {"email": "ada@race401.test"}, {"app_metadata": {"providers": 1}}]
        ),
    )
    def administer(self, pair: tuple[str, str, str], body: dict[str, Any]) -> None:
        """An account changed by an admin."""
        self.ask("PUT", f"/admin/users/{pair[2]}", self.mock.realm(self.world).mint.service_key(), json=body)

    @rule(pair=consumes(pairs), softly=st.booleans())
    def delete(self, pair: tuple[str, str, str], softly: bool) -> None:
        """An account deleted, and listed for what it is."""
        key = self.mock.realm(self.world).mint.service_key()
        self.ask("DELETE", f"/admin/users/{pair[2]}", key, json={"should_soft_delete": softly})
        self.ask("GET", "/admin/users", key)
        self.ask("POST", "/token?grant_type=refresh_token", json={"refresh_token": pair[1]})

    @rule(seconds=WAITS)
    def wait(self, seconds: float) -> None:
        """Time passes, or is set back."""
        self.mock.now += seconds if seconds != 29 else -29


@pytest.mark.parametrize("world", ["supabase", "supabase-v2", "no-rotation", "toctou"])
def test_no_sequence_of_calls_is_a_500(world: str) -> None:
    run_state_machine_as_test(type(world, (Wire,), {"world": world}), settings=settings(QUICK, max_examples=6))


@pytest.mark.slow
@pytest.mark.parametrize("world", WORLDS)
def test_no_sequence_of_calls_is_a_500_searched_deeper(world: str) -> None:
    run_state_machine_as_test(type(world, (Wire,), {"world": world}), settings=settings(DEEP, max_examples=100))
