"""
What became of a race, in pure functions: whether it was survived, and which claims the ledger disproves.

A loss is proven by what the server saw, or by what the app did. Without a loss, a race that the ledger does not show
proves nothing.
"""

from collections.abc import Sequence
from enum import StrEnum

import msgspec

from race401.harness.card import cost, story
from race401.harness.card.calls import CameTo
from race401.harness.card.course import Run
from race401.harness.card.disproved import disproved
from race401.harness.card.exercised import EXERCISED
from race401.harness.card.losses import losses
from race401.harness.card.race import ABILITIES, CLAIMS, Race
from race401.harness.judge.evidence import from_ledger
from race401.harness.judge.measure import measure
from race401.harness.judge.row import Row
from race401.ledger.entry import Entry


class RaceOutcome(StrEnum):
    """One cell of the scoreboard."""

    SURVIVED = "survived"
    WASTEFUL = "wasteful"  # survived, at more than it may cost
    LOST = "lost"
    NOT_CLAIMED = "lost, not claimed"  # the client does not say that it would not
    NOT_ASKED = "not asked"  # it has not what the race needs
    NOT_EXERCISED = "not exercised"
    SILENT = "no answer"  # calls never ended, or the driver hung: one of protocol 1 does not say which
    BROKE = "broke"  # the driver did


class Result(msgspec.Struct, omit_defaults=True):
    """What a race says about a client. The entries are kept where there is something to prove."""

    race: str
    world: str
    outcome: RaceOutcome
    sentence: str
    exchanges: int = 0
    own_sign_ins: int = 0  # that nobody asked it for
    ideal: int | None = None
    wire_401s: dict[str, int] = {}  # by cause
    story: list[str] = []
    programs: list[dict[str, object]] = []
    disproved: list[str] = []  # claims that the ledger disproves, and by what; survived or not
    calls: list[CameTo] = []  # what each came to, as the app saw it
    entries: list[Entry] = []


def unable(race: Race, world: str, can: Sequence[str]) -> Result | None:
    """Return the result of a race that this client cannot be asked to run."""
    if race.ability is None or race.ability in can:
        return None
    return Result(race.name, race.world or world, RaceOutcome.NOT_ASKED, f"it has {ABILITIES[race.ability]}")


def judge(run: Run, claims: Sequence[str]) -> Result:
    """Return what the race says."""
    race, row = run.race, _row(run)
    result = Result(
        race.name,
        run.world,
        RaceOutcome.SURVIVED,
        "",
        exchanges=len(cost.exchanges(run)),
        own_sign_ins=cost.own_sign_ins(run),
        ideal=race.ideal,
        wire_401s=dict(sorted(row.wire_401s.items())),
        programs=[program["program"] for program in run.programs],
    )
    lost = list(losses(run, row))
    exercised, why_not = EXERCISED[race.covers]
    failure = run.failure or misdirected(run)
    if run.silent:
        result.outcome = RaceOutcome.SILENT
        result.sentence = f"{run.failure}: calls never ended, or the driver hung; with protocol 2 it would say which"
    elif failure is not None:
        result.outcome, result.sentence = RaceOutcome.BROKE, failure
    elif lost:
        claimed = any(loss.claims is None or loss.claims & set(claims) for loss in lost)
        result.outcome = RaceOutcome.LOST if claimed else RaceOutcome.NOT_CLAIMED
        unclaimed = [] if claimed else sorted({claim for loss in lost for claim in loss.claims or ()})
        blame = "".join(f"; it does not claim that {CLAIMS[claim]}" for claim in unclaimed)
        result.sentence = "; ".join(loss.sentence for loss in lost) + blame
    elif not exercised(run, row):
        result.outcome, result.sentence = RaceOutcome.NOT_EXERCISED, why_not
    else:
        result.sentence = cost.cost_text(run, row)
        if cost.wasteful(run, row):
            result.outcome = RaceOutcome.WASTEFUL
    if failure is None:
        result.disproved = list(disproved(run, claims))
    if result.outcome is not RaceOutcome.SURVIVED or result.disproved:
        result.calls = [call.came_to for call in run.calls if call.came_to is not None]
        result.story, result.entries = story.sentences(run.entries, result.calls), run.entries
    return result


def misdirected(run: Run) -> str | None:
    """Return what to tell a driver that changes a call's path, so that it is known no more; None: it does not."""
    paths, sent = [call.path for call in run.calls], [entry.target for entry in run.entries]
    unsent = {path.partition("?")[0] for path in paths if path not in sent}
    for target in sent:
        if target not in paths and target.partition("?")[0] in unsent:
            return f"it sent {target}, which is no call of `begin`: send each path with its query, as it is given"
    return None


def _row(run: Run) -> Row:
    """Measure the entries as a ledger alone."""
    (row,) = measure(from_ledger(run.entries, run.race.name, worlds=[run.world]))
    return row
