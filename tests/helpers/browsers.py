"""Chrome's HAR as other programs would have written it: the same requests, each in its own shape."""

import base64
import copy
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

Har = dict[str, Any]
SUMMER = timezone(timedelta(hours=2))


def firefox(har: Har) -> Har:
    """Local time with its zone, bodies' parameters, `Set-Cookie` each on its own, status 0 without a word."""
    return _as(har, {"name": "Firefox", "version": "124.0.2"}, _firefox)


def safari(har: Har) -> Har:
    """No size of a request's body, its own field for caches."""
    return _as(har, {"name": "WebKit Web Inspector", "version": "1.0"}, _safari)


def charles(har: Har) -> Har:
    """Bodies in base64, no pages, names of headers as they were on the wire."""
    return _as(har, {"name": "Charles Proxy", "version": "4.6.4"}, _charles)


def mitmproxy(har: Har) -> Har:
    """Microseconds, no pages, no `blocked`."""
    return _as(har, {"name": "mitmproxy", "version": "10.2.4", "comment": ""}, _mitmproxy)


PROGRAMS: dict[str, Callable[[Har], Har]] = {"Chrome": copy.deepcopy} | {
    each.__name__: each for each in (firefox, safari, charles, mitmproxy)
}


def _as(har: Har, creator: dict[str, str], change: Callable[[Har], None]) -> Har:
    copied = copy.deepcopy(har)
    copied["log"]["creator"] = creator
    for entry in copied["log"]["entries"]:
        for own in ("_initiator", "_priority", "_resourceType", "connection"):
            entry.pop(own, None)
        for own in ("_transferSize", "_error"):
            entry["response"].pop(own, None)
        change(entry)
    return copied


def _firefox(entry: Har) -> None:
    at = datetime.fromisoformat(entry["startedDateTime"]).astimezone(SUMMER)
    entry["startedDateTime"] = at.isoformat(timespec="milliseconds")
    entry["_securityState"] = "secure"
    if "postData" in entry["request"]:
        entry["request"]["postData"]["params"] = []
    if not entry["response"]["status"]:
        entry["response"] |= {"httpVersion": "", "headers": [], "content": {"mimeType": "text/plain", "size": 0}}


def _safari(entry: Har) -> None:
    entry["_fetchType"] = "Network Load"
    entry["request"]["bodySize"] = -1


def _charles(entry: Har) -> None:
    entry.pop("pageref", None)
    for message in (entry["request"], entry["response"]):
        for header in message["headers"]:
            header["name"] = header["name"].title()
    content = entry["response"]["content"]
    content |= {"encoding": "base64", "text": base64.b64encode(content["text"].encode()).decode()}


def _mitmproxy(entry: Har) -> None:
    entry.pop("pageref", None)
    entry["startedDateTime"] = entry["startedDateTime"].replace("Z", "+00:00")
    entry["timings"].pop("blocked")
    if "postData" in entry["request"]:
        entry["request"]["postData"]["params"] = []
