"""The control API's other half: what is to happen. Race programs are armed, looked at and let go of here."""

import asyncio
import contextlib
from itertools import count
from typing import Any, Literal

import msgspec
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from race401.mock_api.gates import FreeGates, Gates
from race401.mock_api.program import Program, ProgramError, parse, shipped
from race401.mock_api.races import Race

router = APIRouter(prefix="/_race401", tags=["control"])

LONGEST_WAIT = 60.0  # s


class Races:
    """The programs that are armed, by id."""

    def __init__(self, gates: Gates) -> None:
        self.armed: dict[str, Race] = {}
        self._gates = gates
        self._ids = count(1)

    def arm(self, program: Program) -> Race | None:
        """Put a program to work; None: somebody else has these gates."""
        if not isinstance(self._gates, FreeGates):
            return None
        race = Race(str(next(self._ids)), program)
        self.armed[race.id] = race
        self._gates.holders.append(race)
        return race

    def disarm(self, name: str) -> bool:
        """Let go of all that it holds and forget it; False: there is none."""
        race = self.armed.pop(name, None)
        if race is None or not isinstance(self._gates, FreeGates):
            return False
        self._gates.holders.remove(race)
        race.end()
        return True


def _refused(message: str, status: int = 422) -> Response:
    return JSONResponse({"message": message}, status)


def _body(schema: type[msgspec.Struct]) -> dict[str, Any]:
    (reference,), components = msgspec.json.schema_components([schema], ref_template="#/$defs/{name}")
    content = {"schema": {**reference, "$defs": components}}
    return {"requestBody": {"required": True, "content": {"application/json": content}}}


@router.get("/programs/shipped", summary="Race programs that come with the mock")
async def programs_shipped() -> dict[str, Any]:
    """Each as it can be sent to `POST /_race401/programs`."""
    return {name: msgspec.to_builtins(program) for name, program in shipped().items()}


@router.post("/programs", summary="Arm a race program", status_code=201, openapi_extra=_body(Program))
async def arm(request: Request, shipped_as: str = "", world: str = "", client: str = "") -> Response:
    """The program is the body: JSON, or TOML if the content type says so. `shipped_as` names a shipped one instead.

    `world` and `client` narrow it further.
    """
    races: Races = request.app.state.races
    try:
        if shipped_as:
            program = shipped()[shipped_as]
        else:
            form: Literal["toml", "json"] = "toml" if "toml" in request.headers.get("content-type", "") else "json"
            program = parse(await request.body(), form)
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
    request: Request, program: str, until: Literal["now", "holding", "ended"] = "now", wait_s: float = 10.0
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
