"""What stands where somebody took a secret out: it is no token, and two of them are not equal."""

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode

TAKEN_OUT = re.compile(  # "[redacted]", "REDACTED", "<removed>", "[authorization redacted]", "***", "xxxx", "..."
    r"""[\[<({*\s]*
    (?: (?:[\w-]+[\s_-]+){0,3} (?:redacted|removed|masked|hidden|filtered|scrubbed|saniti[sz]ed|omitted)
          (?:[\s_-]+[\w-]+){0,2}
      | x{3,} | \*{3,} | \u2022{3,} | \.{3,} | \u2026+ )
    [\]>)}*\s]*""",
    re.IGNORECASE | re.VERBOSE,
)

HINT = re.compile(
    r"redacted|removed|masked|hidden|filtered|scrubbed|saniti[sz]ed|omitted|xxx|\*\*\*|\u2022|\.\.\.|\u2026",
    re.IGNORECASE,
)


def is_redacted(value: str) -> bool:
    """Tell whether a value, or what follows its scheme (`Bearer [redacted]`), was taken out."""
    return bool(TAKEN_OUT.fullmatch(value) or TAKEN_OUT.fullmatch(value.partition(" ")[2] or "-"))


def without(body: str) -> str:
    """Return a body without the fields that were taken out: they are not there."""
    if not HINT.search(body):
        return body
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        pairs = parse_qsl(body, keep_blank_values=True)
        left = [(name, value) for name, value in pairs if not is_redacted(value)]
        return body if len(left) == len(pairs) else urlencode(left)
    return json.dumps(_left(told))


def as_form(fields: Mapping[str, str]) -> bytes:
    """Return fields as a form."""
    return urlencode(fields).encode()


def _left(told: Any) -> Any:
    if isinstance(told, dict):
        kept = {name: value for name, value in told.items() if not (isinstance(value, str) and is_redacted(value))}
        return {name: _left(value) for name, value in kept.items()}
    return [_left(each) for each in told] if isinstance(told, list) else told
