"""Race programs: shipped, armed, watched until the race has come about, disarmed."""

import asyncio
import contextlib
from typing import Annotated, Any, Literal, TypeAlias

import msgspec
from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, Response

from race401.mock_api.api.control.problems import problem, unknown_world
from race401.mock_api.http.body import documented
from race401.mock_api.races.armed_programs import ArmedProgram, ArmedPrograms
from race401.mock_api.races.program import Program, ProgramError, parse, shipped

router = APIRouter(prefix="/_race401", tags=["control"])

LONGEST_WAIT = 60.0  # s
MOST = 1_000  # that are armed at once
Wait: TypeAlias = Annotated[float, Query(ge=0, allow_inf_nan=False, description=f"In s, at most {LONGEST_WAIT:g}")]
NameQuery: TypeAlias = Annotated[str, Query(max_length=1_000)]


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
    programs: ArmedPrograms = request.app.state.programs
    if len(programs.armed) >= MOST:
        return problem(f"{MOST} programs are armed; disarm some", 409)
    try:
        program = shipped()[shipped_as] if shipped_as else parse(await request.body(), "json")
    except KeyError:
        return problem(f"no program {shipped_as!r} is shipped; known: {', '.join(shipped())}")
    except ProgramError as error:
        return problem(str(error))
    narrowed = msgspec.structs.replace(program, world=world or program.world, client=client or program.client)
    if narrowed.world is not None and narrowed.world not in request.app.state.realms:
        return unknown_world(request, narrowed.world)
    armed_program = programs.arm(narrowed)
    if armed_program is None:
        return problem("the gates of armed_program app are held by whoever started it", 409)
    return JSONResponse(armed_program.as_json(), 201)


@router.get("/programs", summary="Race programs that are armed")
async def armed(request: Request) -> list[dict[str, Any]]:
    """All of them, oldest first."""
    return [armed_program.as_json() for armed_program in request.app.state.programs.armed.values()]


@router.get("/programs/{program}", summary="Whether the race came about")
async def look(
    request: Request, program: str, until: Literal["now", "holding", "ended"] = "now", wait_s: Wait = 10.0
) -> Response:
    """`until=holding`: answer as soon as it holds a request; `until=ended`: as soon as it has come about or has not.

    After `wait_s` the answer comes anyway.
    """
    armed_program: ArmedProgram | None = request.app.state.programs.armed.get(program)
    if armed_program is None:
        return problem(f"no program {program!r} is armed", 404)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(min(wait_s, LONGEST_WAIT)):
            while not armed_program.ended and not (until == "now" or (until == "holding" and armed_program.holding)):
                await armed_program.changed.wait()
    return JSONResponse(armed_program.as_json())


@router.delete("/programs/{program}", summary="Let go of all that a program holds, and forget it", status_code=204)
async def disarm(request: Request, program: str) -> Response:
    """Whatever it holds goes on at once."""
    if request.app.state.programs.disarm(program):
        return Response(status_code=204)
    return problem(f"no program {program!r} is armed", 404)


@router.delete("/programs", summary="The same for every program", status_code=204)
async def disarm_all(request: Request) -> Response:
    """Whatever they hold goes on at once."""
    programs: ArmedPrograms = request.app.state.programs
    for name in tuple(programs.armed):
        programs.disarm(name)
    return Response(status_code=204)
