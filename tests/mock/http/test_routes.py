"""Routes that FastAPI has nothing to solve for are called outright; others keep its own handling."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi import Request
from fastapi.responses import Response

from race401.mock_api.http.routes import Direct


async def outright(_: Request) -> Response:
    return Response()


async def solved(request: Request, limit: int) -> Response:
    return Response(f"{request.method} {limit}")


async def answered_by_fastapi(_: Request) -> dict[str, Any]:
    return {}


@pytest.mark.parametrize(("endpoint", "called"), [(outright, True), (solved, False), (answered_by_fastapi, False)])
def test_only_what_needs_nothing_goes_round_the_solver(endpoint: Callable[..., Any], called: bool) -> None:
    assert (Direct("/", endpoint).get_route_handler() is endpoint) is called
