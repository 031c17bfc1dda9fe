"""
What a run left: its manifest, the server's ledger, and the clients' samples as the second witness.

A run is a folder with `manifest.json`, `ledger.jsonl` and `samples.jsonl`; a ledger alone will do for a client that
says nothing of itself, and so will a folder of its segments, one of each process (`ledger-*.jsonl`). A torn last
line (the writer was killed) is recognised, and damage is named: what is there counts, and what is absent proves
nothing.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import attrgetter
from pathlib import Path
from typing import Any

import msgspec

from race401.harness.judge import alone, interning, lines, manifest, order, outcomes
from race401.harness.judge.graph import Graph
from race401.harness.judge.lines import Lines, NotLines, Source, T
from race401.ledger.entry import Entry
from race401.ledger.outcomes import SEEN

MANIFEST, LEDGER, SAMPLES, SEGMENTS = "manifest.json", "ledger.jsonl", "samples.jsonl", "ledger*.jsonl"
WANT = "; expected a run's folder, or a ledger: JSON lines, as race401 serve --ledger FILE writes them"
LOST = frozenset({"store_lost", "worker_lost"})  # causes that are the mock's own failure; see `_until_lost`


class EvidenceError(Exception):
    """There is nothing here that can be judged; the message names what is wrong."""


class Sample(msgspec.Struct, gc=False):
    """One attempt as the program saw it. Instants are s since the epoch on the client's machine."""

    client: str
    attempt: str
    target: str
    intended_at: float  # when it was meant to leave
    started_at: float
    ended_at: float
    status: int | None  # what the program saw; None: a transport error
    error: str | None
    sends: int
    store_reads: int
    cut_off: bool


@dataclass(frozen=True)
class Evidence:
    """A run, read."""

    manifest: dict[str, Any]
    entries: list[Entry]  # in the order of decision
    samples: list[Sample]
    torn: bool = False  # the ledger's last line is not whole
    lost: Entry | None = None  # where the mock failed; neither it nor what came after is in `entries`
    damage: Sequence[str] = ()  # sentences: what is not as it was written
    gaps: Sequence[str] = ()  # sentences: what an excerpt leaves out between its first entry and its last

    @property
    def missing(self) -> int:
        """How many entries the ledger had when its run ended, and has no more."""
        had: int = self.manifest.get("ledger_entries", 0)
        return max(0, had - len(self.entries))

    @property
    def cut_short(self) -> bool:
        """Whether more may have happened than the ledger tells."""
        gone = self.torn or self.lost is not None or self.missing > 0 or bool(self.damage)
        return gone or not self.manifest.get("finished")

    @cached_property
    def hosts(self) -> dict[str, dict[str, Any]]:
        """The hosts that had browsers, by their share as it is written in a browser's name."""
        return {str(host["share"]): host for host in self.manifest.get("hosts") or []}

    @cached_property
    def unheard(self) -> set[str]:
        """The shares of hosts whose last report did not come: what their browsers did last is not known."""
        return {share for share, host in self.hosts.items() if not host["heard"]}

    @cached_property
    def graph(self) -> Graph:
        """The tokens and sessions that the entries tell of."""
        return Graph(self.entries)

    @property
    def ledger_alone(self) -> bool:
        """Whether the ledger is the only witness."""
        return bool(self.manifest.get("ledger_alone"))

    @cached_property
    def systems(self) -> dict[str, str]:
        """Of a ledger alone, the condition of each world."""
        return alone.systems(self.manifest)

    @cached_property
    def roles(self) -> dict[str | None, str]:
        """Of a ledger alone, the role of each client that is told apart, by its name; of None: of the others."""
        return alone.roles(self.manifest)


def share_of(client: str) -> str:
    """Return the share that a browser, `<run>/<condition>/<role>/<share>.<number>`, is of."""
    return client.rpartition("/")[2].partition(".")[0]


def load(path: Path) -> Evidence:
    """Read a run's folder, or a ledger alone; raises EvidenceError if it is neither."""
    if path.is_dir() and (path / MANIFEST).exists():
        there = {name: path / name for name in (LEDGER, SAMPLES) if name == LEDGER or (path / name).exists()}
        return of_run(_manifest(path / MANIFEST), there, f"{path}/")
    if path.is_dir() and (path / SAMPLES).exists():
        return Evidence(
            _nothing(path.name), [], [], damage=(f"{MANIFEST} is gone: whose requests these are is not known",)
        )
    return _ledger_only(path)


def of_run(told: dict[str, Any], files: Mapping[str, Source], where: str = "") -> Evidence:
    """Return a run by its manifest and its files, by name; raises EvidenceError.

    Without samples it was killed: they are written last. By a manifest that is damaged nothing can be judged.
    """
    damage = list(manifest.damage(told))
    kept: dict[str, str] = {}
    read = _lines(files[LEDGER], where + LEDGER, Entry, kept)
    samples = Lines[Sample]()
    if SAMPLES in files:
        kept.update((e.attempt, e.attempt) for e in read.items if e.attempt is not None)  # samples have them too
        samples = _lines(files[SAMPLES], where + SAMPLES, Sample, kept)
    entries, twice = order.once(sorted(read.items, key=attrgetter("seq")))
    damage += [*read.damage(LEDGER), *samples.damage(SAMPLES), *twice]
    if samples.torn:
        damage.append(f"the last line of {SAMPLES} is torn")
    if damage and damage[0].startswith(MANIFEST):
        return Evidence(_nothing(str(told["run"])), entries, samples.items, read.torn, damage=damage)
    damage += manifest.of_files(told, files)
    damage += order.unwritten(entries) or (order.gaps(entries) if "files" not in told else [])
    graph = _settled(entries)
    whole, lost = _until_lost(entries)
    evidence = Evidence(told, whole, samples.items, read.torn, lost, damage)
    if graph is not None and lost is None:
        vars(evidence)["graph"] = graph
    return evidence


def _nothing(run: str) -> dict[str, Any]:
    """Return the manifest of a run whose own says nothing that can be believed."""
    return {"run": run, "policies": {}, "conditions": {}, "finished": True}


def _ledger_only(path: Path) -> Evidence:
    """Read a ledger, or all its segments; each of them may be torn."""
    segments = sorted(path.glob(SEGMENTS)) if path.is_dir() else [path]
    if not segments:
        raise EvidenceError(f"{path} contains no run: it has neither {MANIFEST} nor {LEDGER}")
    kept: dict[str, str] = {}
    every, damage, torn = list[Entry](), list[str](), False
    for segment in segments:
        read = _lines(segment, str(segment), Entry, kept, WANT)
        every = every + read.items if every else read.items
        damage += read.damage(segment.name)
        torn = torn or read.torn
    every.sort(key=attrgetter("seq"))
    entries, twice = order.once(every)
    damage = [*twice, *damage, *(order.unwritten(entries) or order.gaps(entries))]
    run = (path / LEDGER if path.is_dir() else path).stem
    return from_ledger(entries, run, apart=True, torn=torn, damage=damage)


def _until_lost(entries: list[Entry]) -> tuple[list[Entry], Entry | None]:
    """Return what the ledger tells until the mock lost its store or a process, and where that was.

    An exchange that was under way may have spent its token although no entry says so: what the client met from
    then on is the mock's doing.
    """
    for number, entry in enumerate(entries):
        if entry.cause in LOST:
            return entries[:number], entry
    return entries, None


def from_ledger(
    entries: Iterable[Entry],
    run: str,
    *,
    worlds: Iterable[str] = (),
    expects: Mapping[str, str] | None = None,
    covers: Iterable[str] = (),
    apart: bool = False,
    missing: int = 0,
    torn: bool = False,
    damage: Sequence[str] | None = None,
) -> Evidence:
    """Return a ledger alone as evidence: whoever is in it is the subject, each world (or those given) a condition.

    With `apart`, who names itself is told apart, and hosts of one system are one condition; see `alone`. Unless
    `expects` says more, it is held to what any sound client is; see `checks.SOUND`. It is an excerpt, whose gaps are
    others' requests, unless somebody has looked for `damage`.
    """
    ordered = sorted(entries, key=attrgetter("seq"))
    graph = _settled(ordered)
    whole, lost = _until_lost(ordered)
    about: dict[str, Any] = {} if expects is None else {"expects": {"subject": dict(expects)}}
    about["covers"] = list(covers)
    every = {e.world for e in whole if e.world}.union(worlds)
    if apart and graph is None and len(every) > 1 and all(e.generation is None for e in whole):
        graph = Graph(whole)  # hosts that a proxy recorded; of the mock's worlds each is a system
    systems = alone.conditions(every, whole, graph if apart else None)
    told = {
        "run": run,
        "ledger_alone": True,
        "ledger_entries": len(whole) + missing,
        "policies": alone.policies(whole if apart else ()),
        "conditions": {name: system | about for name, system in systems.items()},
        "finished": True,
    }
    evidence = Evidence(told, whole, [], torn, lost, damage or (), order.gaps(ordered) if damage is None else ())
    if graph is not None and lost is None:
        vars(evidence)["graph"] = graph  # it takes as long as all else, and is the same
    return evidence


def _settled(entries: list[Entry]) -> Graph | None:
    """Say what became of exchanges that another server decided, and return the graph that says it.

    None: the mock says so itself.
    """
    open_ = [entry for entry in entries if entry.grant_outcome in SEEN and entry.schema]
    if not open_:
        return None
    graph = Graph(entries)
    inferred = outcomes.inferred(open_, graph)
    for entry in open_:
        entry.grant_outcome = inferred.get(entry.seq, entry.grant_outcome)
    return graph


def _manifest(path: Path) -> dict[str, Any]:
    try:
        told = msgspec.json.decode(path.read_bytes())
    except OSError as error:
        raise EvidenceError(f"{path}: {error.strerror}") from None
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise EvidenceError(f"{path}: {error}") from None
    missing = set(manifest.NEEDED) - set(told if isinstance(told, dict) else ())
    if missing:
        raise EvidenceError(f"{path}: no manifest of a run, it lacks {', '.join(sorted(missing))}")
    assert isinstance(told, dict)
    return told


def _lines(source: Source, name: str, kind: type[T], kept: dict[str, str], want: str = "") -> Lines[T]:
    try:
        return lines.read(source, kind, SHARERS[kind], kept)
    except OSError as error:
        raise EvidenceError(f"{name}: {error.strerror}") from None
    except NotLines as error:
        raise EvidenceError(f"{name} {error}{want}") from None


SHARERS: dict[type, Callable[[list[Any], dict[str, str]], None]] = {
    Entry: interning.entries,
    Sample: interning.samples,
}
