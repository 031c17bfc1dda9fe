"""
A fault as data: what goes wrong on purpose, which requests it strikes, how often and for how long.

Durations are in s; `for_s` is reckoned on the mock's clock. Draws come from the fault's own seed, so that the same
requests meet the same fate.
"""

import math
import random
from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import Meta

from race401.mock_api.races.matching import Match, Name
from race401.mock_api.rules.worlds import LONGEST

LONGEST_WAIT = 3_600.0  # s; a request that waits stays behind a client that has long given up
Seconds: TypeAlias = Annotated[float, Meta(ge=0, le=LONGEST_WAIT)]
Positive: TypeAlias = Annotated[float, Meta(ge=0.001, le=LONGEST_WAIT)]
P99 = 2.326347874  # standard deviations above the median


class Common(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="kind"
):
    """Which requests a fault strikes."""

    which: Match = Match()
    name: Name = ""  # in the ledger's field `fault`; none: what kind it is
    probability: Annotated[float, Meta(gt=0, le=1)] = 1.0
    seed: int = 0
    times: Annotated[int, Meta(ge=1)] | None = None
    for_s: Annotated[float, Meta(gt=0, le=LONGEST)] | None = None  # from the first time


class Delay(Common, frozen=True, tag="delay"):
    """The request waits on its way in (`arrive`) or its answer on its way out. Exactly one of the distributions."""

    at: Literal["arrive", "answer"] = "answer"
    fixed_s: Seconds | None = None
    uniform_s: tuple[Seconds, Seconds] | None = None  # from, to
    lognormal_s: tuple[Positive, Positive] | None = None  # median, 99th percent

    def __post_init__(self) -> None:
        if [self.fixed_s, self.uniform_s, self.lognormal_s].count(None) != 2:  # noqa: PLR2004 - all but one
            raise ValueError("a delay has one of fixed_s, uniform_s and lognormal_s")
        if self.lognormal_s is not None and self.lognormal_s[0] > self.lognormal_s[1]:
            raise ValueError("of lognormal_s, the 99th percent cannot be below the median")

    def draw(self, chance: random.Random) -> float:
        """Return s, at most LONGEST_WAIT."""
        if self.lognormal_s is not None:
            median, high = self.lognormal_s
            return min(chance.lognormvariate(math.log(median), math.log(high / median) / P99), LONGEST_WAIT)
        return chance.uniform(*self.uniform_s) if self.uniform_s is not None else self.fixed_s or 0.0


class Status(Common, frozen=True, tag="status"):
    """A status instead of an answer; nothing is decided."""

    status: Annotated[int, Meta(ge=400, le=599)]
    retry_after_s: Annotated[int, Meta(ge=0)] | None = None


class Redirect(Common, frozen=True, tag="redirect"):
    """A 307 to another path of the same world and client; nothing is decided."""

    to: Name


class Refuse(Common, frozen=True, tag="refuse"):
    """Resources refuse tokens up to this generation, as after a change of the signing key."""

    generation: Annotated[int, Meta(ge=0)] | None = None  # none: the one that the family has when it is first struck


class Cut(Common, frozen=True, tag="cut"):
    """The connection breaks: before anything is decided (`arrive`), or instead of the answer, or within it."""

    where: Literal["arrive", "answer", "headers", "body"] = "answer"
    silent: bool = False  # nothing more comes, until the client gives up; else the connection is reset


Fault: TypeAlias = Delay | Status | Redirect | Refuse | Cut
