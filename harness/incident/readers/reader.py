"""What all readers have in common: a kind of file, what is the same for all files, and what comes of one."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from race401.harness.incident.evidence import ROWS, Clock, Seen, Side
from race401.harness.incident.readers.opening import Opened
from race401.ledger.dialects.dialect import Dialect
from race401.ledger.entry import Entry
from race401.ledger.fingerprints import Fingerprints
from race401.ledger.masking import Masking

Row = tuple[Entry, Seen]
"""A row that became an entry. Instants are already the incident's; nothing but secrets is masked yet."""
UNTIMED_S = 1.0  # a request of which only the end is known came in about this time before: its order is not claimed
LEFT_OUT = 20  # reasons for which a file's rows were left out, and their examples, that are kept


class ReadingError(Exception):
    """The file can't be read as asked; one line says what is wrong and what would be right."""


@dataclass(frozen=True, kw_only=True)
class How:
    """What is the same for all files. `dialects`: as asked for; None: recognise them among the presets."""

    fingerprints: Fingerprints = field(default_factory=Fingerprints)
    dialects: Sequence[Dialect] | None = None
    format: str | None = None  # of an access log, in nginx's or Apache's words
    mapping: object = None  # of JSON lines of no known kind: a `mapping.FieldMap`


@dataclass(kw_only=True)
class Reading:
    """One file under way, and what was noticed of it."""

    opened: Opened
    index: int  # its place among the files
    how: How
    rows: int = 0
    says_tokens: bool = False
    sanitized: bool = False
    torn: bool = False
    side: Side | None = None  # where it is not that of its kind
    kind: str | None = None  # likewise
    unit: str | None = None  # likewise
    dialects: tuple[str, ...] = ()
    key: str | None = None
    clock: Clock = field(default_factory=Clock)
    resolution: float = 0.001
    timed: bool = True
    origins: set[str] = field(default_factory=set)
    left_out: dict[str, list[int]] = field(default_factory=dict)  # why rows became no entries: which
    counts: dict[str, int] = field(default_factory=dict)  # likewise: how many
    lacks: list[tuple[str, str, list[int], int]] = field(default_factory=list)  # what, what fills it, rows, how many

    def leave_out(self, why: str, row: int) -> None:
        """Note that a row became no entry."""
        self.counts[why] = self.counts.get(why, 0) + 1
        if len(some := self.left_out.setdefault(why, [])) < LEFT_OUT:
            some.append(row)

    def lack(self, what: str, fills: str, rows: Sequence[int], n: int | None = None) -> None:
        """Note that rows do not tell something (all, where none are named), and what would."""
        self.lacks.append((what, fills, list(rows[:ROWS]), len(rows) if n is None else n))


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of file. `fits`: by the file's first characters; `read`: yields its rows in the file's order."""

    name: str
    unit: str
    side: Side
    fits: Callable[[str], bool]
    read: Callable[[Reading], Iterator[Row]]

    @property
    def called(self) -> str:
        """The name with its article; of a plural it has none."""
        if self.name.endswith(("events", "lines")) or "'" in self.name:
            return self.name
        return f"{'an' if self.name[0] in 'AEIOUaeiou' else 'a'} {self.name}"


class Noted:
    """A record of entries in memory, for what reads the wire as the proxy does."""

    def __init__(self, fingerprints: Fingerprints) -> None:
        self.fingerprints, self.masking = fingerprints, Masking(fingerprints)
        self.last: Entry | None = None

    def write(self, entry: Entry) -> None:
        """Keep it until the next one comes."""
        self.masking.mask(entry)
        self.last = entry
