"""A format string of an access log, in nginx's words (`$remote_addr`) or Apache's (`%h`), as a pattern of lines."""

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass

NGINX = {
    "remote_addr": "address",
    "realip_remote_addr": "",
    "http_x_forwarded_for": "",
    "time_local": "at",
    "time_iso8601": "at",
    "msec": "at",
    "request": "request",
    "request_method": "method",
    "request_uri": "target",
    "uri": "path",
    "args": "query",
    "query_string": "query",
    "status": "status",
    "request_time": "took_s",
    "http_user_agent": "agent",
    "host": "host",
    "http_host": "host",
    "server_name": "host",
}
APACHE = {
    "h": "address",
    "a": "address",
    "t": "at",
    "r": "request",
    "m": "method",
    "U": "path",
    "q": "query",
    "s": "status",
    ">s": "status",
    "D": "took_us",
    "T": "took_s",
    "{ms}T": "took_ms",
    "{us}T": "took_us",
    "{s}T": "took_s",
    "{sec}t": "at",
    "{msec}t": "at",
    "{usec}t": "at",
    "{User-Agent}i": "agent",
    "{Host}i": "host",
    "v": "host",
    "V": "host",
    "X": "connection",
}
VARIABLE = re.compile(r"\$\{?(\w+)\}?")
DIRECTIVE = re.compile(r"%[!\d,]*([<>]?(?:\{[^}]*\})?\^?[a-zA-Z]{1,2}?)(?![a-zA-Z]{2})")
REQUEST = re.compile(r"([A-Z]+) (.*?)(?: HTTP/[\d.]+)?")
PRECISE = ("msec", "{msec}t", "{usec}t")
UNITS = {"took_s": 1.0, "took_ms": 1e-3, "took_us": 1e-6}


class FormatError(ValueError):
    """The string describes no line that could be read; the message says what is wrong."""


@dataclass(frozen=True)
class Format:
    """What reads lines. `begins`: their instant is the request's arrival; `resolution`: s."""

    pattern: re.Pattern[str]
    names: tuple[str, ...]
    begins: bool
    resolution: float

    def read(self, line: str) -> dict[str, str] | None:
        """Return what a line says: method, target, status, at and others; None: it is no such line."""
        found = self.pattern.fullmatch(line)
        if found is None:
            return None
        told = {name: value for name, value in zip(self.names, found.groups(), strict=True) if name}
        if "request" in told:
            asked = REQUEST.fullmatch(told["request"])
            if asked is None:
                return None
            told["method"], told["target"] = asked.groups()
        elif "target" not in told:
            query = told.get("query", "")
            mark = "?" if query not in ("", "-") and not self.begins else ""  # Apache writes it itself
            told["target"] = told["path"] + mark + ("" if query == "-" else query)
        return told if told["status"].isdigit() else None

    def seconds(self, told: Mapping[str, str]) -> float | None:
        """Return how long the request took, where the line says it."""
        for name, unit in UNITS.items():
            if name in told:
                try:
                    return float(told[name]) * unit
                except ValueError:
                    return None
        return None


def parsed(text: str) -> Format:
    """Return the format that a string describes. Raises FormatError."""
    nginx = "$" in text
    finds, known = (VARIABLE, NGINX) if nginx else (DIRECTIVE, APACHE)
    pieces, names, at = list[str](), list[str](), 0
    instants: list[str] = []
    for found in finds.finditer(text):
        word = found[1]
        pieces.append(re.escape(text[at : found.start()]))
        at = found.end()
        name = known.get(word, "")
        wrapped = word == "t" and not nginx  # Apache writes the brackets itself
        pieces.append(r"\[(.*?)\]" if wrapped else "(.*?)" if at < len(text) else "(.*)")
        names.append(name)
        if name == "at":
            instants.append(word)
    pieces.append(re.escape(text[at:]))
    _complete(names, text, nginx=nginx)
    precise = any(word in PRECISE for word in instants)
    return Format(re.compile("".join(pieces)), tuple(names), not nginx, 0.001 if precise else 1.0)


def _complete(names: list[str], text: str, *, nginx: bool) -> None:
    """Refuse what leaves out something without which a line is no request."""
    there = set(names)
    if "request" in there:
        there |= {"method", "target"}
    if "path" in there:
        there.add("target")
    needed = {
        "at": ("$time_local", "%t"),
        "method": ("$request", "%r"),
        "target": ("$request_uri", "%U%q"),
        "status": ("$status", "%>s"),
    }
    lacks = [words[0 if nginx else 1] for name, words in needed.items() if name not in there]
    if not names:
        raise FormatError(f"{text!r} names no field; expected nginx's ($remote_addr ...) or Apache's (%h ...)")
    if lacks:
        known = sorted(NGINX) if nginx else sorted(APACHE)
        odd = [word for word in VARIABLE.findall(text) if word not in NGINX] if nginx else []
        near = [close for word in odd for close in difflib.get_close_matches(word, known, 1)]
        meant = f" (did you mean ${near[0]}?)" if near else ""
        raise FormatError(f"a line without {', '.join(dict.fromkeys(lacks))} tells of no request{meant}")
