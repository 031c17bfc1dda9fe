"""The app's own API: contacts, entitlements, notes and messages, behind a Bearer token.

Bodies are made once and kept as bytes: a thousand contacts encoded per request cost a hundred times the rest.
"""

import json
import random
from functools import lru_cache

from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.datastructures import QueryParams

from race401.mock_api.http.body import read
from race401.mock_api.http.routes import Direct
from race401.mock_api.state.accounts import Kind
from race401.mock_api.strict_json import BadBody

router = APIRouter(tags=["resources"], route_class=Direct)

CONTACTS = 1_000
PAGES = 8  # pages of them that are made once, up to 100 KB each
LIMIT = {
    "name": "limit",
    "in": "query",
    "description": "How many, from the first",
    "schema": {"type": "integer", "minimum": 0, "maximum": CONTACTS, "default": 50},
}
BAD_LIMIT = b'{"code":"PGRST100","details":null,"hint":null,"message":"limit is a number from 0 to 1000"}'
DIGITS = 8  # a number this long is no limit, whatever it says
FIRST = """
    Ada Grace Alan Edsger Barbara Donald Frances Tony Radia Ken Dennis Margaret Niklaus Adele John
    Katherine
""".split()  # noqa: SIM905 - a list of one word a line is no easier to read
LAST = """
    Lovelace Hopper Turing Dijkstra Liskov Knuth Allen Hoare Perlman Thompson Ritchie Hamilton Wirth
    Goldberg
""".split()  # noqa: SIM905 - a list of one word a line is no easier to read
PLACES = """
    Oslo Lisbon Nairobi Lima Osaka Tallinn Accra Quito Turin Leeds Ghent Pune Hobart Tunis Malmo
    Bergen
""".split()  # noqa: SIM905 - a list of one word a line is no easier to read

ENTITLEMENTS = json.dumps(
    {"plan": "team", "seats": 12, "features": {"contacts": True, "notes": True, "export": True, "ai_personas": 5}}
).encode()


@lru_cache(maxsize=1)
def _contacts() -> list[str]:
    draw = random.Random(401)  # noqa: S311 - the same thousand people in every run
    people = []
    for number in range(1, CONTACTS + 1):
        first, last = draw.choice(FIRST), draw.choice(LAST)
        person = {
            "id": number,
            "name": f"{first} {last}",
            "email": f"{first}.{last}.{number}@example.com".lower(),
            "city": draw.choice(PLACES),
        }
        people.append(json.dumps(person))
    return people


@lru_cache(maxsize=PAGES)
def contacts_body(limit: int) -> bytes:
    """Return the first contacts as a JSON array."""
    return ("[" + ",\n".join(_contacts()[:limit]) + "]").encode()


@lru_cache(maxsize=PAGES)
def _page(query: bytes) -> bytes | None:
    """Return the contacts that a query asks for; None: not with such a limit. To parse it is a tenth of a request."""
    given = QueryParams(query).get("limit", "50")
    limit = int(given) if given.isdecimal() and len(given) < DIGITS else CONTACTS + 1
    return contacts_body(limit) if limit <= CONTACTS else None


def _json(body: bytes, status: int = 200) -> Response:
    return Response(body, status, media_type="application/json")


@router.get("/contacts", summary="The user's contacts", openapi_extra={"parameters": [LIMIT]})
async def contacts(request: Request) -> Response:
    """Up to 1,000 contacts, about 100 KB in all; the same in every run."""
    body = _page(request.scope["query_string"])
    return _json(BAD_LIMIT, 400) if body is None else _json(body)


@router.get("/me/entitlements", summary="What the user may do")
async def entitlements(_: Request) -> Response:
    """The user's plan, its seats and its features."""
    return _json(ENTITLEMENTS)


async def _items(request: Request, kind: Kind) -> Response:
    realm, verified = request.scope["race401.realm"], request.scope["race401.token"]
    return _json(await realm.accounts.items(verified.sub, kind))


async def _append(request: Request, kind: Kind) -> Response:
    try:
        body = await read(request, object)
    except BadBody:
        return _json(b'{"code":"PGRST102","details":null,"hint":null,"message":"Empty or invalid json"}', 400)
    realm, verified = request.scope["race401.realm"], request.scope["race401.token"]
    return _json(await realm.accounts.append(verified.sub, kind, body), 201)


@router.get("/persona-notes", summary="The user's notes on personas")
async def notes(request: Request) -> Response:
    """All notes, oldest first."""
    return await _items(request, "notes")


@router.post("/persona-notes", summary="Write a note", status_code=201)
async def add_note(request: Request) -> Response:
    """Keep any JSON value as a note; the newest 100 are kept."""
    return await _append(request, "notes")


@router.get("/messages", summary="The user's messages")
async def messages(request: Request) -> Response:
    """All messages, oldest first."""
    return await _items(request, "messages")


@router.post("/messages", summary="Send a message", status_code=201)
async def add_message(request: Request) -> Response:
    """Keep any JSON value as a message; the newest 100 are kept."""
    return await _append(request, "messages")
