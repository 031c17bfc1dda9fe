"""The mock as an ASGI app: the worlds side by side, each below its name, the default one at the root too."""

from collections import defaultdict
from collections.abc import Callable, Iterable

from fastapi import FastAPI
from starlette.exceptions import HTTPException

from race401.mock_api.api import control, docs, oauth, resources, supabase
from race401.mock_api.http.body import Bounded, TooLarge
from race401.mock_api.http.guard import Guard
from race401.mock_api.http.recorded_answer import Server
from race401.mock_api.ledger import Ledger
from race401.mock_api.races.armed_faults import ArmedFaults
from race401.mock_api.races.armed_programs import ArmedPrograms
from race401.mock_api.races.gates import FreeGates, Gates
from race401.mock_api.races.program import Program
from race401.mock_api.rules.worlds import WORLDS, World
from race401.mock_api.state.accounts import AddressTaken
from race401.mock_api.state.clock import Clock, system_clock
from race401.mock_api.state.database import Database, State
from race401.mock_api.state.realm import Realm
from race401.mock_api.state.store import StoreLost
from race401.mock_api.strict_json import BadBody

ABOUT = """
Real JWTs, real rotation, and a ledger that says what really happened.

* **resources** want `Authorization: Bearer`; they verify the JWT alone, with the world's leeway.
* **auth** is Supabase Auth's contract, as far as a session needs it; **oauth** is the same in plain OAuth 2.0.
* **control** is what a test asks of the mock and no real server has.

Each world answers below its own path segment (the servers listed here); the default one at the root too. A client
names itself with `X-Race401-Client` and its attempts with `X-Race401-Attempt`; both go into the ledger.
"""


def create_app(
    worlds: Iterable[World] | None = None,
    *,
    clock: Callable[[], float] = system_clock,
    ledger: Ledger | None = None,
    gates: Gates | None = None,
    control_key: str | None = None,
    programs: Iterable[Program] = (),
    state: Callable[[World, Callable[[], float]], State] | None = None,
) -> Guard:
    """Return the app; without arguments, the shipped worlds on the machine's clock.

    `state` makes a world's state where several processes share it: what one process's memory decides is then refused.
    """
    mine = Clock(clock)
    databases: dict[str, Database] = defaultdict(Database)
    realms = {
        world.name: Realm(world, mine.now, database=databases[world.kept_in])
        if state is None
        else Realm(world, mine.now, state=state(world, mine.now))
        for world in (worlds if worlds is not None else WORLDS.values())
    }
    faults = ArmedFaults(mine.now)
    held = gates if gates is not None else FreeGates()
    server = Server(ledger if ledger is not None else Ledger(), held, faults, mine)
    for realm in realms.values():
        realm.see = server.ledger.masking.see
    api = FastAPI(
        title="race401 mock",
        version="1",
        docs_url=None,
        redoc_url=None,
        summary="Servers whose tokens are short-lived and whose refresh tokens rotate",
        description=ABOUT,
        telemetry={"tracing": False, "metrics": False, "logs": False},  # it asks the environment at each request
        servers=[{"url": "/", "description": "the default world"}]
        + [{"url": f"/{name}", "description": realm.world.summary} for name, realm in realms.items()],
        openapi_tags=[
            {"name": "resources", "description": "The app's own API, behind a Bearer token."},
            {"name": "auth", "description": "Supabase Auth, below `/auth/v1`."},
            {"name": "oauth", "description": "Plain OAuth 2.0, below `/oauth`."},
            {"name": "control", "description": "Tests only; not in the ledger."},
        ],
    )
    api.state.realms, api.state.server, api.state.programs = realms, server, ArmedPrograms(held, faults)
    for program in programs:
        api.state.programs.arm(program)
    # Taken over, not included: an included router costs each request 15 us, and the docs' own routes come last.
    api.router.routes[:0] = [
        *resources.router.routes,
        *supabase.router.routes,
        *oauth.router.routes,
        *(control.routes if state is None else control.refuse_in_memory(control.routes)),
    ]
    docs.add(api)
    api.add_middleware(Bounded)
    api.add_exception_handler(supabase.AuthProblem, supabase.on_problem)
    api.add_exception_handler(StoreLost, supabase.on_lost)
    api.add_exception_handler(AddressTaken, supabase.on_taken)
    api.add_exception_handler(TooLarge, supabase.on_too_large)
    api.add_exception_handler(BadBody, control.on_bad_body)
    api.add_exception_handler(HTTPException, supabase.on_unknown)
    return Guard(api, realms, server, control_key)
