"""What can be chosen about the mock as a process. It imports nothing that serves: wrong usage should not wait."""

import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from race401.mock_api.ledger import KEPT
from race401.mock_api.rules.worlds import OPTIONS


def add_options(parser: ArgumentParser, port: int = 0) -> None:
    """Declare what can be chosen about the mock."""
    free_port = "0: any free one, printed when it serves" + (f" (default: {port})" if port else "")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: loopback)")
    parser.add_argument("--port", type=int, default=port, help=free_port)
    parser.add_argument("--expose", action="store_true", help="let --host be an address that others can reach")
    parser.add_argument(
        "--control-key",
        metavar="KEY",
        default=os.environ.get("RACE401_CONTROL_KEY"),
        help="lets others steer too, by the header X-Race401-Key (also: environment variable RACE401_CONTROL_KEY)",
    )
    parser.add_argument("--ledger", type=Path, help="append every entry to this file, one JSON object a line")
    parser.add_argument(
        "--key-file",
        type=Path,
        metavar="FILE",
        help="keeps the key of the ledger's fingerprints, so that those of several runs compare (default: in memory)",
    )
    parser.add_argument("--store", metavar="URL", help="a Redis that processes share; --ledger is then a folder")
    parser.add_argument("--workers", type=int, default=1, metavar="N", help="so many processes, over --store")
    parser.add_argument("--kept", type=int, default=KEPT, help="entries of the ledger that are held in memory")
    parser.add_argument("--worlds", type=Path, help="serve the worlds of this TOML file too")
    parser.add_argument("--program", action="append", help="arm a race program: a shipped one's name, or a TOML file")
    for name, setting in OPTIONS.items():
        kind: dict[str, Any] = {"action": "store_true"} if setting.default is False else {"type": float}
        parser.add_argument(flag(name), default=None, help=setting.metadata["option"], **kind)


def flag(name: str) -> str:
    """Return the option of a world's setting, as it is written."""
    return f"--{name.replace('_', '-')}"
