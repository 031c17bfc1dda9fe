"""
A process that has imported the mock and serves none: it forks one for each that is asked for.

Imports are nine tenths of a mock's start, and a score card starts a dozen. Who asks has the other end of the socket
that is this process's standard input. A request is one byte and a line of JSON:

* `+` comes with a mock's three standard streams, and says its command line, folder and environment. The answer is
  its pid.
* `-` says a pid; the answer is its exit code, once it has ended.
"""

import json
import os
import signal
import socket
import sys
from collections.abc import Callable

STREAMS = 3


def fork_when_asked(main: Callable[[], int]) -> int:
    """Answer until nobody can ask any more; in each mock, return what `main` does."""
    asked = socket.socket(fileno=os.dup(0))
    lines = asked.makefile("rb")  # reads no request's first byte: none comes before the last was answered
    interrupt = signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for mocks, and for whoever asks
    while (request := socket.recv_fds(asked, 1, STREAMS))[0]:
        kind, streams, *_ = request
        told = json.loads(lines.readline())
        if kind == b"-":
            answer = os.waitstatus_to_exitcode(os.waitpid(told, 0)[1])
        elif not (answer := os.fork()):
            lines.close()
            asked.close()
            signal.signal(signal.SIGINT, interrupt)
            _become(streams, **told)
            return main()
        for stream in streams:
            os.close(stream)
        asked.sendall(b"%d\n" % answer)
    return 0


def _become(streams: list[int], words: list[str], folder: str, environment: dict[str, str]) -> None:
    """Be as if started so."""
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv[1:] = words
