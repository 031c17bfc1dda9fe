"""The requests of a HAR, one by one, each as the exchange that it tells of; what is no request is said to be none."""

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from math import isfinite
from typing import Any
from urllib.parse import urlsplit

import ijson

from race401.harness.incident.readers import redacted
from race401.harness.incident.readers.opening import CHUNK
from race401.harness.incident.readers.reader import Reading
from race401.harness.incident.readers.watched import Concerned, Exchanged
from race401.ledger.dialects.presets import DIALECTS
from race401.ledger.secrecy import secret_by_name

PORTS = {"http": 80, "https": 443}
LONGEST = 1_048_576  # characters of an answer that are read, as by the proxy
ERRORS = 400  # and above: statuses whose bodies say what is wrong
LONGEST_ERROR = 16_384  # characters of such a body
CREDENTIALS = frozenset({"authorization", "cookie", "set-cookie"})
TELLING = CREDENTIALS | {
    *("user-agent", "www-authenticate", "location", "date", "age", "retry-after"),
    *("apikey", "content-length", "sec-fetch-dest", "x-race401-client", "x-race401-attempt"),
    *(dialect.action_header for dialect in DIALECTS.values() if dialect.action_header),
}
ASSETS = frozenset(  # what browsers load without a header of the app
    {"stylesheet", "script", "image", "font", "media", "manifest", "texttrack", "ping", "document", "eventsource"}
)
HTML, ASSET = (
    "text/html",
    re.compile(r"text/(?:html|css|javascript)|application/(?:x-)?javascript|(?:image|font|video|audio)/"),
)
FETCH = "empty"  # `Sec-Fetch-Dest` of what a script asks for
TIMINGS = ("blocked", "dns", "connect", "send", "wait", "receive")


@dataclass(frozen=True, slots=True)
class Item:
    """A request of a HAR. Instants are s since the epoch on the file's clock."""

    row: int
    origin: str
    one: Exchanged
    page: str | None
    body_length: int | None  # None: nothing says it
    asset: bool  # a page, a script, a picture: what browsers load without a token
    taken_out: bool  # somebody took a credential out of it
    waited: float  # s in the browser, before it left


def items(reading: Reading, concerned: Concerned, *, first: bool = False) -> Iterator[Item]:
    """Yield the requests; `first`: count the entries, and note those that are none."""
    note = reading.leave_out if first else lambda _why, _row: None
    row = 0
    with reading.opened.utf8() as file:
        try:
            for row, told in enumerate(ijson.items(file, "log.entries.item", use_float=True, buf_size=CHUNK), 1):
                if isinstance(item := _item(row, reading.index, _dict(told), concerned), Item):
                    yield item
                else:
                    note(item, row)
        except (ijson.JSONError, EOFError):
            reading.torn = True
    reading.torn = reading.torn or reading.opened.cut
    reading.rows = row


def _item(row: int, index: int, told: dict[str, Any], concerned: Concerned) -> Item | str:
    """Return a request, or why an entry is none."""
    request, response = _dict(told.get("request")), _dict(told.get("response"))
    began_at = _instant(told.get("startedDateTime"))
    try:
        url = urlsplit(_text(request.get("url")))
        port = url.port
    except ValueError:
        return "an address that cannot be read"
    if url.scheme not in PORTS or not url.hostname:
        return "not HTTP"
    if began_at is None:
        return "nothing says when it was"
    if told.get("_fromCache") or _text(told.get("_fetchType")).endswith("Cache"):  # Chrome's; Safari's, unchecked
        return "answered from the browser's cache"
    if response.get("_fetchedViaServiceWorker") or told.get("_fetchType") == "Service Worker":
        return "answered by a service worker, whose own requests stand beside it"
    origin = url.hostname if port in (None, PORTS[url.scheme]) else f"{url.hostname}:{port}"
    target = (url.path or "/") + (f"?{url.query}" if url.query else "")
    one, hidden = _exchanged(told, index, target.replace(" ", "%20"), began_at, concerned)
    waited = one.received_at - began_at
    page = _text(told.get("pageref")) or None
    return Item(row, origin, one, page, _body_length(request, one), _is_asset(told, one, response), hidden, waited)


def _exchanged(
    told: dict[str, Any], index: int, target: str, began_at: float, concerned: Concerned
) -> tuple[Exchanged, bool]:
    """Return a request with its answer, and whether credentials were taken out of it."""
    request, response = _dict(told.get("request")), _dict(told.get("response"))
    method = _text(request.get("method")).upper() or "?"
    headers, hidden = _headers(request)
    if (cookies := request.get("cookies")) and not any(name == "cookie" for name, _ in headers):
        left = [(name, value) for name, value in _pairs(cookies) if not redacted.is_redacted(value)]
        headers += [("cookie", "; ".join(f"{name}={value}" for name, value in left))] if left else []
    status = int(_number(response.get("status")))
    error = (_text(response.get("_error")) or _text(told.get("_error"))).lower()
    body = _body(request)
    read = concerned(method, target.partition("?")[0], headers) or b"grant_type" in (body or b"")
    agent = next((value for name, value in headers if name == "user-agent"), "")
    took, waited = _took(told)
    one = Exchanged(
        method=method,
        target=target,
        headers=headers,
        body=body,
        status=status if status in range(100, 600) else 0,
        answer_headers=_answer_headers(response),
        answer_body=_content(response, LONGEST if read else LONGEST_ERROR) if read or status >= ERRORS else b"",
        received_at=began_at + waited,
        answered_at=began_at + took,
        peer=f"har {index} {agent}",
        hung_up="abort" in error or "cancel" in error,
    )
    return one, hidden


def _answer_headers(response: dict[str, Any]) -> list[tuple[str, str]]:
    answer, _ = _headers(response)
    names = {name for name, _ in answer}
    if "set-cookie" not in names and (cookies := response.get("cookies")):
        answer += [("set-cookie", f"{name}={value}") for name, value in _pairs(cookies)]
    if (redirects_to := _text(response.get("redirectURL"))) and "location" not in names:
        answer.append(("location", redirects_to))
    return answer


def _took(told: dict[str, Any]) -> tuple[float, float]:
    """Return how long a request took, and how long it had been held back before it left; s."""
    timings = _dict(told.get("timings"))
    parts = [max(0.0, _number(timings.get(name))) for name in TIMINGS]
    total = max(0.0, _number(told.get("time"))) or sum(parts)
    return total / 1000, min(sum(parts[:4]), total) / 1000


def _headers(message: dict[str, Any]) -> tuple[list[tuple[str, str]], bool]:
    """Return those that tell something, and whether others were taken out.

    Chrome writes several `Set-Cookie` as one, with newlines.
    """
    found, hidden = list[tuple[str, str]](), False
    for name, value in _pairs(message.get("headers"), telling=True):
        name = name.lower()  # noqa: PLW2901 - the same
        if name in CREDENTIALS and redacted.is_redacted(value):
            hidden = True
        elif "\n" in value:
            found += [(name, line) for line in value.split("\n")]
        else:
            found.append((name, value))
    return found, hidden


@lru_cache(4_096)
def _tells(name: str) -> bool:
    """Whether a header of this name tells of tokens, clients or clocks."""
    return name.lower() in TELLING or secret_by_name(name)


def _body(request: dict[str, Any]) -> bytes | None:
    """Return the request's body; None: it is not there, or somebody took it out."""
    post = request.get("postData")
    if isinstance(post, dict):
        if text := _text(post.get("text")):
            return None if redacted.is_redacted(text) else redacted.without(text).encode("utf-8", "surrogatepass")
        if fields := _pairs(post.get("params")):
            return redacted.as_form({name: value for name, value in fields if not redacted.is_redacted(value)})
    return b"" if request.get("bodySize") == 0 else None


def _body_length(request: dict[str, Any], one: Exchanged) -> int | None:
    """Return the length of its body, by whatever tells it; browsers show no bytes of a file, and give it no size."""
    said = dict(one.headers).get("content-length", "")
    length = max(int(_number(request.get("bodySize"), -1)), int(said) if said.isascii() and said.isdigit() else -1)
    return length if length > 0 else None if one.body is None else len(one.body)


def _content(response: dict[str, Any], longest: int) -> bytes:
    content = _dict(response.get("content"))
    text = _text(content.get("text"))
    if len(text) > longest:
        return b""
    if content.get("encoding") == "base64":
        try:
            text = base64.b64decode(text).decode("utf-8", "replace")
        except ValueError:
            return b""
    return redacted.without(text).encode("utf-8", "surrogatepass")


def _is_asset(told: dict[str, Any], one: Exchanged, response: dict[str, Any]) -> bool:
    if kind := _text(told.get("_resourceType")):
        return kind in ASSETS
    if destination := dict(one.headers).get("sec-fetch-dest"):
        return destination != FETCH
    mime = _text(_dict(response.get("content")).get("mimeType"))
    page_of_an_error = one.status >= ERRORS and mime.startswith(HTML)  # as gateways answer calls, too
    return one.method == "GET" and ASSET.match(mime) is not None and not page_of_an_error


def _pairs(listed: Any, *, telling: bool = False) -> list[tuple[str, str]]:
    """Return names and values; `telling`: of headers, those that tell something."""
    found = []
    for each in listed if isinstance(listed, list) else ():
        if isinstance(each, dict) and isinstance(name := each.get("name"), str) and name:
            if telling and not _tells(name):
                continue
            value = each.get("value")
            found.append((name, value if isinstance(value, str) else ""))
    return found


def _dict(told: Any) -> dict[str, Any]:
    return told if isinstance(told, dict) else {}


def _text(told: Any) -> str:
    return told if isinstance(told, str) else ""


def _number(told: Any, unsaid: float = 0.0) -> float:
    if not isinstance(told, int | float) or isinstance(told, bool) or not isfinite(told):
        return unsaid
    return float(told)


def _instant(told: Any) -> float | None:
    try:
        at = datetime.fromisoformat(_text(told))
    except ValueError:
        return None
    return None if at.tzinfo is None else at.timestamp()
