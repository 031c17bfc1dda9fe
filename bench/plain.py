"""What the mock is held against: the same route on FastAPI and on Starlette, with no token, gate or ledger."""

import json
import socket
import sys
import threading
import time
from typing import Any

import uvicorn
from fastapi import FastAPI
from joserfc import jwt
from joserfc.jwk import OctKey
from pydantic import BaseModel
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from race401.mock_api.__main__ import end_with_parent
from race401.mock_api.api.resources import ENTITLEMENTS
from race401.mock_api.http.routes import Direct
from race401.mock_api.process.serving import Server

api = FastAPI()
KEY = OctKey.import_key("a secret that only this bench has, long enough")
ID = "5f0c6bd2-6a3c-4c36-9a2b-0a7c7b1f1f11"
ABOUT = {"email": "bench@race401.test", "email_verified": True, "phone_verified": False, "sub": ID}
USER = {
    "id": ID,
    "aud": "authenticated",
    "role": "authenticated",
    "email": "bench@race401.test",
    "phone": "",
    "app_metadata": {"provider": "email", "providers": ["email"]},
    "user_metadata": ABOUT,
    "identities": [{"identity_id": ID, "id": ID, "user_id": ID, "identity_data": ABOUT, "provider": "email"}],
    "is_anonymous": False,
}
CLAIMS = {**USER, "sub": ID, "iss": "bench", "aal": "aal1", "session_id": ID, "identities": None}


@api.get("/fastapi/me/entitlements")
async def entitlements() -> Response:
    """Answer the mock's very bytes."""
    return Response(ENTITLEMENTS, media_type="application/json")


async def outright(_: Request) -> Response:
    """Answer them from a FastAPI route that has nothing to solve, as the mock's own."""
    return Response(ENTITLEMENTS, media_type="application/json")


api.router.add_api_route("/outright/me/entitlements", outright, route_class_override=Direct)


class Refresh(BaseModel):
    """What is exchanged."""

    refresh_token: str


@api.post("/fastapi/token")
async def token(body: Refresh) -> dict[str, Any]:
    """Sign an access token as large as Supabase's, and answer with it: no family, no rules, no ledger."""
    now = int(time.time())
    user = {**USER, "last_sign_in_at": now}
    access = jwt.encode({"alg": "HS256", "typ": "JWT"}, {**CLAIMS, "iat": now, "exp": now + 3600}, KEY)
    return {
        "access_token": access,
        "token_type": "bearer",
        "expires_in": 3600,
        "expires_at": now + 3600,
        "refresh_token": body.refresh_token,
        "user": user,
    }


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
