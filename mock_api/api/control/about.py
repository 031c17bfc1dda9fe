"""Who answers, and how whole its ledger is."""

import os
from dataclasses import asdict
from importlib.metadata import version
from typing import Any

from fastapi import APIRouter, Request

from race401.mock_api.rules.worlds import DEFAULT
from race401.mock_api.state.realm import Realm

router = APIRouter(prefix="/_race401", tags=["control"])


@router.get("", summary="Who answers here")
async def about(request: Request) -> dict[str, Any]:
    """The mock's version, clock and worlds, and how whole the ledger of this process is."""
    realms: dict[str, Realm] = request.app.state.realms
    book = request.app.state.server.ledger
    return {
        "name": "race401 mock",
        "pid": os.getpid(),
        "version": version("race401"),
        "now": realms[DEFAULT].clock(),
        "default_world": DEFAULT,
        "service_keys": {name: realm.mint.service_key() for name, realm in realms.items()},
        "worlds": {name: asdict(realm.world) for name, realm in realms.items()},
        "ledger": {"entries": len(book.entries), "dropped": book.dropped, "lost": book.lost},
    }
