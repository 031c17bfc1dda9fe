"""
Concurrent reuse, refused.

Shown: one refresh token was granted and refused, and the refusal was not over before the grant arrived; or the server
says itself that the token had been used.
Consistent: of two refreshes of one client at once one was granted and one refused, and the files tell no refresh
tokens; or a refresh was refused and the files do not tell what became of its token before.
Excluded: every refresh was granted.
"""

from race401.harness.incident.mechanisms import reuse
from race401.harness.incident.mechanisms.case import Case, was_granted
from race401.harness.incident.mechanisms.mechanism import Mechanism, Sign, consistent, excluded, shown
from race401.harness.incident.mechanisms.ways import EXPIRY, LOSES, Play, Way, at_once
from race401.harness.judge.counted import counted
from race401.ledger.outcomes import Outcome

OTHERWISE = (Outcome.TIMED_OUT, Outcome.INACTIVE, Outcome.SUPERSEDED, Outcome.BANNED, Outcome.REVOKED)
"""Refusals of which the recorder knows another reason."""


def look(case: Case) -> Sign | None:
    """Say what the evidence shows of it."""
    if found := list(reuse.refusals(case)):
        grant, refused = found[0]
        says = f"one refresh token was presented again, {reuse.manner(grant, refused)}: granted, and refused"
        more = f" ({counted(len(found), 'refusal')})" if len(found) > 1 else ""
        return shown(says + more, [e for pair in found for e in pair])
    if said := reuse.called_reuse(case):
        says = f"the server says that a refresh token had been used before ({counted(len(said), 'refusal')})"
        return shown(says, said)
    for grant, refused in reuse.untold_uses(case):
        says = "of two refreshes at once one was granted and one refused; the files do not show their tokens"
        return consistent(says, (grant, refused), "whether both presented the same refresh token")
    open_ = [e for e in case.exchanges if reuse.may_be_refused(e) and e.grant_outcome not in OTHERWISE]
    if open_:
        says = "a refresh was refused; nothing says whether its token had been used before"
        return consistent(says, open_, "an earlier use of that refresh token, in the auth server's log")
    if case.exchanges and all(was_granted(e) for e in case.exchanges):
        says = f"{counted(len(case.exchanges), 'refresh', 'refreshes')}, each granted"
        return excluded(says, case.exchanges[:1])
    return None


MECHANISM = Mechanism(
    name="reuse-refused",
    title="one refresh token, several refreshes: refused",
    answer="A refresh token was used twice; the second was refused",
    seeks="a refresh token that was granted once and refused at another use",
    look=look,
    way=Way("rotate-strict", EXPIRY, "explore --policy pre-fix --world rotate-strict"),
    guard=at_once("rotate-strict"),
    play=Play(
        world="rotate-strict",
        about="refreshes at once spend one token, and all but the first are refused",
        control=LOSES.format(lost="any"),
    ),
)
