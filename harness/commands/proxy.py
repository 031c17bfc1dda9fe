"""`race401 proxy --target URL`: pass traffic on to a real system, and write the ledger that `race401 judge` reads."""

import socket
from argparse import ArgumentParser, Namespace
from pathlib import Path

import httpx
import uvicorn

from race401.harness.commands.errors import CommandError
from race401.harness.proxy.app import Recorder, create_app

ABOUT = "record real traffic in front of a staging system, for race401 judge; tokens are never stored"
TOKEN_PATHS = ["/auth/v1/token", "/oauth/token"]
HIGHEST_PORT = 65535
PATIENCE = 60.0  # s for the target's answer


def add(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--target", required=True, help="the system's address, e.g. https://staging.example.com")
    parser.add_argument("--ledger", type=Path, default=Path("traffic.jsonl"), help="is appended to (traffic.jsonl)")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: loopback)")
    parser.add_argument("--port", type=int, default=0, help="0: any free one, printed when it serves")
    parser.add_argument(
        "--token-path", action="append", metavar="PATH", help=f"a token endpoint; default: {', '.join(TOKEN_PATHS)}"
    )


def run(given: Namespace) -> int:
    """Serve until interrupted."""
    url = httpx.URL(given.target)
    if url.scheme not in ("http", "https") or not url.host:
        raise CommandError(f"--target {given.target}: expected an address such as https://staging.example.com")
    try:
        recorder = Recorder(given.ledger)
    except OSError as error:
        raise CommandError(f"--ledger {given.ledger}: {error.strerror}") from None
    target = httpx.AsyncClient(base_url=url, timeout=PATIENCE, trust_env=False)
    sock = _bind(given.host, given.port)
    app = create_app(target, recorder, given.token_path or TOKEN_PATHS)
    print(
        f"race401 proxy at http://{given.host}:{sock.getsockname()[1]} for {url}, ledger {given.ledger}", flush=True
    )
    config = uvicorn.Config(app, log_level="warning", access_log=False, server_header=False, date_header=False)
    uvicorn.Server(config).run(sockets=[sock])
    return 0


def _bind(host: str, port: int) -> socket.socket:
    if not 0 <= port <= HIGHEST_PORT:
        raise CommandError(f"--port {port}: ports go from 0 (any free one) to {HIGHEST_PORT}")
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise CommandError(f"cannot listen on {host}:{port}: {error.strerror}; try --port 0") from None
