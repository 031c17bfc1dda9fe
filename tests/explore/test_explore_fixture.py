"""The fixture `race401_explore`: when a test passes with it, and what it says when one fails."""

from collections.abc import Callable
from typing import Any

import pytest
from scenes import burst, late_401

from race401.harness.tokens import FIXED
from race401.mock_api.app import create_app


def test_a_clean_client_in_three_lines(race401_explore: Callable[..., Any]) -> None:
    assert race401_explore(burst(FIXED, "supabase", 2), create_app).exhausted


def test_the_fixture_fails_with_the_story(race401_explore: Callable[..., Any]) -> None:
    with pytest.raises(pytest.fail.Exception) as failed:
        race401_explore(late_401(2, careful=False), create_app)
    assert "needless-exchanges: the client: 1 exchange of tokens neither refused nor near their end" in str(
        failed.value
    )
    again = "to play this schedule alone, again: race401_explore(..., replay='0.011') in this test"
    assert str(failed.value).splitlines()[-1] == again
    with pytest.raises(pytest.fail.Exception) as failed:
        race401_explore(late_401(2, careful=False), create_app, schedules=100, replay="0.011")
    assert "8   caller 2: the exchange of refresh token 1 reaches the server: rotated" in str(failed.value)


def test_the_fixture_does_not_pass_what_is_not_exhausted(race401_explore: Callable[..., Any]) -> None:
    with pytest.raises(pytest.fail.Exception, match="5 schedules, not exhausted"):
        race401_explore(late_401(2, careful=True), create_app, schedules=5)
    assert race401_explore(late_401(2, careful=True), create_app, sample=5).schedules == 5
