"""
Access logs, a line a request: nginx's and Apache's combined format, or the one that a format string describes;
Apache's `vhost_combined` has the host before it.

nginx writes a line's instant when the request is over, Apache when it came (`%t`); both combined formats look alike,
so that without a format an instant is taken for the end, and known to the second.
https://nginx.org/en/docs/http/ngx_http_log_module.html, https://httpd.apache.org/docs/2.4/mod/mod_log_config.html
"""

import re
from collections.abc import Callable, Iterator

from race401.harness.incident.readers.formats import Format, FormatError, parsed
from race401.harness.incident.readers.instants import common, instant
from race401.harness.incident.readers.plain import Line, Plain
from race401.harness.incident.readers.reader import Kind, Reading, ReadingError, Row

COMBINED = re.compile(
    r'(?:([\w.-]+):\d+ )?(\S+) \S+ (?:\S+|"[^"]*") \[([^\]]+)\] '
    r'"([A-Z]+) ((?:[^"\\]|\\.)*?)(?: HTTP/[\d.]+)?" (\d{3}) \S+'
    r'(?: "(?:[^"\\]|\\.)*" "((?:[^"\\]|\\.)*)")?(.*)'
)
NAMED_DURATION = re.compile(r'\b(?:rt|request_time|req_time|duration)[=:]"?(\d+\.\d+)')
DAMAGED = "no request"


def fits(text: str) -> bool:
    """Whether most of the first lines are."""
    lines = [line for line in text.splitlines()[:20] if line.strip()]
    return sum(COMBINED.match(line) is not None for line in lines) * 2 > len(lines)


def read(reading: Reading) -> Iterator[Row]:
    """Read the lines."""
    line_of, reading.resolution = _reader(reading)
    plain = Plain(reading)
    for number, text, whole in reading.opened.lines():
        reading.rows += 1
        line = line_of(number, text)
        if line is not None and (whole or line.status):
            yield plain.row(line)
        elif not whole:
            reading.torn = True
        else:
            reading.leave_out(DAMAGED, number)
    plain.over()


def _reader(reading: Reading) -> tuple[Callable[[int, str], Line | None], float]:
    """Return what reads a line, and how far apart its instants are at least; s."""
    if reading.how.format is None:
        return _combined, 1.0
    try:
        format_ = parsed(reading.how.format)
    except FormatError as error:
        raise ReadingError(f"--format: {error}") from None
    return _by(format_), format_.resolution


def _combined(number: int, text: str) -> Line | None:
    found = COMBINED.match(text)
    at = None if found is None else common(found[3])
    if found is None or at is None:
        return None
    host, address, _, method, target, status, agent, rest = found.groups()
    took = NAMED_DURATION.search(rest)
    return Line(
        row=number,
        method=method,
        target=target,
        status=int(status),
        at=at,
        received_at=None if took is None else at - float(took[1]),
        origin=host or "",
        address=address,
        agent=agent or "",
    )


def _by(format_: Format) -> Callable[[int, str], Line | None]:
    def line(number: int, text: str) -> Line | None:
        told = format_.read(text)
        at = None if told is None else instant(told["at"])
        if told is None or at is None:
            return None
        took = format_.seconds(told)
        over = at if not format_.begins else at + (took or 0.0)
        began = at if format_.begins else None if took is None else at - took
        return Line(
            row=number,
            method=told["method"],
            target=told["target"],
            status=int(told["status"]),
            at=over,
            received_at=began,
            origin=told.get("host", ""),
            address=told.get("address", ""),
            agent=told.get("agent", ""),
            hung_up=told.get("connection") == "X",
        )

    return line


KIND = Kind(name="access log", unit="line", side="server", fits=fits, read=read)
