"""The mock as a process: its socket, its server. `python -m mock_api` and `race401 serve` share it."""

import re
import secrets
import socket
import ssl
import time
from argparse import Namespace
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import uvicorn

from race401.ledger.fingerprints import Fingerprints, KeyFileError, from_key_file
from race401.ledger.visible import anonymous
from race401.mock_api.http.lock import is_loopback
from race401.mock_api.http.wire import Protocol
from race401.mock_api.ledger import Ledger
from race401.mock_api.process.options import flag
from race401.mock_api.process.workers import Held, Keeper, Plan, Worker
from race401.mock_api.races.program import Program, ProgramError, parse, shipped
from race401.mock_api.rules.world_files import WorldFileError, load, wanted
from race401.mock_api.rules.worlds import OPTIONS, WORLDS, World
from race401.mock_api.signing.jwt import Keys
from race401.mock_api.state.store import StoreLost

if TYPE_CHECKING:
    from race401.mock_api.http.guard import Guard

KEEP_ALIVE = 120  # s; with uvicorn's 5 s a warm burst runs into connections that are being closed
KEY = "--control-key (or RACE401_CONTROL_KEY)"
HEADER = re.compile("[!-~]+")
HIGHEST_PORT = 65535
BACKLOG = 2048  # connections waiting to be accepted: a burst of many browsers arrives at once
SETTINGS: dict[str, Any] = {
    "http": Protocol,
    "ws": "none",  # no route takes a WebSocket
    "log_level": "warning",
    "access_log": False,
    "server_header": False,
    "proxy_headers": False,  # who may steer is told by the connection, not by a header
    "date_header": False,  # the mock's own follows its clock
    "lifespan": "off",
    "timeout_keep_alive": KEEP_ALIVE,
    "timeout_graceful_shutdown": 1,
    "backlog": BACKLOG,
}


class ServingError(Exception):
    """What was asked can't be served; the message says what is wrong and what would be right."""


@dataclass
class Serving:
    """A mock whose socket is open; nothing is answered before `run`."""

    url: str
    worlds: tuple[World, ...]
    exposed: bool
    served: "Guard | Plan"
    workers: int
    _socket: socket.socket
    tls: ssl.SSLContext | None = None

    @property
    def ledger(self) -> Ledger | None:
        """The ledger in memory; None: several processes have one each."""
        return None if isinstance(self.served, Plan) else self.served.ledger

    def server(self, announce: str, every_second: Callable[[], Awaitable[None]] | None = None) -> "Server | Keeper":
        """Return the server, which prints the announcement once it listens."""
        if isinstance(self.served, Plan):
            worker = Worker(self.served, **SETTINGS, workers=self.workers)
            return Keeper(worker, announce, [self._socket], _held(self.served))
        config = uvicorn.Config(self.served, **SETTINGS, callback_notify=every_second, timeout_notify=0)
        if self.tls is not None:
            config.load()
            config.ssl = self.tls
        return Server(config, announce, self._socket)

    @property
    def announcement(self) -> str:
        """What is served, line by line."""
        width = max(len(world.name) for world in self.worlds)
        worlds = (f"  {self.url}/{world.name:<{width}} {world.summary}" for world in self.worlds)
        docs = f"  {self.url}/{'docs':<{width}} every route, to read"
        return "\n".join([f"race401 mock at {self.url}", *worlds, docs])


class Server(uvicorn.Server):
    """A uvicorn that says where it listens, once it does."""

    def __init__(self, config: uvicorn.Config, announce: str, listening: socket.socket) -> None:
        super().__init__(config)
        self.announce, self.listening = announce, listening

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then print the address."""
        await super().startup(sockets)
        print(self.announce, flush=True)

    def serve_until_ended(self) -> None:
        """Serve; return when it is told to end, by Ctrl-C too."""
        try:
            self.run(sockets=[self.listening])
        except KeyboardInterrupt:
            return

    def end(self) -> None:
        """End soon."""
        self.should_exit = True


def prepare(chosen: Namespace, tls: ssl.SSLContext | None = None) -> Serving:
    """Check what was chosen, open the socket and the ledger; raises ServingError. `tls`: what is spoken, if any."""
    exposed = not is_loopback(chosen.host)
    _check(chosen, exposed)
    programs = [_program(name) for name in chosen.program or ()]
    worlds = _worlds(chosen.worlds)
    given = {name: value for name in OPTIONS if (value := getattr(chosen, name)) is not None}
    served = tuple(replace(world, **given) for world in worlds.values())
    listening = _listen(chosen.host, chosen.port)
    try:
        fingerprints = _fingerprints(chosen.key_file)
        if chosen.store is None:
            from race401.mock_api.app import create_app  # half of a start, which neither a refusal nor a keeper needs

            ledger = Ledger(chosen.ledger, chosen.kept, fingerprints=fingerprints)
            alone = create_app(served, ledger=ledger, control_key=chosen.control_key, programs=programs)
            return Serving(
                _url(listening, "http" if tls is None else "https"), served, exposed, alone, 1, listening, tls
            )
        return Serving(
            _url(listening), served, exposed, _plan(chosen, served, fingerprints), chosen.workers, listening
        )
    except OSError as error:
        listening.close()
        raise ServingError(f"--ledger {chosen.ledger}: {error.strerror}") from None
    except ServingError:
        listening.close()
        raise


def _plan(chosen: Namespace, worlds: tuple[World, ...], fingerprints: Fingerprints) -> Plan:
    """Return what every worker is told, once the store answers and the folder is there."""
    prefix = f"race401:{secrets.token_hex(8)}:"
    _reach(chosen.store, prefix)
    if chosen.ledger is not None:
        chosen.ledger.mkdir(parents=True, exist_ok=True)
    return Plan(
        chosen.store,
        prefix,
        worlds,
        {world.name: Keys(algorithm=world.algorithm, file=world.keys).written() for world in worlds},
        {world.kept_in: secrets.token_bytes(32) for world in worlds},
        time.monotonic_ns(),
        fingerprints.key,
        chosen.ledger,
        chosen.control_key,
    )


def _fingerprints(path: Path | None) -> Fingerprints:
    try:
        return Fingerprints() if path is None else from_key_file(path)
    except KeyFileError as error:
        raise ServingError(f"--key-file {error}") from None
    except OSError as error:
        raise ServingError(f"--key-file {path}: {error.strerror}") from None


def _reach(url: str, prefix: str) -> None:
    try:
        from race401.mock_api.state.shared.link import mark, reach
    except ImportError:
        raise ServingError("--store needs a driver that is not installed: pip install 'race401[store]'") from None
    try:
        reach(url)
        mark(url, prefix)
    except (StoreLost, ValueError) as error:
        wanted = "give a Redis that answers, redis://127.0.0.1:6379/0 or unix:///run/redis.sock"
        raise ServingError(f"--store {anonymous(url)}: {error}; {wanted}") from None


def _held(plan: Plan) -> Held:
    """Return what keeps the plan's keys in the store for as long as the mock lives."""
    from race401.mock_api.state.shared.link import RENEWED_EVERY, clear, renew

    return Held(partial(renew, plan.url, plan.prefix), RENEWED_EVERY, partial(clear, plan.url, plan.prefix))


def _check(chosen: Namespace, exposed: bool) -> None:
    if exposed and not chosen.expose:
        unsafe = "whoever reaches it could sign in and read every test account; add --expose if that is meant"
        raise ServingError(f"--host {chosen.host} is not this machine alone: {unsafe}")
    if chosen.expose and chosen.control_key == "":
        raise ServingError(
            f"{KEY} is empty, which is no key; give one, or leave it out to be steered from here alone"
        )
    if chosen.control_key and not HEADER.fullmatch(chosen.control_key):
        raise ServingError(f"{KEY}: visible ASCII characters alone, since it is sent in a header")
    if chosen.workers < 1:
        raise ServingError(f"--workers {chosen.workers}: at least 1")
    if chosen.workers > 1 and chosen.store is None:
        raise ServingError(f"--workers {chosen.workers} needs a store that they share: --store redis://HOST:PORT")
    if chosen.store is not None and chosen.program:
        raise ServingError("--program lives in the memory of one process: serve without --store for it")
    for name in OPTIONS:
        value = getattr(chosen, name)
        if value is not None and (right := wanted(name, value)) is not None:
            raise ServingError(f"{flag(name)} {value:g}: must be {right}")


def _worlds(path: Path | None) -> dict[str, World]:
    try:
        return WORLDS if path is None else load(path)
    except WorldFileError as error:
        raise ServingError(f"--worlds {error}") from None


def _program(name: str) -> Program:
    known = shipped()
    if name in known:
        return known[name]
    try:
        return parse(Path(name).read_bytes(), "toml", name)
    except ProgramError as error:
        raise ServingError(f"--program {error}") from None
    except OSError as error:
        raise ServingError(f"--program {name}: {error.strerror}; shipped are {', '.join(known)}") from None


def _listen(host: str, port: int) -> socket.socket:
    if not 0 <= port <= HIGHEST_PORT:
        raise ServingError(f"--port {port}: ports go from 0 (any free one) to {HIGHEST_PORT}")
    listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(BACKLOG)
    except OSError as error:
        listening.close()
        why = error.strerror or error
        raise ServingError(f"cannot listen on {host}:{port}: {why}; try --port 0") from None
    return listening


def _url(listening: socket.socket, scheme: str = "http") -> str:
    host, port = listening.getsockname()[:2]
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"
