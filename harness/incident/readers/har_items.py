"""The requests of a HAR, one by one, each as the exchange that it tells of; what is no request is said to be none."""

import base64
from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import ijson

from race401.harness.incident.readers import redacted
from race401.harness.incident.readers.reader import Reading
from race401.harness.incident.readers.watched import Exchanged

PORTS = {"http": 80, "https": 443}
LONGEST = 1_048_576  # characters of an answer that are read, as by the proxy
CHUNK = 262_144  # bytes that are parsed at once


class Item(NamedTuple):
    """A request of a HAR. Instants are s since the epoch on the file's clock."""

    row: int
    origin: str
    target: str
    began_at: float
    left_at: float
    ended_at: float
    request: dict[str, Any]
    response: dict[str, Any]
    told: dict[str, Any]  # the whole entry


def items(reading: Reading, *, first: bool = False) -> Iterator[Item]:
    """Yield the requests; `first`: count the entries, and note those that are none."""
    note = reading.leave_out if first else lambda _why, _row: None
    row = 0
    with reading.opened.utf8() as file:
        try:
            for row, told in enumerate(ijson.items(file, "log.entries.item", use_float=True, buf_size=CHUNK), 1):
                if isinstance(item := _item(row, as_dict(told)), Item):
                    yield item
                else:
                    note(item, row)
        except (ijson.JSONError, EOFError):
            reading.torn = True
    reading.torn = reading.torn or reading.opened.cut
    reading.rows = row


def _item(row: int, told: dict[str, Any]) -> Item | str:
    """Return a request, or why an entry is none."""
    request, response = as_dict(told.get("request")), as_dict(told.get("response"))
    began_at = _instant(told.get("startedDateTime"))
    try:
        url = urlsplit(as_text(request.get("url")))
        port = url.port
    except ValueError:
        return "an address that cannot be read"
    if url.scheme not in PORTS or not url.hostname:
        return "not HTTP"
    if began_at is None:
        return "nothing says when it was"
    if told.get("_fromCache") or as_text(told.get("_fetchType")).endswith("Cache"):  # Chrome's; Safari's, unchecked
        return "answered from the browser's cache"
    if response.get("_fetchedViaServiceWorker") or told.get("_fetchType") == "Service Worker":
        return "answered by a service worker, whose own requests stand beside it"
    origin = url.hostname if port in (None, PORTS[url.scheme]) else f"{url.hostname}:{port}"
    target = (url.path or "/") + (f"?{url.query}" if url.query else "")
    took, waited = _took(told)
    return Item(row, origin, target, began_at, began_at + waited, began_at + took, request, response, told)


def _took(told: dict[str, Any]) -> tuple[float, float]:
    """Return how long a request took, and how long it had been held back before it left; s."""
    timings = as_dict(told.get("timings"))
    parts = {
        name: max(0.0, _number(timings.get(name)))
        for name in ("blocked", "dns", "connect", "send", "wait", "receive")
    }
    total = max(0.0, _number(told.get("time"))) or sum(parts.values())
    before = parts["blocked"] + parts["dns"] + parts["connect"] + parts["send"]
    return total / 1000, min(before, total) / 1000


def exchanged(item: Item, index: int, shift: float) -> Exchanged:
    """Return a request with its answer. `index`: the file's place; `shift`: s that its clock is behind."""
    request, response = item.request, item.response
    headers, body = _headers(request), _body(request)
    cookies = _pairs(request.get("cookies"))
    if cookies and not any(name == "cookie" for name, _ in headers):
        headers.append(("cookie", "; ".join(f"{name}={value}" for name, value in cookies)))
    answer = _headers(response)
    if not any(name == "set-cookie" for name, _ in answer):
        answer += [("set-cookie", f"{name}={value}") for name, value in _pairs(response.get("cookies"))]
    redirects_to = as_text(response.get("redirectURL"))
    if redirects_to and not any(name == "location" for name, _ in answer):
        answer.append(("location", redirects_to))
    status = int(_number(response.get("status")))
    error = as_text(response.get("_error")) or as_text(item.told.get("_error"))
    agent = next((value for name, value in headers if name == "user-agent"), "")
    return Exchanged(
        method=as_text(request.get("method")).upper() or "?",
        target=item.target.replace(" ", "%20"),
        headers=headers,
        body=body,
        status=status if status in range(100, 600) else 0,
        answer_headers=answer,
        answer_body=_content(response),
        received_at=item.left_at + shift,
        answered_at=item.ended_at + shift,
        peer=f"har {index} {agent}",
        hung_up="abort" in error.lower() or "cancel" in error.lower(),
    )


def _headers(message: dict[str, Any]) -> list[tuple[str, str]]:
    """Return what was not taken out; Chrome writes several `Set-Cookie` as one, with newlines."""
    pairs = ((name.lower(), value) for name, value in _pairs(message.get("headers")) if not name.startswith(":"))
    return [(name, line) for name, value in pairs for line in value.split("\n") if not redacted.is_redacted(line)]


def taken_out(request: dict[str, Any]) -> bool:
    """Whether somebody took a credential out of it."""
    credentials = (v for n, v in _pairs(request.get("headers")) if n.lower() in ("authorization", "cookie"))
    return any(redacted.is_redacted(value) for value in credentials)


def _body(request: dict[str, Any]) -> bytes | None:
    """Return the request's body; None: it is not there, or somebody took it out."""
    post = as_dict(request.get("postData"))
    if text := as_text(post.get("text")):
        return None if redacted.is_redacted(text) else redacted.without(text).encode("utf-8", "surrogatepass")
    if fields := _pairs(post.get("params")):
        left = {name: value for name, value in fields if not redacted.is_redacted(value)}
        return redacted.as_form(left)
    return b"" if request.get("bodySize") == 0 else None


def body_length(request: dict[str, Any], one: Exchanged) -> int | None:
    """Return the length of a request's body in bytes; None: nothing says it."""
    size = int(_number(request.get("bodySize"), -1))
    return size if size > 0 else None if one.body is None else len(one.body)


def _content(response: dict[str, Any]) -> bytes:
    content = as_dict(response.get("content"))
    text = as_text(content.get("text"))
    if content.get("encoding") == "base64":
        try:
            text = base64.b64decode(text).decode("utf-8", "replace")
        except ValueError:
            return b""
    return redacted.without(text).encode("utf-8", "surrogatepass") if len(text) <= LONGEST else b""


def _pairs(listed: Any) -> list[tuple[str, str]]:
    pairs = (as_dict(each) for each in (listed if isinstance(listed, list) else ()))
    return [(as_text(each.get("name")), as_text(each.get("value"))) for each in pairs if as_text(each.get("name"))]


def as_dict(told: Any) -> dict[str, Any]:
    """Return an object; of anything else, an empty one."""
    return told if isinstance(told, dict) else {}


def as_text(told: Any) -> str:
    """Return a text; of anything else, an empty one."""
    return told if isinstance(told, str) else ""


def _number(told: Any, unsaid: float = 0.0) -> float:
    return float(told) if isinstance(told, int | float) and not isinstance(told, bool) else unsaid


def _instant(told: Any) -> float | None:
    try:
        at = datetime.fromisoformat(as_text(told))
    except ValueError:
        return None
    return None if at.tzinfo is None else at.timestamp()
