"""A schedule as one word: the scenario and its choices, in a form that can be pasted, and is refused if damaged."""

import base64
import binascii
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields, replace
from typing import Any

from race401.harness.explore.core.scenario import Scenario
from race401.harness.tokens.policy import Policy

VERSION = 1
CHECK = 4  # bytes of the check sum


class BadToken(ValueError):
    """Not a replay token of this version, or a damaged one."""


def encode(
    scenario: Scenario, world: str, lifetime: float, choices: Sequence[int], named: Mapping[str, Policy]
) -> str:
    """Return the token. A policy is told as a named one and what differs from it."""
    base = named.get(scenario.policy.name.partition(":")[0]) or next(iter(named.values()))
    settings = asdict(replace(scenario, policy=base))
    plain = asdict(Scenario(base))
    content = {
        "v": VERSION,
        "world": world,
        "lifetime": lifetime,
        "policy": base.name,
        "knobs": {k: v for k, v in asdict(scenario.policy).items() if v != getattr(base, k)},
        "scenario": {k: v for k, v in settings.items() if k != "policy" and v != plain[k]},
        "choices": list(choices),
    }
    packed = zlib.compress(json.dumps(content, separators=(",", ":")).encode(), 9)
    return base64.urlsafe_b64encode(zlib.crc32(packed).to_bytes(CHECK, "big") + packed).decode().rstrip("=")


def decode(token: str, named: Mapping[str, Policy]) -> tuple[Scenario, str, float, list[int]]:
    """Return the scenario, the world's name and lifetime, and the choices. Raises `BadToken`."""
    try:
        raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        if zlib.crc32(raw[CHECK:]).to_bytes(CHECK, "big") != raw[:CHECK]:
            raise BadToken(
                "this is not a whole replay token (its checksum is wrong); copy it from what `race401 explore` prints"
            )
        content = json.loads(zlib.decompress(raw[CHECK:]))
        if content["v"] != VERSION:
            raise BadToken(f"the token is of version {content['v']}; this race401 replays version {VERSION}")
        return _read(content, named)
    except (binascii.Error, zlib.error, ValueError, KeyError, TypeError, UnicodeError) as error:
        if isinstance(error, BadToken):
            raise
        raise BadToken("this is no replay token; `race401 explore` prints them") from None


def _read(content: dict[str, Any], named: Mapping[str, Policy]) -> tuple[Scenario, str, float, list[int]]:
    known = {each.name for each in fields(Scenario)}
    if content["policy"] not in named or not known.issuperset(content["scenario"]):
        raise BadToken("the token names a policy or a setting that this race401 does not have")
    policy = replace(named[content["policy"]], **content["knobs"])
    settings: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in content["scenario"].items()}
    choices = [int(choice) for choice in content["choices"]]
    return Scenario(policy, **settings), str(content["world"]), float(content["lifetime"]), choices
