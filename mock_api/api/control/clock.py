"""The mock's clock: read, frozen, advanced, set apart from the machine's."""

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from msgspec import Meta

from race401.mock_api.api.control.problems import problem
from race401.mock_api.http.body import documented, read
from race401.mock_api.state.clock import YEAR_9999, Clock

router = APIRouter(prefix="/_race401", tags=["control"])


class ClockChange(msgspec.Struct, forbid_unknown_fields=True):
    """What becomes of the clock. At most one of the first three; none: it goes on from where it is."""

    now: Annotated[float, Meta(description="s since the epoch")] | None = None
    advance_s: Annotated[float, Meta(description="By so much from where it is")] | None = None
    ahead_s: Annotated[float, Meta(description="Ahead of the machine's own; below 0: behind")] | None = None
    frozen: Annotated[bool, Meta(description="Stand still, or go on; none: as before")] | None = None


@router.get("/clock", summary="What time it is here")
async def clock(request: Request) -> dict[str, Any]:
    """`now` in s since the epoch, `ahead_s` of the machine's clock. Token expiry and every limit follow it."""
    return _as_json(request.app.state.server.clock)


@router.post("/clock", summary="Freeze the clock, advance it, set it apart", openapi_extra=documented(ClockChange))
async def set_clock(request: Request) -> Response:
    """`{"ahead_s": 0, "frozen": false}` is how it begins."""
    body = await read(request, ClockChange)
    mine: Clock = request.app.state.server.clock
    asked = [body.now, body.advance_s, body.ahead_s]
    if asked.count(None) < len(asked) - 1:
        return problem("at most one of now, advance_s and ahead_s")
    now = mine.now()
    if body.now is not None:
        now = body.now
    elif body.advance_s is not None:
        now += body.advance_s
    elif body.ahead_s is not None:
        now += body.ahead_s - mine.ahead
    if not 0 <= now < YEAR_9999:
        return problem("the clock goes from 1970 to 9999")
    mine.set(now, mine.frozen if body.frozen is None else body.frozen)
    return JSONResponse(_as_json(mine))


def _as_json(clock: Clock) -> dict[str, Any]:
    return {"now": clock.now(), "ahead_s": round(clock.ahead, 6), "frozen": clock.frozen}
