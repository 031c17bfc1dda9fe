"""`race401 proxy --target URL`: pass traffic on to a real system, and write the ledger that `race401 judge` reads."""

import asyncio
import contextlib
import os
import shlex
import socket
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from race401.harness.commands import tls, traffic
from race401.harness.commands.called import called
from race401.harness.commands.errors import CommandError
from race401.harness.judge.evidence import EvidenceError
from race401.harness.judge.findings import Value
from race401.harness.judge.verdict import EXIT_CODES
from race401.harness.reporting import terminal
from race401.harness.reporting.streams import print_to
from race401.ledger.dialects.dialect import Dialect
from race401.ledger.dialects.files import DialectError, named
from race401.ledger.dialects.presets import USUAL, naming
from race401.ledger.fingerprints import Fingerprints, KeyFileError, from_key_file
from race401.ledger.visible import anonymous

if TYPE_CHECKING:
    from race401.harness.commands.tls import Tls
    from race401.harness.proxy.recorder import Recorder

HIGHEST_PORT = 65535


def add(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--target",
        required=True,
        action="append",
        metavar="URL",
        help="the system's address, e.g. https://staging.example.com; each of several (an API, its auth server) "
        "gets an address here, and they are recorded as one system",
    )
    parser.add_argument(
        "--ledger",
        type=Path,
        default=Path("traffic.jsonl"),
        metavar="FILE",
        help="is appended to (default: traffic.jsonl)",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: loopback)")
    parser.add_argument("--expose", action="store_true", help="let --host be an address that others can reach")
    parser.add_argument(
        "--port",
        type=int,
        default=0,
        help="default: any free one, printed when it serves; several targets take it and the next ones",
    )
    parser.add_argument(
        "--key-file",
        type=Path,
        metavar="FILE",
        help="keeps the key of the ledger's fingerprints, so that those of several runs compare (default: in memory)",
    )
    parser.add_argument(
        "--dialect",
        action="append",
        metavar="NAME|FILE",
        help="how the system says things: see race401 dialects, or a TOML file; more than one may be given "
        f"(default: {', '.join(dialect.name for dialect in USUAL)})",
    )
    parser.add_argument(
        "--token-path", action="append", metavar="PATH", help="a token endpoint that the dialect does not name"
    )
    tls.add(parser)
    parser.add_argument(
        "--rewrite",
        action="store_true",
        help="change what leads clients around the proxy (the target's URLs in discovery documents, redirects and "
        "challenges; Domain and Secure of cookies), and record that; else nothing is changed",
    )


def run(given: Namespace) -> int:
    """Serve until Ctrl-C; say how it is used, and in the end what was seen."""
    # what takes long to import: wrong usage should not wait for it
    import httpx

    from race401.harness.proxy.rewriting import Rewriting
    from race401.harness.proxy.serving import serve, targets_of
    from race401.harness.proxy.watch import Watch
    from race401.mock_api.http.lock import is_loopback

    shown = [anonymous(target) for target in given.target]
    try:
        urls = [httpx.URL(target) for target in given.target]
    except httpx.InvalidURL as error:
        raise CommandError(f"--target {' '.join(shown)}: {error}") from None
    for url, target in zip(urls, shown, strict=True):
        if url.scheme not in ("http", "https") or not url.host:
            raise CommandError(f"--target {target}: expected an address such as https://staging.example.com")
    exposed = not is_loopback(given.host)
    if exposed and not given.expose:
        why = f"whoever reaches it could reach {' and '.join(shown)} through it; add --expose if that is meant"
        raise CommandError(f"--host {given.host} is not this machine alone: {why}")
    for url, target in zip(urls, shown, strict=True):
        if url.userinfo:
            why = "the proxy sends no user and password of its own; your client sends them"
            raise CommandError(f"--target {target}: {why}")
    dialects = spoken(given.dialect, given.token_path)
    with contextlib.ExitStack() as stack:
        ports = [given.port + n if given.port else 0 for n in range(len(urls))]
        socks = [stack.enter_context(_bind(given.host, port)) for port in ports]
        spoken_here = stack.enter_context(tls.spoken(given.tls, given.host))
        recorder = _recorder(given.ledger, given.key_file)
        scheme, context = ("http", None) if spoken_here is None else ("https", spoken_here.context)
        here = [f"{scheme}://{_host(given.host)}:{sock.getsockname()[1]}" for sock in socks]
        places = dict(zip(here, shown, strict=True))
        told = announcement(places, given.ledger, dialects, exposed=exposed, rewrites=given.rewrite, tls=spoken_here)
        around = set() if given.rewrite else {url.netloc.decode() for url in urls}
        watch, targets = Watch(recorder, dialects, say=_announce, around=around), targets_of(urls)
        rewriting = Rewriting(dict(zip(here, targets, strict=True))) if given.rewrite else None
        with contextlib.suppress(asyncio.CancelledError):
            begun = partial(print, terminal.fit(told), flush=True)
            asyncio.run(serve([*zip(socks, targets, strict=True)], watch, _announce, rewriting, context, begun))
    print(terminal.fit(traffic.line(recorder.counts)))
    print(f"judge it: {called()} judge {shlex.quote(str(given.ledger))}")
    if recorder.unwritten:
        print_to(f"race401: {given.ledger} lacks {recorder.unwritten} of them: it could not be written")
        return EXIT_CODES[Value.UNKNOWN]
    return 0


def spoken(names: list[str] | None, token_paths: list[str] | None) -> list[Dialect]:
    """Return the dialects of these names or files, the first with these token endpoints, too."""
    try:
        first, *others = [dialect for name in names or [] for dialect in named(name)] or USUAL
    except DialectError as error:
        raise CommandError(f"--dialect {error}") from None
    for path in token_paths or []:
        if not path.startswith("/") or "?" in path:
            raise CommandError(f"--token-path {path}: expected a path without a query, such as /auth/refresh")
    return [naming(first, *token_paths or []), *others]


def _announce(line: str) -> None:
    print_to(f"race401: {line}")


def _recorder(ledger: Path, key_file: Path | None) -> "Recorder":
    from race401.harness.proxy.recorder import Recorder

    try:
        fingerprints = Fingerprints() if key_file is None else from_key_file(key_file)
    except KeyFileError as error:
        raise CommandError(f"--key-file {error}") from None
    except OSError as error:
        raise CommandError(f"--key-file {key_file}: {error.strerror}") from None
    try:
        return Recorder(ledger, fingerprints)
    except OSError as error:
        raise CommandError(f"--ledger {ledger}: {error.strerror}") from None
    except EvidenceError as error:
        raise CommandError(f"--ledger {error}") from None


def announcement(
    places: Mapping[str, str],
    ledger: Path,
    dialects: Sequence[Dialect],
    *,
    exposed: bool = False,
    rewrites: bool = False,
    tls: "Tls | None" = None,
) -> str:
    """Return what a newcomer needs to know. `places`: the target of each address here."""
    names = " and ".join(dialect.name for dialect in dialects)
    lines = [
        *(f"race401 proxy at {here} for {target}" for here, target in places.items()),
        "",
        *(f"Give your client {here} as its base URL, instead of {target}." for here, target in places.items()),
        f"Each request and what became of it is appended to {ledger}; no token is stored.",
        f"It reads the dialect{'s' if len(dialects) > 1 else ''} {names}: {_paths(dialects)}.",
        f"For others: --token-path PATH, or --dialect ({called()} dialects lists them). Ctrl-C ends it.",
    ]
    if rewrites:
        lines.insert(-1, "It changes what would lead clients around it, and the record says where.")
    if tls is not None:
        lines += ["", *tls.trust_lines]
    if exposed:
        targets = " and ".join(places.values())
        lines += ["", f"EXPOSED: whoever reaches this address can reach {targets} through it."]
    return "\n".join([*lines, ""])


def _paths(dialects: Sequence[Dialect]) -> str:
    paths = [path for dialect in dialects for path in (*dialect.token_paths, *dialect.exchange_paths)]
    return f"a refresh is a POST to {', '.join(dict.fromkeys(paths))}"


def _host(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _bind(host: str, port: int) -> socket.socket:
    if not 0 <= port <= HIGHEST_PORT:
        raise CommandError(f"--port {port}: ports go from 0 (any free one) to {HIGHEST_PORT}")
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except socket.gaierror as error:
        raise CommandError(f"--host {host}: {error.strerror}") from None
    except OSError as error:  # its own text repeats the address, as asyncio's does
        why = os.strerror(error.errno) if error.errno else error
        raise CommandError(f"cannot listen on {host}:{port}: {why}; try --port 0") from None
