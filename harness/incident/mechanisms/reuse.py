"""A refresh token that was used more than once: what all three outcomes of it look at."""

import re
from collections.abc import Iterator

from race401.harness.incident.mechanisms.case import Case, refused_for_good, was_granted
from race401.harness.judge.causal import before, concurrent
from race401.harness.judge.graph import kept_its_token
from race401.ledger.entry import Entry
from race401.ledger.outcomes import Outcome

WORDS = re.compile(r"already.?used|reuse (?:detected|exceeded)|token reuse|reused|abuse attempt|was already consumed")
"""How servers say that a refresh token was used before: Supabase Auth, Keycloak, Auth0, oidc-provider."""
ERRORS = range(400, 500)
TENTATIVE_S = 60.0  # s after a reuse within which the winner's token fails at its first use if the family was revoked


def refusals(case: Case) -> Iterator[tuple[Entry, Entry]]:
    """Yield each refused use with the grant of the same refresh token that was before it or under way at once."""
    for uses in case.uses():
        won = [e for e in uses if was_granted(e)]
        for lost in uses:
            if not refused_for_good(lost):
                continue
            grant = next((e for e in won if not kept_its_token(e) and not before(lost, e)), None)
            if grant is not None and not _signed_out(case, grant, lost):
                yield grant, lost


def _signed_out(case: Case, grant: Entry, lost: Entry) -> bool:
    """Whether the session was signed out between the two: then that is why."""
    return before(grant, lost) and any(
        session == case.graph.session(grant) and before(grant, out) and before(out, lost)
        for session, out in case.sign_outs
    )


def called_reuse(case: Case) -> list[Entry]:
    """Return the refusals of which the server itself says that the refresh token had been used."""
    return [e for e in case.exchanges if refused_for_good(e) and _says(case, e)]


def untold_uses(case: Case) -> Iterator[tuple[Entry, Entry]]:
    """Yield grant and refusal of refreshes at once of which the files do not tell the tokens, or the words."""
    for one, other in case.unknown_uses():
        for grant, refused in ((one, other), (other, one)):
            if was_granted(grant) and not was_granted(refused) and may_be_refused(refused):
                yield grant, refused


def may_be_refused(e: Entry) -> bool:
    """Whether it was told so, or answered by a status of which the file has no words."""
    return refused_for_good(e) or (e.grant_outcome == Outcome.UNREAD and e.status in ERRORS)


def _says(case: Case, e: Entry) -> bool:
    uses = case.graph.exchanges.get(e.presented or "", ())
    own_word = e.grant_outcome == Outcome.REUSED and not any(was_granted(use) for use in uses)
    return own_word or WORDS.search(case.server_words(e)) is not None


def manner(one: Entry, other: Entry) -> str:
    """Say how two uses stand to each other."""
    return "at once" if concurrent(one, other) else "one after the other"
