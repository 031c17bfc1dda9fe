"""`python -m mock_api`: serve the mock on its own."""

import argparse
import json
import os
import socket
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import uvicorn

from race401.mock_api.app import create_app
from race401.mock_api.ledger import KEPT, Ledger
from race401.mock_api.wire import Protocol
from race401.mock_api.worldfile import WorldFileError, load
from race401.mock_api.worlds import WORLDS, World

KEEP_ALIVE = 120  # s; with uvicorn's 5 s a warm burst runs into connections that are being closed
BACKLOG = 2048  # connections waiting to be accepted: a burst of many browsers arrives at once


def options() -> argparse.Namespace:
    """Return what the command line says."""
    parser = argparse.ArgumentParser("python -m mock_api", description="Serve the race401 mock.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: loopback)")
    parser.add_argument("--port", type=int, default=0, help="0: any free one, printed when it serves")
    parser.add_argument("--ledger", type=Path, help="append every entry to this file, one JSON object a line")
    parser.add_argument("--worlds", type=Path, help="serve the worlds of this TOML file too")
    parser.add_argument("--kept", type=int, default=KEPT, help="entries of the ledger that are held in memory")
    parser.add_argument("--lifetime", type=float, help="of access tokens, in s, in every world")
    parser.add_argument("--reuse-interval", type=float, help="in s, in every world")
    parser.add_argument("--leeway", type=float, help="of the resources, in s, in every world")
    parser.add_argument("--check-session", action="store_true", help="resources ask whether the session lives")
    parser.add_argument("--exit-with-parent", action="store_true", help="end when standard input does")
    parser.add_argument("--json", action="store_true", help="print the address as one JSON object")
    chosen = parser.parse_args()
    if chosen.lifetime is not None and chosen.lifetime < 1:
        _refuse(f"--lifetime {chosen.lifetime:g}: access tokens must live for at least 1 s")
    for name in ("reuse_interval", "leeway"):
        if (value := getattr(chosen, name)) is not None and value < 0:
            _refuse(f"--{name.replace('_', '-')} {value:g}: cannot be negative")
    return chosen


class Server(uvicorn.Server):
    """A uvicorn that says where it listens, once it does."""

    def __init__(self, config: uvicorn.Config, announce: str) -> None:
        super().__init__(config)
        self.announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then print the address."""
        await super().startup(sockets)
        print(self.announce, flush=True)


def main() -> None:
    """Bind, serve, end quietly."""
    chosen = options()
    sock = _bind(chosen.host, chosen.port)
    url = f"http://{chosen.host}:{sock.getsockname()[1]}"
    worlds = _worlds(chosen.worlds)
    try:
        ledger = Ledger(chosen.ledger, chosen.kept)
    except OSError as error:
        _refuse(f"--ledger {chosen.ledger}: {error.strerror}")
    settings = {
        "lifetime": chosen.lifetime,
        "reuse_interval": chosen.reuse_interval,
        "leeway": chosen.leeway,
        "check_session": chosen.check_session or None,
    }
    given = {name: value for name, value in settings.items() if value is not None}
    app = create_app([replace(world, **given) for world in worlds.values()], ledger=ledger)
    text = (
        json.dumps({"url": url, "port": sock.getsockname()[1], "pid": os.getpid()})
        if chosen.json
        else _told(url, worlds)
    )
    config = uvicorn.Config(
        app,
        http=Protocol,
        log_level="warning",
        access_log=False,
        server_header=False,
        date_header=False,  # the mock's own follows its clock
        lifespan="off",
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=1,
        backlog=BACKLOG,
    )
    server = Server(config, text)
    if chosen.exit_with_parent:
        threading.Thread(target=_end_with_parent, args=(server,), daemon=True).start()
    try:
        server.run(sockets=[sock])
    except KeyboardInterrupt:
        sys.exit(0)


def _worlds(path: Path | None) -> dict[str, World]:
    try:
        return WORLDS if path is None else load(path)
    except WorldFileError as error:
        _refuse(str(error))


def _told(url: str, worlds: dict[str, World]) -> str:
    width = max(map(len, worlds))
    lines = "\n".join(f"  {url}/{name:<{width}} {world.summary}" for name, world in worlds.items())
    return f"race401 mock at {url}\n{lines}\n  {url}/{'docs':<{width}} every route, to read and to try"


def _bind(host: str, port: int) -> socket.socket:
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
        sock.listen(BACKLOG)
    except (OSError, OverflowError) as error:
        _refuse(f"cannot listen on {host}:{port}: {getattr(error, 'strerror', None) or error}; try --port 0")
    return sock


def _end_with_parent(server: uvicorn.Server) -> None:
    """Wait for the end of standard input; then stop, and do not wait for ever for that."""
    sys.stdin.buffer.read()
    server.should_exit = True
    timer = threading.Timer(3, os._exit, (3,))
    timer.daemon = True
    timer.start()


def _refuse(message: str) -> NoReturn:
    print(f"race401: {message}", file=sys.stderr)
    sys.exit(2)


if __name__ == "__main__":
    main()
