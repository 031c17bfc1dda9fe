"""
Policies by name, and by name with some of their knobs turned: `fixed:single_flight=false;expiry_margin=60`.

What follows the colon overrides one field of `Policy` each, parted by `;` or `+` (which no shell takes for its
own). The policy is named by the whole text, so that a table says what ran.
"""

import dataclasses
import re
from typing import Any, get_args, get_type_hints

from race401.harness.tokens.policy import POLICIES, Policy

KNOBS: dict[str, Any] = {name: kind for name, kind in get_type_hints(Policy).items() if name != "name"}
SWITCHES = {"true": True, "false": False}


class NoSuchPolicy(Exception):
    """The text names no policy; the message says what is wrong with it and what would be right."""


def policy(text: str) -> Policy:
    """Return the policy that the text names; raises NoSuchPolicy."""
    name, colon, turned = text.partition(":")
    if name not in POLICIES:
        raise NoSuchPolicy(f"unknown policy {name!r}; known: {', '.join(POLICIES)}")
    if not colon:
        return POLICIES[name]
    changes = dict(_knob(part, text) for part in re.split(r"[;+]", turned))
    return dataclasses.replace(POLICIES[name], name=text, **changes)


def _knob(part: str, text: str) -> tuple[str, Any]:
    knob, equals, value = (word.strip() for word in part.partition("="))
    if not equals:
        raise NoSuchPolicy(f"policy {text!r}: {part!r} sets nothing; write KNOB=VALUE")
    if knob not in KNOBS:
        raise NoSuchPolicy(f"policy {text!r}: unknown knob {knob!r}; known: {', '.join(KNOBS)}")
    return knob, _value(knob, value, text)


def _value(knob: str, value: str, text: str) -> Any:
    kind = KNOBS[knob]
    if kind is bool:
        if value.lower() not in SWITCHES:
            raise NoSuchPolicy(f"policy {text!r}: {knob} is true or false, not {value!r}")
        return SWITCHES[value.lower()]
    if type(None) in get_args(kind) and value.lower() == "none":
        return None
    if kind is not float and float not in get_args(kind):
        if value not in get_args(kind):
            raise NoSuchPolicy(f"policy {text!r}: {knob} is {' or '.join(get_args(kind))}, not {value!r}")
        return value
    if not re.fullmatch(r"\d+(\.\d+)?", value):
        raise NoSuchPolicy(f"policy {text!r}: {knob} is a number of seconds, 0 or more, not {value!r}")
    return float(value)
