"""A diagnosis in lines of text: the answer first, then each mechanism with its rows, then what was read and lacks."""

from collections.abc import Iterable, Iterator

from race401.harness.incident import telling, way_on
from race401.harness.incident.diagnosis import Diagnosis
from race401.harness.incident.mechanisms.mechanism import Mechanism, Sign

Line = tuple[str, str]
"""A text, and how it is to be looked at: one of `terminal.COLOURS`."""
MOST_ROWS = 6  # of a mechanism; its page has them all
MOST_HAPPENED = 20
WAYS = 3  # mechanisms whose way on is printed; the page has them all
HEADS = {"shown": "Shown", "consistent": "Fits what is here; what would decide it", "excluded": "Excluded"}
COLOURS = {"shown": "bad", "consistent": "cost", "excluded": "good"}


def lines(diagnosis: Diagnosis) -> Iterator[Line]:
    """Yield all of it, in lines of any length."""
    evidence = diagnosis.evidence
    yield diagnosis.answer, "strong"
    names = telling.Names(evidence.entries)
    for standing, head in HEADS.items():
        if not (signs := [each for each in diagnosis.signs if each[1].standing == standing]):
            continue
        yield "", "plain"
        yield head, COLOURS[standing]
        for mechanism, sign in signs:
            yield from _sign(diagnosis, mechanism, sign, names)
    unseen = [mechanism.name.replace("-", " ") for mechanism, _ in diagnosis.standing("not seen")]
    if unseen:
        yield "", "plain"
        yield f"Looked for, not seen: {', '.join(unseen)}", "soft"
    yield from _way_on(diagnosis)
    yield "", "plain"
    yield f"What happened, {telling.span(evidence)}", "strong"
    yield from ((f"  {line}", "plain") for line in telling.rows(evidence, MOST_HAPPENED))
    yield "", "plain"
    yield "What was read", "strong"
    for source in evidence.sources:
        first, *others = telling.source(source)
        yield f"  {first}", "plain"
        yield from ((f"    {line}", "soft") for line in others)
    if evidence.missing:
        yield "", "plain"
        yield "What is missing; what would tell it", "strong"
        for what, fills in telling.missing(evidence.missing, evidence):
            yield f"  {what}", "plain"
            yield f"    {fills}", "soft"


def _way_on(diagnosis: Diagnosis) -> Iterator[Line]:
    if not (worth := way_on.worth_playing(diagnosis)):
        return
    yield "", "plain"
    yield "The way on", "strong"
    for mechanism, _ in worth[:WAYS]:
        yield f"  {mechanism.name.replace('-', ' ')}", "plain"
        yield from _commands(way_on.commands(mechanism))
    yield "  of each", "plain"
    yield from _commands(way_on.FILES)


def _commands(told: Iterable[tuple[str, str]]) -> Iterator[Line]:
    for says, command in told:
        yield f"    {says}:", "soft"
        yield f"      {command}", "plain"


def _sign(diagnosis: Diagnosis, mechanism: Mechanism, sign: Sign, names: telling.Names) -> Iterator[Line]:
    evidence, entries = diagnosis.evidence, diagnosis.entries(sign)
    places = ", ".join(telling.where(e, evidence) for e in entries[:MOST_ROWS])
    more = f", and {len(entries) - MOST_ROWS} more" if len(entries) > MOST_ROWS else ""
    if sign.standing == "excluded":
        yield f"  {mechanism.name.replace('-', ' ')}: {sign.says}{f' ({places}{more})' if places else ''}", "plain"
        return
    yield f"  {mechanism.title}", "strong"
    if sign.standing == "shown":
        yield f"    {sign.says}", "plain"
        for e in entries[:MOST_ROWS]:
            at = telling.instant(e, evidence)
            yield f"      {telling.where(e, evidence)}  {at}  {telling.entry(e, evidence, names)}", "soft"
        if more:
            yield f"      ... {more.removeprefix(', ')}", "soft"
        return
    yield f"    {sign.says}{f' ({places}{more})' if places else ''}", "plain"
    yield f"    decides: {sign.decides}", "soft"
