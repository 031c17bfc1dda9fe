"""An error as it stands on the wire: Supabase Auth's in both formats, and what a fault says instead of an answer."""

import json
import re
from typing import Any

from race401.ledger.dialects import reading
from race401.ledger.dialects.presets import OAUTH, SUPABASE, USUAL
from race401.ledger.entry import Entry
from race401.mock_api.races.fault import Status
from race401.mock_api.races.matching import is_a

ASKS = "x-supabase-api-version"
VERSION = "2024-01-01"
VERSION_FORM = re.compile(r"\d{4}-\d\d-\d\d")


def problem(status: int, code: str, message: str, asked: str) -> tuple[dict[str, str], dict[str, Any]]:
    """Return headers and body, in the format that the request's API version, `asked`, selects."""
    headers = {"x-sb-error-code": code}
    if VERSION_FORM.fullmatch(asked) and asked >= VERSION:
        return {**headers, ASKS: VERSION}, {"code": code, "message": message}
    return headers, {"code": status, "error_code": code, "msg": message}


def instead(fault: Status, entry: Entry, asked: str) -> tuple[list[tuple[bytes, bytes]], bytes]:
    """Return headers and body, in the format of the API version `asked`; the entry says that a fault did it."""
    entry.cause = "fault"
    if fault.status == 429 and is_a("exchange", entry):  # noqa: PLR2004
        entry.grant_outcome = "rate_limited"
    more, content = _on_purpose(fault.status, entry, asked)
    body = json.dumps(content).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    headers += [(name.encode(), value.encode()) for name, value in more.items()]
    if fault.retry_after_s is not None:
        headers.append((b"retry-after", str(fault.retry_after_s).encode()))
    return headers, body


def _on_purpose(status: int, entry: Entry, asked: str) -> tuple[dict[str, str], dict[str, Any]]:
    """Return headers and body as whoever is asked would answer so."""
    message = f"status {status} on purpose"
    dialect, _ = reading.role(USUAL, entry.method, entry.target.partition("?")[0])
    if dialect is OAUTH:
        return {}, {"error": "temporarily_unavailable", "error_description": message}
    if dialect is SUPABASE:
        limit = "over_request_rate_limit", "Request rate limit reached"
        code, text = limit if status == 429 else ("unexpected_failure", message)  # noqa: PLR2004
        return problem(status, code, text, asked)
    return {}, {"message": message}
