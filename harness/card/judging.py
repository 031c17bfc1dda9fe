"""
What became of a race, from the ledger alone, in pure functions.

A loss is proven by what the server saw: a call that never got its answer, a session that was refused for good, a
session that went on after its sign-out, or refreshes without end. Without a loss, a race that the ledger does not
show proves nothing.
"""

from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum

import msgspec

from race401.harness.card import story
from race401.harness.card.course import Run
from race401.harness.card.races import ABILITIES, CLAIMS, Covers, Race
from race401.harness.judge.counted import counted
from race401.harness.judge.evidence import from_ledger
from race401.harness.judge.measure import measure
from race401.harness.judge.recovery import UNAUTHORIZED
from race401.harness.judge.row import Row
from race401.harness.judge.sessions import is_sign_out
from race401.ledger.entry import Entry
from race401.ledger.outcomes import GRANTED


class RaceOutcome(StrEnum):
    """One cell of the scoreboard."""

    SURVIVED = "survived"
    LOST = "lost"
    NOT_CLAIMED = "not claimed"  # lost, but the client does not say that it would not; or it cannot be asked
    NOT_EXERCISED = "not exercised"
    BROKE = "broke"  # the driver did


class Result(msgspec.Struct, omit_defaults=True):
    """What a race says about a client. The entries are kept where there is something to prove."""

    race: str
    world: str
    outcome: RaceOutcome
    sentence: str
    exchanges: int = 0
    ideal: int | None = None
    wire_401s: dict[str, int] = {}  # by cause
    story: list[str] = []
    programs: list[dict[str, object]] = []
    entries: list[Entry] = []


def unable(race: Race, world: str, can: Sequence[str]) -> Result | None:
    """Return the result of a race that this client cannot be asked to run."""
    if race.ability is None or race.ability in can:
        return None
    return Result(race.name, race.world or world, RaceOutcome.NOT_CLAIMED, f"it has {ABILITIES[race.ability]}")


def judge(run: Run, claims: Sequence[str]) -> Result:
    """Return what the race says."""
    race, row = run.race, _row(run)
    result = Result(
        race.name,
        run.world,
        RaceOutcome.SURVIVED,
        "",
        exchanges=row.exchanges,
        ideal=race.ideal,
        wire_401s=dict(sorted(row.wire_401s.items())),
        programs=[program["program"] for program in run.programs],
    )
    losses = list(_losses(run, row))
    exercised, why_not = EXERCISED[race.covers]
    if run.failure is not None:
        result.outcome, result.sentence = RaceOutcome.BROKE, run.failure
    elif losses:
        claimed = race.claim is None or race.claim in claims
        result.outcome = RaceOutcome.LOST if claimed else RaceOutcome.NOT_CLAIMED
        blame = "" if claimed else f"; it does not claim that {CLAIMS[race.claim or '']}"
        result.sentence = "; ".join(losses) + blame
    elif not exercised(run, row):
        result.outcome, result.sentence = RaceOutcome.NOT_EXERCISED, why_not
    else:
        result.sentence = _cost(run, row)
    if result.outcome is not RaceOutcome.SURVIVED:
        result.story, result.entries = story.tell(run.entries), run.entries
    return result


def _row(run: Run) -> Row:
    """Measure the entries as a ledger alone."""
    (row,) = measure(from_ledger(run.entries, run.race.name, worlds=[run.world]))
    return row


def _losses(run: Run, row: Row) -> Iterator[str]:
    """Say what was lost, each with its numbers."""
    must = [call.path for call in run.calls if call.must]
    answered = {entry.target for entry in run.entries if 200 <= entry.status < 300}  # noqa: PLR2004
    failed = [path for path in must if path not in answered]
    unsent = len(set(failed) - {entry.target for entry in run.entries})
    if failed:
        yield f"{len(failed)} of {counted(len(must), 'call')} failed" + (
            f", {unsent} without being sent" if unsent else ""
        )
    if _session_lost(run, row):
        yield "the session was lost: the server refused its refresh token for good"
    after = {call.path for call in run.calls if call.signed_out}
    if carried := [e for e in run.entries if e.seq in row.after_sign_out_seqs and e.target in after]:
        yield f"{counted(len(carried), 'call')} carried the session that had been signed out"
    if run.race.most is not None and row.exchanges > run.race.most:
        yield f"{row.exchanges} refreshes, and none could succeed"


def _session_lost(run: Run, row: Row) -> bool:
    """Whether a refusal for good was neither after the sign-out nor followed by another sign-in, asked for or not."""
    ends = [entry.seq for entry in run.entries if is_sign_out(entry)]
    begins = [entry.seq for entry in run.entries if _is_sign_in(entry)]
    lost = [seq for seq in row.lost_seqs if not any(end < seq for end in ends)]
    return bool(lost) and not any(begin > max(lost) for begin in begins)


def _is_sign_in(entry: Entry) -> bool:
    """Whether a session began here: a token endpoint that answered, and no refresh token was spent."""
    path = entry.target.partition("&")[0]
    at_token = path in ("/oauth/token", "/auth/v1/token?grant_type=password")
    return at_token and entry.grant_outcome is None and entry.status == 200  # noqa: PLR2004


def _refreshed(run: Run, _: Row) -> bool:
    return any(entry.grant_outcome is not None and entry.seq in run.under for entry in run.entries)


def _failed(run: Run, _: Row) -> bool:
    return any(entry.fault is not None for entry in run.entries)


def _refused_twice(_: Run, row: Row) -> bool:
    return bool(row.coverage["two-401s-one-token"])


def _tried_again(run: Run, _: Row) -> bool:
    """Whether a refresh or a sign-in followed the answer that was lost: only then is it known what became of it."""
    spent = [entry for entry in run.entries if entry.grant_outcome is not None]
    lost = [entry.seq for entry in spent if entry.grant_outcome == "lost" or entry.fault is not None]
    tries = [entry.seq for entry in run.entries if entry in spent or _is_sign_in(entry)]
    return bool(lost) and max(tries) > min(lost)


def _late(run: Run, _: Row) -> bool:
    return any(_is_late(entry, run.entries) for entry in run.entries)


def _is_late(refused: Entry, entries: Sequence[Entry]) -> bool:
    """Whether this 401 was answered after its token's successor had been."""
    return refused.status == UNAUTHORIZED and any(
        entry.grant_outcome in GRANTED
        and (entry.family, entry.generation) == (refused.family, refused.generation)
        and entry.answered_at < refused.answered_at
        for entry in entries
    )


def _met_sign_out(run: Run, row: Row) -> bool:
    """Whether a refresh was under way at a sign-out, or held when the client was told to, and that came after it."""
    if row.coverage["refresh-during-sign-out"]:
        return True
    held = any(rule["held"] for program in run.programs for rule in program["rules"])
    return held and any(is_sign_out(entry) for entry in run.entries)


EXERCISED: dict[Covers, tuple[Callable[[Run, Row], bool], str]] = {
    "condition": (lambda _run, _row: True, ""),
    "refresh": (_refreshed, "no refresh was seen under the burst"),
    "fault": (_failed, "no refresh was seen that could fail"),
    "lost-answer": (_tried_again, "no answer to a refresh was lost and followed by a second try"),
    "two-401s-one-token": (_refused_twice, "no two calls were refused with one token"),
    "late-401": (_late, "no 401 came after its token was replaced"),
    "refresh-during-sign-out": (_met_sign_out, "no refresh was under way at the sign-out"),
}
"""By what a race covers: whether the ledger shows it, and what there is to say where it does not."""


def _cost(run: Run, row: Row) -> str:
    parts, ideal = [counted(row.exchanges, "exchange")], run.race.ideal
    if ideal is not None and row.exchanges > ideal:
        parts[0] += f" where {ideal} would do"
    if (own := sum(_is_sign_in(entry) for entry in run.entries) - run.sign_ins) > 0:
        parts.append(f"{counted(own, 'sign-in')} of its own")
    if row.wire_401s:
        parts.append(counted(row.wire_401s.total(), "401") + " on the wire")
    return ", ".join(parts)
