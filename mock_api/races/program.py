"""
Race programs: a few lines of data that order the server's answers from outside, so that a race happens every time.

Each rule holds some requests at a gate until something else has happened. A program that does not come about says
which rule waited for what, and after `within_s` lets go of everything that it held. It may carry faults too, so that
one small file is one race.
"""

import tomllib
from importlib.resources import files
from typing import Annotated, Literal

import msgspec

from race401.mock_api.races.fault import LONGEST_WAIT, Fault
from race401.mock_api.races.matching import Match, Name
from race401.mock_api.strict_json import parsed

LATE = ("status", "cause", "grant_outcome")  # what only a decision brings
Seconds = Annotated[float, msgspec.Meta(gt=0, le=LONGEST_WAIT)]
MOST = 100  # rules or faults of one program


class Until(Match, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """What has to happen: so many such requests came to this gate; `answered`: their answers have left."""

    at: Literal["arrive", "answer", "answered"] = "answered"
    count: Annotated[int, msgspec.Meta(ge=1)] = 1


class Hold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One rule: hold these at this gate until that. Once it has happened, the rule holds nothing more."""

    which: Match
    until: Until
    at: Literal["arrive", "answer"] = "answer"
    or_after_s: Seconds | None = None
    """From the first request held, and again from each that it waits for: then the rule has done its part, whether or
    not all have come. For what a sound client does not do, such as a second exchange: the chance was there, on a slow
    machine too."""
    after: Until | None = None  # before this has happened, the rule holds nothing
    settle_s: Annotated[float, msgspec.Meta(ge=0, le=LONGEST_WAIT)] = 0.0
    """How much longer to hold, so that the client has taken in the answer which it was waited for."""
    if_any: bool = False
    """The race comes about without this rule, too: a sound client may send nothing that it could hold."""


class Program(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A race as data. `world` and `client` narrow every match in it."""

    name: Name
    about: Annotated[str, msgspec.Meta(max_length=10_000)] = ""
    within_s: Seconds = 10.0  # from the first request held or struck
    world: Name | None = None
    client: Name | None = None
    hold: Annotated[list[Hold], msgspec.Meta(max_length=MOST)] = []
    fault: Annotated[list[Fault], msgspec.Meta(max_length=MOST)] = []


class ProgramError(ValueError):
    """No program; the message names what is wrong."""


def parse(text: bytes, form: Literal["json", "toml"], name: str = "program") -> Program:
    """Return the program; raises ProgramError."""
    try:
        program = parsed(text, Program) if form == "json" else msgspec.convert(tomllib.loads(text.decode()), Program)
    except RecursionError:
        raise ProgramError(f"{name}: nested too deeply") from None
    except (msgspec.MsgspecError, ValueError) as error:  # the latter are TOML's and JSON's
        raise ProgramError(f"{name}: {error}") from None
    if not program.hold and not program.fault:
        raise ProgramError(f"{name}: a program has at least one `hold` or `fault`")
    for n, hold in enumerate(program.hold, 1):
        for match, at in ((hold.which, hold.at), *((each, each.at) for each in (hold.until, hold.after) if each)):
            if at == "arrive" and (early := [name for name in LATE if getattr(match, name) is not None]):
                raise ProgramError(f"{name}: hold {n}: {early[0]} is not known yet at the gate `arrive`")
    return program


def shipped() -> dict[str, Program]:
    """Return the programs that come with the package, by name."""
    found = sorted(
        (file for file in files("race401.mock_api.races").joinpath("programs").iterdir()), key=lambda file: file.name
    )
    programs = [parse(file.read_bytes(), "toml", file.name) for file in found if file.name.endswith(".toml")]
    return {program.name: program for program in programs}
