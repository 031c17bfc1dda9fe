"""`python -m mock_api`: serve the mock for another program; `race401 serve` is for people."""

import argparse
import gc
import json
import os
import sys
import threading

if __name__ == "__main__":
    gc.disable()  # until all is imported: none of it is garbage, and searching it is a quarter of a start and an end

from race401.mock_api.process.options import add_options
from race401.mock_api.process.serving import Server, ServingError, prepare
from race401.mock_api.process.template import fork_when_asked
from race401.mock_api.process.workers import Keeper

UNHEARD = 3  # exit code: nobody was there to be told where it serves


def options() -> argparse.Namespace:
    """Return what the command line says."""
    parser = argparse.ArgumentParser("python -m mock_api", description="Serve the race401 mock.")
    add_options(parser)
    parser.add_argument("--exit-with-parent", action="store_true", help="end when standard input does")
    parser.add_argument("--json", action="store_true", help="print the address as one JSON object")
    return parser.parse_args()


def main() -> int:
    """Bind, serve, end quietly."""
    chosen = options()
    try:
        serving = prepare(chosen)
    except ServingError as error:
        print(f"race401: {error}", file=sys.stderr)
        return 2
    if not gc.isenabled():
        gc.freeze()
        gc.enable()
    port = int(serving.url.rpartition(":")[2])
    as_json = json.dumps({"url": serving.url, "port": port, "pid": os.getpid()})
    server = serving.server(as_json if chosen.json else serving.announcement)
    if chosen.exit_with_parent:
        threading.Thread(target=end_with_parent, args=(server,), daemon=True).start()
    try:
        server.serve_until_ended()
    except BrokenPipeError:  # whoever started it is gone, or has seen enough: nobody knows the address
        return UNHEARD
    return 0


def end_with_parent(server: Server | Keeper) -> None:
    """Wait for the end of standard input; then stop, and do not wait for ever for that."""
    while os.read(sys.stdin.fileno(), 65_536):  # not by the buffer, whose lock this thread would have at the end
        pass
    server.end()
    timer = threading.Timer(3, os._exit, (3,))
    timer.daemon = True
    timer.start()


if __name__ == "__main__":
    if sys.argv[1:] == ["--template"]:
        import race401.mock_api.app  # noqa: F401 - half of what its mocks need

        sys.exit(fork_when_asked(main))
    sys.exit(main())
