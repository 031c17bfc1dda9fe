"""What the mock is held against: the same route on FastAPI and on Starlette, with no token, gate or ledger."""

import json
import socket
import sys
import threading

import uvicorn
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from race401.mock_api.__main__ import end_with_parent
from race401.mock_api.resources import ENTITLEMENTS
from race401.mock_api.serving import Server

api = FastAPI()


@api.get("/fastapi/me/entitlements")
async def entitlements() -> Response:
    """Answer the mock's very bytes."""
    return Response(ENTITLEMENTS, media_type="application/json")


async def bare(_: Request) -> Response:
    """Answer them from Starlette."""
    return Response(ENTITLEMENTS, media_type="application/json")


if __name__ == "__main__":
    starlette = Starlette(routes=[Route("/starlette/me/entitlements", bare)])

    async def app(scope, receive, send) -> None:  # type: ignore[no-untyped-def]
        """Choose without either's routing."""
        await (starlette if scope["path"].startswith("/starlette") else api)(scope, receive, send)

    sock = socket.create_server(("127.0.0.1", 0))
    port = sock.getsockname()[1]
    config = uvicorn.Config(app, log_level="warning", access_log=False, server_header=False, lifespan="off")
    server = Server(config, json.dumps({"url": f"http://127.0.0.1:{port}"}), sock)
    threading.Thread(target=end_with_parent, args=(server,), daemon=True).start()
    server.serve_until_ended()
    sys.exit(0)
