"""
JSON lines of no known kind, by a mapping in TOML: which field of a line says what.

at = "ts"                     # needed: a number since the epoch (s, ms, us, ns), or text with a zone
method = "http.method"        # `a.b` is b within a
target = "http.url"           # path and query, or a whole URL
status = "http.status"
took_ms = "duration"          # or took_s, took_us; without it only the answer's instant is known
refresh_token = "token.hash"  # what stands for a token; equal ones are one token

[kind]                        # what a line tells of, by a field's value; without it by path and query
field = "event"
exchange = ["refresh"]
"""

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, get_args
from urllib.parse import urlsplit

from race401.harness.incident.readers.instants import instant
from race401.harness.incident.readers.plain import Line, Plain
from race401.harness.incident.readers.reader import Kind, Reading, ReadingError, Row
from race401.harness.incident.readers.records import Record, records
from race401.ledger import toml_files
from race401.ledger.dialects.reading import values
from race401.ledger.entry import Entry
from race401.ledger.entry import Kind as Asked

TOOK = {"took_s": 1.0, "took_ms": 1e-3, "took_us": 1e-6}
TEXTS = ("host", "address", "agent", "grant", "said", "user", "session")
TOKENS = {
    "access_token": "sent",
    "refresh_token": "presented",
    "new_access_token": "brought_access",
    "new_refresh_token": "brought_refresh",
}
FIELDS = ("at", "method", "target", "status", *TOOK, *TEXTS, *TOKENS)
KINDS: tuple[str, ...] = get_args(Asked)
OTHER = "lacks what the mapping names"


@dataclass(frozen=True)
class FieldMap:
    """Which field says what; `kinds`: by a value of the field `kind`."""

    fields: Mapping[str, tuple[str, ...]]
    kind: tuple[str, ...] = ()
    kinds: Mapping[str, str] = field(default_factory=dict)

    def value_of(self, record: Record, name: str) -> Any:
        """Return what a record says of this; None: nothing."""
        path = self.fields.get(name)
        if path is None:
            return None
        whole = record.get(".".join(path))  # a name may have dots itself
        return whole if whole is not None else next(values(record, path), None)


def load(path: Path) -> FieldMap:
    """Return the mapping of a file. Raises ReadingError, which names all that is wrong with it."""
    told = toml_files.tables(path, lambda why: ReadingError(f"--mapping {why}"))
    about = told.pop("kind", {})
    wrong = [*_problems(told), *_problems_of_kind(about)]
    if "at" not in told:
        wrong.append('at is missing; write at = "FIELD", the field with the instant')
    if not {"method", "target", "status"} <= told.keys() and not about:
        wrong.append("name method, target and status, or a [kind]")
    if wrong:
        raise ReadingError("; ".join(f"--mapping {path}: {problem}" for problem in wrong))
    kinds = {str(value): name for name in about if name != "field" for value in _listed(about[name])}
    fields = {name: tuple(where.split(".")) for name, where in told.items()}
    return FieldMap(fields, tuple(about.get("field", "").split(".")) if about else (), kinds)


def read(reading: Reading) -> Iterator[Row]:
    """Read the lines by the mapping that was given."""
    mapping = reading.how.mapping
    assert isinstance(mapping, FieldMap)
    plain, fingerprint = Plain(reading), reading.how.fingerprints.fingerprint
    for number, record in records(reading):
        line = _line(mapping, number, record)
        if line is None:
            reading.leave_out(OTHER, number)
            continue
        entry, seen = plain.row(line)
        if mapping.kind and (kind := mapping.kinds.get(str(next(values(record, mapping.kind), "")))) is not None:
            _is(entry, kind)
        for name, fact in TOKENS.items():
            if (token := mapping.value_of(record, name)) is not None:
                setattr(entry, fact, fingerprint(str(token)))
        yield entry, replace(seen, says_status=mapping.value_of(record, "status") is not None)
    plain.over()


def _is(entry: Entry, kind: str) -> None:
    """Make an entry what the mapping says it is."""
    assert kind in KINDS
    entry.kind = kind  # type: ignore[assignment]


def _line(mapping: FieldMap, number: int, record: Record) -> Line | None:
    at, status = instant(mapping.value_of(record, "at")), mapping.value_of(record, "status")
    if at is None or (status is not None and not str(status).isdigit()):
        return None
    took = next(
        (float(t) * unit for name, unit in TOOK.items() if _is_number(t := mapping.value_of(record, name))), None
    )
    url = urlsplit(str(mapping.value_of(record, "target") or "?"))
    texts = {name: str(told) for name in TEXTS if (told := mapping.value_of(record, name)) is not None}
    return Line(
        row=number,
        method=str(mapping.value_of(record, "method") or "?").upper(),
        target=url.path + (f"?{url.query}" if url.query else ""),
        status=0 if status is None else int(status),
        at=at,
        received_at=None if took is None else at - took,
        origin=texts.pop("host", url.hostname or ""),
        **texts,  # type: ignore[arg-type]
    )


def _is_number(told: Any) -> bool:
    return isinstance(told, int | float) and not isinstance(told, bool)


def _problems(told: Mapping[str, Any]) -> Iterator[str]:
    for name, where in told.items():
        if name not in FIELDS:
            near = difflib.get_close_matches(name, FIELDS, 1)
            yield f"{name}: no such field; " + (f"did you mean {near[0]}?" if near else f"known: {', '.join(FIELDS)}")
        elif not isinstance(where, str) or not where:
            yield f"{name} = {where!r}: must be the name of a field, in quotes"


def _problems_of_kind(about: Any) -> Iterator[str]:
    if not isinstance(about, dict):
        yield 'kind: write [kind], and below it field = "NAME" and what its values mean'
        return
    if about and not isinstance(about.get("field"), str):
        yield '[kind] needs field = "NAME", the field whose value says what a line tells of'
    for name in about:
        if name != "field" and name not in KINDS:
            yield f"[kind] {name}: no such kind; known: {', '.join(KINDS)}"


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


KIND = Kind(name="JSON lines by a mapping", unit="line", side="server", fits=lambda _text: False, read=read)
