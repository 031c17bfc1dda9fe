"""The control API's other half, what is to happen: race programs, faults, and the time."""

import asyncio
import contextlib
from typing import Annotated, Any, Literal, TypeAlias

import msgspec
from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, Response
from msgspec import Meta

from race401.mock_api.http.body import documented, read
from race401.mock_api.races.armed import Faults
from race401.mock_api.races.fault import Fault
from race401.mock_api.races.program import Program, ProgramError, parse, shipped
from race401.mock_api.races.running import Race, Races
from race401.mock_api.state.clock import YEAR_9999, Clock

router = APIRouter(prefix="/_race401", tags=["control"])

LONGEST_WAIT = 60.0  # s
MOST = 1_000  # faults, and programs, that are armed at once
Wait: TypeAlias = Annotated[float, Query(ge=0, allow_inf_nan=False, description=f"In s, at most {LONGEST_WAIT:g}")]
NameQuery: TypeAlias = Annotated[str, Query(max_length=1_000)]


def _refused(message: str, status: int = 422) -> Response:
    return JSONResponse({"message": message}, status)


async def on_bad_body(_: Request, problem: Exception) -> Response:
    """Say what is wrong with a body."""
    return _refused(str(problem))


@router.get("/programs/shipped", summary="Race programs that come with the mock")
async def programs_shipped() -> dict[str, Any]:
    """Each as it can be sent to `POST /_race401/programs`."""
    return {name: msgspec.to_builtins(program) for name, program in shipped().items()}


@router.post("/programs", summary="Arm a race program", status_code=201, openapi_extra=documented(Program))
async def arm(
    request: Request, shipped_as: NameQuery = "", world: NameQuery = "", client: NameQuery = ""
) -> Response:
    """The program is the body. `shipped_as` names a shipped one instead; `--program` takes one from a TOML file.

    `world` and `client` narrow it further.
    """
    races: Races = request.app.state.races
    if len(races.armed) >= MOST:
        return _refused(f"{MOST} programs are armed; disarm some", 409)
    try:
        program = shipped()[shipped_as] if shipped_as else parse(await request.body(), "json")
    except KeyError:
        return _refused(f"no program {shipped_as!r} is shipped; known: {', '.join(shipped())}")
    except ProgramError as error:
        return _refused(str(error))
    narrowed = msgspec.structs.replace(program, world=world or program.world, client=client or program.client)
    if narrowed.world is not None and narrowed.world not in request.app.state.realms:
        return _refused(f"unknown world {narrowed.world!r}; known: {', '.join(request.app.state.realms)}")
    race = races.arm(narrowed)
    if race is None:
        return _refused("the gates of this app are held by whoever started it", 409)
    return JSONResponse(race.told(), 201)


@router.get("/programs", summary="Race programs that are armed")
async def armed(request: Request) -> list[dict[str, Any]]:
    """All of them, oldest first."""
    return [race.told() for race in request.app.state.races.armed.values()]


@router.get("/programs/{program}", summary="Whether the race came about")
async def look(
    request: Request, program: str, until: Literal["now", "holding", "ended"] = "now", wait_s: Wait = 10.0
) -> Response:
    """`until=holding`: answer as soon as it holds a request; `until=ended`: as soon as it has come about or has not.

    After `wait_s` the answer comes anyway.
    """
    race: Race | None = request.app.state.races.armed.get(program)
    if race is None:
        return _refused(f"no program {program!r} is armed", 404)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(min(wait_s, LONGEST_WAIT)):
            while not race.ended and not (until == "now" or (until == "holding" and race.holding)):
                await race.changed.wait()
    return JSONResponse(race.told())


@router.delete("/programs/{program}", summary="Let go of all that a program holds, and forget it", status_code=204)
async def disarm(request: Request, program: str) -> Response:
    """Whatever it holds goes on at once."""
    if request.app.state.races.disarm(program):
        return Response(status_code=204)
    return _refused(f"no program {program!r} is armed", 404)


@router.delete("/programs", summary="The same for every program", status_code=204)
async def disarm_all(request: Request) -> Response:
    """Whatever they hold goes on at once."""
    races: Races = request.app.state.races
    for name in tuple(races.armed):
        races.disarm(name)
    return Response(status_code=204)


@router.post("/faults", summary="Arm a fault", status_code=201, openapi_extra=documented(Fault))
async def arm_fault(request: Request) -> Response:
    """Until it is deleted, has struck so many `times`, or `for_s` after it first struck."""
    fault: Fault = await read(request, Fault)  # type: ignore[arg-type]  # a union is no class
    faults: Faults = request.app.state.server.faults
    if len(faults.armed) >= MOST:
        return _refused(f"{MOST} faults are armed; disarm some", 409)
    return JSONResponse(faults.arm(fault).told(), 201)


@router.get("/faults", summary="Faults that are armed, and how often each struck")
async def armed_faults(request: Request) -> list[dict[str, Any]]:
    """Those of race programs too."""
    return [fault.told() for fault in request.app.state.server.faults.armed.values()]


@router.delete("/faults/{fault}", summary="Disarm a fault", status_code=204)
async def disarm_fault(request: Request, fault: str) -> Response:
    """What it has struck stays struck."""
    if request.app.state.server.faults.armed.pop(fault, None) is None:
        return _refused(f"no fault {fault!r} is armed", 404)
    return Response(status_code=204)


@router.delete("/faults", summary="Disarm every fault", status_code=204)
async def disarm_faults(request: Request) -> Response:
    """Those of race programs too."""
    request.app.state.server.faults.armed.clear()
    return Response(status_code=204)


class ClockChange(msgspec.Struct, forbid_unknown_fields=True):
    """What becomes of the clock. At most one of the first three; none: it goes on from where it is."""

    now: Annotated[float, Meta(description="s since the epoch")] | None = None
    advance_s: Annotated[float, Meta(description="By so much from where it is")] | None = None
    ahead_s: Annotated[float, Meta(description="Ahead of the machine's own; below 0: behind")] | None = None
    frozen: Annotated[bool, Meta(description="Stand still, or go on; none: as before")] | None = None


@router.get("/clock", summary="What time it is here")
async def clock(request: Request) -> dict[str, Any]:
    """`now` in s since the epoch, `ahead_s` of the machine's clock. Token expiry and every limit follow it."""
    return _told(request.app.state.server.clock)


@router.post("/clock", summary="Freeze the clock, advance it, set it apart", openapi_extra=documented(ClockChange))
async def set_clock(request: Request) -> Response:
    """`{"ahead_s": 0, "frozen": false}` is how it begins."""
    body = await read(request, ClockChange)
    mine: Clock = request.app.state.server.clock
    asked = [body.now, body.advance_s, body.ahead_s]
    if asked.count(None) < len(asked) - 1:
        return _refused("at most one of now, advance_s and ahead_s")
    now = mine.now()
    if body.now is not None:
        now = body.now
    elif body.advance_s is not None:
        now += body.advance_s
    elif body.ahead_s is not None:
        now += body.ahead_s - mine.ahead
    if not 0 <= now < YEAR_9999:
        return _refused("the clock goes from 1970 to 9999")
    mine.set(now, mine.frozen if body.frozen is None else body.frozen)
    return JSONResponse(_told(mine))


def _told(clock: Clock) -> dict[str, Any]:
    return {"now": clock.now(), "ahead_s": round(clock.ahead, 6), "frozen": clock.frozen}
