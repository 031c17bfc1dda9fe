"""The mock as a process: its options, its socket, its server. `python -m mock_api` and `race401 serve` share it."""

import argparse
import ipaddress
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path

import uvicorn

from race401.mock_api.app import create_app
from race401.mock_api.guard import Guard
from race401.mock_api.ledger import KEPT, Ledger
from race401.mock_api.program import Program, ProgramError, parse, shipped
from race401.mock_api.wire import Protocol
from race401.mock_api.worldfile import WorldFileError, load
from race401.mock_api.worlds import WORLDS, World

KEEP_ALIVE = 120  # s; with uvicorn's 5 s a warm burst runs into connections that are being closed
BACKLOG = 2048  # connections waiting to be accepted: a burst of many browsers arrives at once


class ServingError(Exception):
    """What was asked can't be served; the message says what is wrong and what would be right."""


def add_options(parser: argparse.ArgumentParser, port: int = 0) -> None:
    """Declare what can be chosen about the mock."""
    told = "0: any free one, printed when it serves" + (f" (default: {port})" if port else "")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: loopback)")
    parser.add_argument("--port", type=int, default=port, help=told)
    parser.add_argument("--expose", action="store_true", help="let --host be an address that others can reach")
    parser.add_argument("--control-key", metavar="KEY", help="lets others steer too, by the header X-Race401-Key")
    parser.add_argument("--ledger", type=Path, help="append every entry to this file, one JSON object a line")
    parser.add_argument("--kept", type=int, default=KEPT, help="entries of the ledger that are held in memory")
    parser.add_argument("--worlds", type=Path, help="serve the worlds of this TOML file too")
    parser.add_argument("--program", action="append", help="arm a race program: a shipped one's name, or a TOML file")
    parser.add_argument("--lifetime", type=float, help="of access tokens, in s, in every world")
    parser.add_argument("--reuse-interval", type=float, help="in s, in every world")
    parser.add_argument("--leeway", type=float, help="of the resources, in s, in every world")
    parser.add_argument("--check-session", action="store_true", help="resources ask whether the session lives")


@dataclass
class Serving:
    """A mock whose socket is open; nothing is answered before `run`."""

    url: str
    app: Guard
    ledger: Ledger
    exposed: bool
    _socket: socket.socket

    def server(self, announce: str, every_second: Callable[[], Awaitable[None]] | None = None) -> "Server":
        """Return the server, which prints the announcement once it listens."""
        config = uvicorn.Config(
            self.app,
            http=Protocol,
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=False,  # who may steer is told by the connection, not by a header
            date_header=False,  # the mock's own follows its clock
            lifespan="off",
            timeout_keep_alive=KEEP_ALIVE,
            timeout_graceful_shutdown=1,
            backlog=BACKLOG,
            callback_notify=every_second,
            timeout_notify=0,
        )
        return Server(config, announce, self._socket)

    @property
    def told(self) -> str:
        """What is served, line by line."""
        width = max(map(len, self.app.realms))
        worlds = (f"  {self.url}/{name:<{width}} {realm.world.summary}" for name, realm in self.app.realms.items())
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


def prepare(chosen: argparse.Namespace) -> Serving:
    """Check what was chosen, open the socket and the ledger; raises ServingError."""
    exposed = not _is_loopback(chosen.host)
    _check(chosen, exposed)
    programs = [_program(name) for name in chosen.program or ()]
    worlds = _worlds(chosen.worlds)
    listening = _listen(chosen.host, chosen.port)
    try:
        ledger = Ledger(chosen.ledger, chosen.kept)
    except OSError as error:
        listening.close()
        raise ServingError(f"--ledger {chosen.ledger}: {error.strerror}") from None
    settings = {
        "lifetime": chosen.lifetime,
        "reuse_interval": chosen.reuse_interval,
        "leeway": chosen.leeway,
        "check_session": chosen.check_session or None,
    }
    given = {name: value for name, value in settings.items() if value is not None}
    served = [replace(world, **given) for world in worlds.values()]
    app = create_app(served, ledger=ledger, control_key=chosen.control_key, programs=programs)
    return Serving(_url(listening), app, ledger, exposed, listening)


def _check(chosen: argparse.Namespace, exposed: bool) -> None:
    if exposed and not chosen.expose:
        shown = "whoever reaches it could sign in and read every test account; add --expose if that is meant"
        raise ServingError(f"--host {chosen.host} is not this machine alone: {shown}")
    if chosen.lifetime is not None and chosen.lifetime < 1:
        raise ServingError(f"--lifetime {chosen.lifetime:g}: access tokens must live for at least 1 s")
    for name in ("reuse_interval", "leeway"):
        if (value := getattr(chosen, name)) is not None and value < 0:
            raise ServingError(f"--{name.replace('_', '-')} {value:g}: cannot be negative")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _worlds(path: Path | None) -> dict[str, World]:
    try:
        return WORLDS if path is None else load(path)
    except WorldFileError as error:
        raise ServingError(str(error)) from None


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
    listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(BACKLOG)
    except (OSError, OverflowError) as error:
        listening.close()
        why = getattr(error, "strerror", None) or error
        raise ServingError(f"cannot listen on {host}:{port}: {why}; try --port 0") from None
    return listening


def _url(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
