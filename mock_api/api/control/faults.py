"""Faults: armed, counted, disarmed."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from race401.mock_api.api.control.problems import problem
from race401.mock_api.http.body import documented, read
from race401.mock_api.races.armed_faults import ArmedFaults
from race401.mock_api.races.fault import Fault

router = APIRouter(prefix="/_race401", tags=["control"])

MOST = 1_000  # that are armed at once


@router.post("/faults", summary="Arm a fault", status_code=201, openapi_extra=documented(Fault))
async def arm_fault(request: Request) -> Response:
    """Until it is deleted, has struck so many `times`, or `for_s` after it first struck."""
    fault: Fault = await read(request, Fault)  # type: ignore[arg-type]  # a union is no class
    faults: ArmedFaults = request.app.state.server.faults
    if len(faults.armed) >= MOST:
        return problem(f"{MOST} faults are armed; disarm some", 409)
    return JSONResponse(faults.arm(fault).as_json(), 201)


@router.get("/faults", summary="Faults that are armed, and how often each struck")
async def armed_faults(request: Request) -> list[dict[str, Any]]:
    """Those of race programs too."""
    return [fault.as_json() for fault in request.app.state.server.faults.armed.values()]


@router.delete("/faults/{fault}", summary="Disarm a fault", status_code=204)
async def disarm_fault(request: Request, fault: str) -> Response:
    """What it has struck stays struck."""
    if request.app.state.server.faults.armed.pop(fault, None) is None:
        return problem(f"no fault {fault!r} is armed", 404)
    return Response(status_code=204)


@router.delete("/faults", summary="Disarm every fault", status_code=204)
async def disarm_faults(request: Request) -> Response:
    """Those of race programs too."""
    request.app.state.server.faults.armed.clear()
    return Response(status_code=204)
