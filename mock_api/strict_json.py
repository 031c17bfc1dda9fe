"""
JSON that can be written again: strict (RFC 8259), and not nested beyond what anybody writes.

It has no NaN, no infinity and no half of a surrogate pair. FastAPI's own parser takes all of these, and shows them
again in its refusal, which then breaks.
"""

from typing import Any, TypeVar

import msgspec

DEEPEST = 100  # arrays and objects within each other; pydantic writes 255, json a thousand

T = TypeVar("T")


class BadBody(ValueError):
    """The body is not what the route takes; the message says why."""


def parsed(raw: bytes, kind: type[T]) -> T:
    """Return the value of a JSON text; raises BadBody. Of a name that comes twice in an object, the last counts."""
    try:
        if raw.count(b"[") + raw.count(b"{") > DEEPEST and _deeper(msgspec.json.decode(raw)):
            raise BadBody(f"JSON is nested deeper than {DEEPEST}")
        return msgspec.json.decode(raw, type=kind)
    except (msgspec.MsgspecError, UnicodeError) as error:
        raise BadBody(str(error)) from None
    except RecursionError:
        raise BadBody(f"JSON is nested deeper than {DEEPEST}") from None


def _deeper(value: Any) -> bool:
    level = [value]
    for _ in range(DEEPEST):
        level = [inner for each in level for inner in _within(each)]
    return bool(level)


def _within(value: dict[str, Any] | list[Any]) -> list[Any]:
    """Return the arrays and objects right within this one."""
    inner = value.values() if isinstance(value, dict) else value
    return [each for each in inner if isinstance(each, dict | list)]
