"""Whether the ledger shows what a race is about: else it proves nothing, whoever came through it."""

from collections.abc import Callable, Sequence

from race401.harness.card.course import Run
from race401.harness.card.race import Covers
from race401.harness.card.sign_ins import is_sign_in
from race401.harness.judge.recovery import UNAUTHORIZED
from race401.harness.judge.row import Row
from race401.harness.judge.sessions import is_sign_out
from race401.ledger.entry import Entry
from race401.ledger.outcomes import GRANTED


def _refreshed(run: Run, _: Row) -> bool:
    return any(entry.grant_outcome is not None and entry.seq in run.under for entry in run.entries)


def _refreshed_thrice(run: Run, _: Row) -> bool:
    return sum(entry.grant_outcome is not None for entry in run.entries) >= 3  # noqa: PLR2004


def _failed(run: Run, _: Row) -> bool:
    return any(entry.fault is not None for entry in run.entries)


def _refused(run: Run, _: Row) -> bool:
    refused = (entry.status == UNAUTHORIZED or entry.grant_outcome not in {None, *GRANTED} for entry in run.entries)
    return any(refused)


def _ended(run: Run, _: Row) -> bool:
    return any(entry.cause == "ended_by_refresh" for entry in run.entries)


def _refused_twice(_: Run, row: Row) -> bool:
    return bool(row.coverage["two-401s-one-token"])


def _tried_again(run: Run, _: Row) -> bool:
    """Whether a refresh or a sign-in followed the answer that was lost: only then is it known what became of it."""
    spent = [entry for entry in run.entries if entry.grant_outcome is not None]
    lost = [entry.seq for entry in spent if entry.grant_outcome == "lost" or entry.fault is not None]
    tries = [entry.seq for entry in run.entries if entry in spent or is_sign_in(entry)]
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
    """Whether a refresh was under way at a sign-out, or held when the client was told to sign out, and answered."""
    if row.coverage["refresh-during-sign-out"]:
        return True
    held = any(rule["held"] for program in run.programs for rule in program["rules"])
    done = any(is_sign_out(e) or e.grant_outcome is not None for e in run.entries)
    return held and done


EXERCISED: dict[Covers, tuple[Callable[[Run, Row], bool], str]] = {
    "condition": (lambda _run, _row: True, ""),
    "refresh": (_refreshed, "no refresh was seen under the burst"),
    "third-refresh": (_refreshed_thrice, "no third refresh was seen"),
    "refusal": (_refused, "nothing was refused"),
    "ended-token": (_ended, "no call carried a token that a refresh had ended"),
    "fault": (_failed, "no refresh was seen that could fail"),
    "lost-answer": (_tried_again, "no answer to a refresh was lost and followed by a second try"),
    "two-401s-one-token": (_refused_twice, "no two calls were refused with one token"),
    "late-401": (_late, "no 401 came after its token was replaced"),
    "refresh-during-sign-out": (_met_sign_out, "no refresh was under way at the sign-out"),
}
"""By what a race covers: whether the ledger shows it, and what there is to say where it does not."""
