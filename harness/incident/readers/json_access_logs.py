"""
Access logs of JSON lines: Caddy's, and Cloudflare's Logpush (data set `http_requests`).

https://caddyserver.com/docs/logging and https://developers.cloudflare.com/logs/reference/log-fields/zone/http_requests/.
Caddy writes a request's headers, an Authorization as `REDACTED`: so it tells whether there was one, and not which.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from math import isfinite
from typing import Any

from race401.harness.incident.readers.instants import instant
from race401.harness.incident.readers.plain import Line, Plain
from race401.harness.incident.readers.reader import Kind, Reading, Row
from race401.harness.incident.readers.records import Record, first, records

NO_REQUEST = "no request"
CLOUDFLARE_NEEDS = ("ClientRequestMethod", "ClientRequestURI", "EdgeResponseStatus", "EdgeStartTimestamp")


def is_caddy(record: Record) -> bool:
    """Whether a record is one of Caddy's."""
    request = record.get("request")
    return isinstance(request, dict) and "uri" in request and "method" in request and "status" in record


def is_cloudflare(record: Record) -> bool:
    """Whether a record is one of Cloudflare's."""
    return "EdgeResponseStatus" in record and ("ClientRequestURI" in record or "ClientRequestPath" in record)


def caddy(reading: Reading) -> Iterator[Row]:
    """Read Caddy's."""
    plain, shows = Plain(reading), False
    for number, record in records(reading):
        line = _caddy(number, record) if is_caddy(record) else None
        if line is None:
            reading.leave_out(NO_REQUEST, number)
            continue
        headers = record["request"].get("headers")
        names = {name.lower() for name in headers} if isinstance(headers, dict) else set()
        shows = shows or "authorization" in names
        entry, seen = plain.row(line)
        says = shows and bool(names) and not names & {"authorization", "cookie"}
        if says and entry.unauthorized:
            entry.cause = "missing_token"
        reading.says_tokens = shows
        yield entry, replace(seen, says_token=says)
    plain.over()


def cloudflare(reading: Reading) -> Iterator[Row]:
    """Read Cloudflare's."""
    plain = Plain(reading)
    for number, record in records(reading):
        line = _cloudflare(number, record) if is_cloudflare(record) else None
        if line is None:
            reading.leave_out(NO_REQUEST, number)
        else:
            yield plain.row(line)
    plain.over()


def _caddy(number: int, record: Record) -> Line | None:
    request, over, took = record["request"], instant(record.get("ts")), _number(record.get("duration"))
    if over is None or not isinstance(record["status"], int):
        return None
    headers = request.get("headers") or {}
    agent = headers.get("User-Agent") if isinstance(headers, dict) else None
    length = record.get("bytes_read")
    return Line(
        row=number,
        method=str(request["method"]),
        target=str(request["uri"]),
        status=record["status"],
        at=over,
        received_at=None if took is None else over - took,
        origin=str(request.get("host", "")),
        address=str(request.get("client_ip") or request.get("remote_ip") or ""),
        agent=str(agent[0]) if isinstance(agent, list) and agent else "",
        hung_up=record["status"] == 0,
        body_length=length if isinstance(length, int) else None,
    )


def _cloudflare(number: int, record: Record) -> Line | None:
    began, over = instant(record.get("EdgeStartTimestamp")), instant(record.get("EdgeEndTimestamp"))
    at = began if over is None else over
    status = record["EdgeResponseStatus"]
    if at is None or not isinstance(status, int):
        return None
    return Line(
        row=number,
        method=str(record.get("ClientRequestMethod", "?")),
        target=str(record.get("ClientRequestURI") or record.get("ClientRequestPath")),
        status=status,
        at=at,
        received_at=None if over is None else began,
        origin=str(record.get("ClientRequestHost", "")),
        address=str(record.get("ClientIP", "")),
        agent=str(record.get("ClientRequestUserAgent", "")),
    )


def _number(told: Any) -> float | None:
    return float(told) if isinstance(told, int | float) and not isinstance(told, bool) and isfinite(told) else None


def _fits(known: Callable[[Record], bool]) -> Callable[[str], bool]:
    return lambda text: any(map(known, first(text)))


CADDY = Kind(name="Caddy access log", unit="line", side="server", fits=_fits(is_caddy), read=caddy)
CLOUDFLARE = Kind(name="Cloudflare log", unit="line", side="between", fits=_fits(is_cloudflare), read=cloudflare)
