"""An ablation in words: what each part does in which client, and the answer first."""

from collections.abc import Iterable, Iterator

from race401.harness.explore.core.ablation import CONDITIONS, Cell, Row
from race401.harness.explore.core.findings import KINDS
from race401.harness.reporting.ablation import Ablation, Effect, Group, Part
from race401.harness.reporting.words import count, listed
from race401.harness.tokens import policy
from race401.harness.tokens.policy import FIXED, PRE_FIX

PARTS = {name: (each.metadata["part"], each.metadata["does"]) for name, each in policy.PARTS.items()}
UNDONE = {
    name: (each.metadata["part"], each.metadata["undone"])
    for name, each in policy.PARTS.items()
    if each.metadata["undone"]
}
"""Parts of the fix that HARDENED leaves out: there, leaving out is the part."""

CLIENTS = ("alone, before the fix", "in the fix", "in HARDENED")
PLACES = {  # where a row is shown: the cell of the part's own client, or of the one that it is put into
    ("alone", "pre-fix"): 0,
    ("without", "fixed"): 1,
    ("alone", "fixed"): 1,
    ("without", "hardened"): 2,
}
WITHIN = {"pre-fix": "Put in alone,", "fixed": "In the fix,", "hardened": "In HARDENED,"}
NAMED = 3  # conditions that a cell names; of more it says how many
NO_DIFFERENCE = "no difference in any condition"
METHOD = (
    "This is explored, not measured: in each condition every order of every step of two callers, by the client with "
    "the part and by the same client without it. What an app or its user notices is prevented or caused; what only "
    "takes time or requests is saved or cost. The server of rfc9700 revokes the session if a refresh token is "
    "used twice; that of supabase forgives it."
)


def tabulate(rows: list[Row]) -> Ablation:
    """Return the table."""
    fix = {knob for knob in PARTS if getattr(FIXED, knob) != getattr(PRE_FIX, knob)}
    ours = [row for row in rows if row.knob in fix and (row.direction, row.base) != ("alone", "fixed")]
    more = [row for row in rows if row not in ours]
    kinds = {kind for row in rows for _, kind in row.appears | row.disappears}
    return Ablation(
        method=METHOD,
        clients=list(CLIENTS),
        conditions=[(each.name, f"{each.about} ({each.world})") for each in CONDITIONS],
        faults=[(kind.short, kind.sentence) for name, kind in KINDS.items() if name in kinds],
        groups=[
            Group("The fix, part by part", list(_sentences(ours)), _parts(ours, PARTS)),
            Group("What HARDENED adds", list(_sentences(more)), _parts(more, PARTS | UNDONE)),
        ],
    )


def _parts(rows: list[Row], names: dict[str, tuple[str, str]]) -> list[Part]:
    """Return the rows of one group, in the order of `PARTS`."""
    parts = []
    for knob in (knob for knob in PARTS if any(row.knob == knob for row in rows)):
        cells: list[list[Effect]] = [[], [], []]
        for row in (row for row in rows if row.knob == knob):
            cells[PLACES[row.direction, row.base]] = list(effects(row, rows))
        parts.append(Part(names[knob][0], knob, names[knob][1], cells))
    return parts


def effects(row: Row, rows: list[Row]) -> Iterator[Effect]:
    """Yield what a cell says: about the part, whichever way it was asked."""
    good, bad = _good_and_bad(row)
    if row.partner:
        yield Effect("needs" if row.direction == "alone" else "hidden by", PARTS[row.partner][0])
    for others, cell in _shared(row, rows):
        yield Effect("not needed", f"to prevent {_in_words(cell)}, where {' or '.join(others)} alone is enough")
    for verb, weight, cell in (
        ("prevents", "violation", good),
        ("causes", "violation", bad),
        ("saves", "cost", good),
        ("costs", "cost", bad),
    ):
        if text := _in_words(each for each in cell if KINDS[each[1]].weight == weight):
            yield Effect(verb, text)
    if not (good or bad):
        yield Effect("", NO_DIFFERENCE)


def _good_and_bad(row: Row) -> tuple[Cell, Cell]:
    """Return what the part takes away and what it adds."""
    return (row.disappears, row.appears) if row.direction == "alone" else (row.appears, row.disappears)


def _violations(cell: Cell) -> Cell:
    return frozenset(each for each in cell if KINDS[each[1]].weight == "violation")


def _shared(row: Row, rows: list[Row]) -> Iterator[tuple[list[str], Cell]]:
    """Yield what the part prevents alone but is not needed for among all, with those that alone prevent it too."""
    if row.direction == "without" and not row.partner:
        alone = {r.knob: _violations(r.disappears) for r in rows if r.direction == "alone" and not r.partner}
        spared = alone.get(row.knob, frozenset()) - row.appears
        others = {knob: cell & spared for knob, cell in alone.items() if knob != row.knob and cell & spared}
        for cell in dict.fromkeys(others.values()):
            yield _names(knob for knob in others if others[knob] == cell), cell


def _in_words(cell: Iterable[tuple[str, str]]) -> str:
    """Return the faults in short, together those that show in the same conditions, each with where."""
    order = [condition.name for condition in CONDITIONS]
    places: dict[str, list[str]] = {}
    for place, kind in sorted(cell, key=lambda each: (list(KINDS).index(each[1]), order.index(each[0]))):
        places.setdefault(kind, []).append(place)
    together: dict[tuple[str, ...], list[str]] = {}
    for kind, where in places.items():
        together.setdefault(tuple(where), []).append(KINDS[kind].short)
    return "; ".join(f"{', '.join(kinds)} ({_where(where)})" for where, kinds in together.items())


def _where(names: tuple[str, ...]) -> str:
    return ", ".join(names) if len(names) <= NAMED else f"{len(names)} of {count(len(CONDITIONS), 'condition')}"


def _names(knobs: Iterable[str]) -> list[str]:
    return [PARTS[knob][0] for knob in dict.fromkeys(knobs)]


def _sentences(rows: list[Row]) -> Iterator[str]:
    """Yield what a group of rows shows, in sentences."""
    prevented, brought, changed = (_kinds(rows, which) for which in (0, 1, None))
    alike: dict[tuple[str, ...], list[str]] = {}
    for knob, kinds in prevented.items():
        alike.setdefault(tuple(KINDS[kind].short for kind in kinds), []).append(knob)
    for kinds, knobs in sorted(alike.items(), key=lambda each: -len(each[0])):
        names = listed(_names(knobs))
        yield f"{names[0].upper()}{names[1:]} {'prevent' if len(knobs) > 1 else 'prevents'} {listed(kinds)}."
    yield from _partners(rows)
    alone = [row for row in rows if row.direction == "alone" and not row.partner]
    if makes := _names(row.knob for row in alone if _violations(row.appears)):
        yield f"{WITHIN[alone[0].base]} {listed(makes)} {'cause' if len(makes) > 1 else 'causes'} violations too."
    if cost := _names(knob for knob in changed if knob not in prevented and knob not in brought):
        yield f"Only time and requests: {listed(cost)}."
    if still := _names(row.knob for row in rows if row.knob not in changed):
        yield f"No difference: {listed(still)}."


def _partners(rows: list[Row]) -> Iterator[str]:
    """Yield which parts do something only together, which hide others, and where either is enough."""
    pairs: dict[tuple[str, str, str], list[str]] = {}
    for row in rows:
        if row.partner:
            pairs.setdefault((row.direction, row.base, row.partner), []).append(row.knob)
    for (direction, base, partner), knobs in pairs.items():
        does = "are of use only together with" if len(knobs) > 1 else "is of use only together with"
        if direction == "without":
            does = "are hidden by" if len(knobs) > 1 else "is hidden by"
        yield f"{WITHIN[base]} {listed(_names(knobs))} {does} {PARTS[partner][0]}."
    either = dict.fromkeys(
        (tuple(sorted([PARTS[row.knob][0], *others])), _in_words(cell))
        for row in rows
        for others, cell in _shared(row, rows)
    )
    yield from (f"Each alone prevents {what}: {listed(names)}." for names, what in either)


def _kinds(rows: list[Row], which: int | None) -> dict[str, tuple[str, ...]]:
    """Return, by knob, the kinds of violations that it prevents (0) or causes (1) in any client; None: all faults."""
    kinds: dict[str, set[str]] = {}
    for row in rows:
        good_and_bad = _good_and_bad(row)
        cell = good_and_bad[0] | good_and_bad[1] if which is None else _violations(good_and_bad[which])
        kinds.setdefault(row.knob, set()).update(kind for _, kind in cell)
    return {knob: tuple(kind for kind in KINDS if kind in found) for knob, found in kinds.items() if found}
