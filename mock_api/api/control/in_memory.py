"""What lives in the memory of one process, ledger, faults, programs and clock: refused where several may answer."""

from collections.abc import Iterable

from fastapi import Request
from fastapi.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

IN_MEMORY = frozenset(
    """
    ledger counts reset aging
    arm armed look disarm disarm_all
    arm_fault armed_faults disarm_fault disarm_faults
    set_clock
    """.split()  # noqa: SIM905 - names of routes
)
NOT_HERE = 501


def refuse_in_memory(routes: Iterable[BaseRoute]) -> list[BaseRoute]:
    """Return the same routes, but those in one process's memory answer that they are."""
    return [
        Route(route.path, _refuse, methods=list(route.methods or ()))
        if isinstance(route, Route) and route.name in IN_MEMORY
        else route
        for route in routes
    ]


async def _refuse(_: Request) -> Response:
    message = "several processes may answer here, and this lives in the memory of one: serve without --store for it"
    return JSONResponse({"message": message}, NOT_HERE)
