"""An error of Supabase Auth as it stands on the wire: both formats, and the version header that clients wait for."""

import re
from typing import Any

ASKS = "x-supabase-api-version"
VERSION = "2024-01-01"
VERSION_FORM = re.compile(r"\d{4}-\d\d-\d\d")


def problem(status: int, code: str, message: str, asked: str) -> tuple[dict[str, str], dict[str, Any]]:
    """Return headers and body, in the format that the request's API version, `asked`, selects."""
    headers = {"x-sb-error-code": code}
    if VERSION_FORM.fullmatch(asked) and asked >= VERSION:
        return {**headers, ASKS: VERSION}, {"code": code, "message": message}
    return headers, {"code": status, "error_code": code, "msg": message}
