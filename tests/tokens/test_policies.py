"""Policies by name with knobs turned: what is read, and what is refused in words that help."""

import dataclasses

import pytest

from race401.harness.tokens.named import KNOBS, NoSuchPolicy, policy
from race401.harness.tokens.policy import FIXED, PRE_FIX, knobs


def test_a_name_alone_is_the_policy_itself() -> None:
    assert policy("fixed") is FIXED


@pytest.mark.parametrize("between", [";", "+"])
def test_knobs_are_turned_and_the_rest_stays(between: str) -> None:
    text = f"fixed:single_flight=false{between}expiry_margin=60"
    assert policy(text) == dataclasses.replace(FIXED, name=text, single_flight=False, expiry_margin=60.0)


@pytest.mark.parametrize("knob", KNOBS)
def test_every_knob_can_be_turned(knob: str) -> None:
    """Each to its value in the other policy: a knob that is added is reachable from the command line."""
    value = getattr(PRE_FIX, knob)
    text = f"fixed:{knob}={str(value).lower()}"
    assert knobs(policy(text)) == knobs(FIXED) | {"name": text, knob: value}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("fxied:single_flight=false", "unknown policy 'fxied'; known: pre-fix, fixed"),
        ("fixed:", "policy 'fixed:': '' sets nothing; write KNOB=VALUE"),
        ("fixed:single_flight", "'single_flight' sets nothing"),
        ("fixed:single=false", "unknown knob 'single'; known: session_cache, expiry_margin"),
        ("fixed:name=x", "unknown knob 'name'"),
        ("fixed:single_flight=0", "single_flight is true or false, not '0'"),
        ("fixed:expiry_margin=soon", "expiry_margin is a number of seconds, 0 or more, not 'soon'"),
        ("fixed:expiry_margin=-1", "0 or more, not '-1'"),
        ("fixed:session_cache=nan", "not 'nan'"),
        ("fixed:on_refresh_failure=cry", "on_refresh_failure is send_without_token or send_current, not 'cry'"),
    ],
)
def test_what_is_no_policy_is_refused(text: str, said: str) -> None:
    with pytest.raises(NoSuchPolicy) as refused:
        policy(text)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)
