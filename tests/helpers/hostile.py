"""Hostile requests by kind, for whatever the API's own OpenAPI describes: a new route or field is in by itself."""

import json
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple
from urllib.parse import quote_from_bytes

NUMBERS = [
    *(b"NaN", b"Infinity", b"-Infinity", b"1e400", b"-1e400", b"1e308", b"-1e308", b"1e20", b"1e-320"),
    *(b"-1", b"-0", b"-0.0", b"0", b"9" * 20, b"-" + b"9" * 20, b"9" * 400, b"9" * 5_000),
]
STRINGS = [
    *(b"", b"\\ud800", b"x\\udfff@y.zz", b"\\u0000", b"\xff@\xfe.zz", b"\xed\xa0\x80", b"\xf0\x9f\xa6\x80@y.zz"),
    *(b"*" * 999, b"[!]", b"1" * 50_000, b"../..", b"%00", b"{}", b"none", b"9" * 30 + b"h"),
]
NESTED = [b"[" * deep + b"]" * deep for deep in (101, 250, 330, 900, 990, 100_000)]
NESTED += [b'{"a":' * deep + b"1" + b"}" * deep for deep in (101, 250, 330, 900, 990, 100_000)]
VALUES = [*NUMBERS, *(b'"' + text + b'"' for text in STRINGS), *NESTED, b"null", b"true", b'{"a":1,"a":2}', b"[1]"]
BODIES = [
    *NESTED,
    *NUMBERS,
    b"",
    b"\xff\xfe{\x00}\x00",
    b"\xef\xbb\xbf{}",
    b"\xff",
    b"{",
    b'{"a":"\xed\xa0\x80"}',
    b"null",
]
HEADERS = [
    b"",
    b"\xff",
    b"\xed\xa0\x80",
    b"x" * 50_000,
    b"Bearer ",
    b"Bearer \xff.\xff.\xff",
    b"Bearer " + b"." * 9_000,
]
SIGNS_IN = ("email", "password", "refresh_token")  # what is needed, although the schema leaves it open


class Sent(NamedTuple):
    """A request as it goes over the wire: target and body are encoded."""

    method: str
    target: str
    body: bytes = b""
    headers: tuple[tuple[bytes, bytes], ...] = ((b"content-type", b"application/json"),)


def requests(spec: dict[str, Any], path: str, method: str, known: dict[str, str]) -> Iterator[Sent]:
    """Yield each of its fields, parameters and headers with each hostile value in it, the rest as it should be.

    `known`: what parts of a path should be.
    """
    told = spec["paths"][path][method]
    verb, parameters = method.upper(), told.get("parameters", [])
    schema = told.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    valid = b"" if schema is None else _raw(schema, (), None)
    plain = _target(path, parameters, known)
    for parameter in parameters:
        for value in [*NUMBERS, *STRINGS]:
            yield Sent(verb, _target(path, parameters, known | {parameter["name"]: value.decode("latin-1")}), valid)
    for value in HEADERS:
        for name in (b"authorization", b"x-race401-client", b"x-supabase-api-version", b"content-type"):
            yield Sent(verb, plain, valid, ((name, value),))
    for body in BODIES:
        yield Sent(verb, plain, body)
    for field in [] if schema is None else _fields(schema):
        for value in VALUES:
            yield Sent(verb, plain, _raw(schema, field, value))


def _target(path: str, parameters: list[dict[str, Any]], given: dict[str, str]) -> str:
    """Return path and query with what is given, which stands for bytes, and what must be there."""
    query = []
    for name, each in ((each["name"], each) for each in parameters):
        raw = quote_from_bytes(given.get(name, _plain(each["schema"]).decode().strip('"')).encode("latin-1"), safe="")
        path = path.replace(f"{{{name}}}", raw)
        if each["in"] == "query" and (name in given or each.get("required")):
            query.append(f"{name}={raw}")
    return path + ("?" + "&".join(query) if query else "")


def _forms(schema: dict[str, Any]) -> list[dict[str, Any]]:
    return [form for form in schema.get("anyOf", [schema]) if form.get("type") != "null"]


def _fields(schema: dict[str, Any]) -> Iterator[tuple[str | int, ...]]:
    """Yield the way to each field; the number of its form first, where there are several."""
    for number, form in enumerate(_forms(schema)):
        inner = list(form.get("properties", {}).items()) + list(enumerate(form.get("prefixItems", [])))
        if isinstance(form.get("items"), dict):
            inner.append((0, form["items"]))
        if not inner:
            yield ()
        for name, each in inner:
            for field in _fields(each):
                yield (number, name, *field)


def _raw(schema: dict[str, Any], field: tuple[str | int, ...], value: bytes | None) -> bytes:
    """Return the JSON text with what must be there, and this value in this field."""
    if not field:
        return _plain(schema) if value is None else value
    form, name = _forms(schema)[int(field[0])], field[1]
    if isinstance(name, int):
        items = form.get("prefixItems") or [form["items"]]
        return _array(_raw(each, field[2:], value) if n == name else _plain(each) for n, each in enumerate(items))
    return _object(form, {name: _raw(form["properties"][name], field[2:], value)})


def _plain(schema: dict[str, Any]) -> bytes:
    """Return a valid value."""
    form = _forms(schema)[0]
    if form.get("type") == "object":
        return _object(form, {})
    if form.get("type") == "array":
        return _array(map(_plain, form.get("prefixItems", [])))
    if form.get("type") in {"number", "integer"}:
        return str(form.get("minimum", 1)).encode()
    if form.get("type") == "boolean":
        return b"true"
    return json.dumps(form.get("enum", form.get("examples", ["x@y.zz"]))[0]).encode()


def _object(form: dict[str, Any], given: dict[str, bytes]) -> bytes:
    inner = form.get("properties", {})
    needed = form.get("required") or [name for name in SIGNS_IN if name in inner]
    required = {name: _plain(inner[name]) for name in needed}
    return b"{" + b",".join(b'"%b":%b' % (name.encode(), text) for name, text in (required | given).items()) + b"}"


def _array(items: Iterable[bytes]) -> bytes:
    return b"[" + b",".join(items) + b"]"
