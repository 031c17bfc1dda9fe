"""
The questions of a card, as data: of which sequence, what must be seen, and what a client's author must do about it.

Each looks at one trial: yes, no, or None where the trial had no chance to show it. So none of them knows of counts.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from race401.harness.probe.looks import (
    Look,
    accepted,
    granted,
    left,
    living,
    new,
    opposite_of,
    said_yes,
    same,
    same_access,
    successors,
    when,
)
from race401.harness.probe.sequences import BURST, OTHER

Word: TypeAlias = Literal["never", "sometimes", "always"]


@dataclass(frozen=True, slots=True)
class Question:
    """One row of a card."""

    name: str
    text: str  # what happens never, sometimes or always
    sequence: str
    look: Look
    never: str  # advice
    sometimes: str
    always: str

    def advice(self, word: Word) -> str:
        """Return the sentence for the author of a client."""
        advice: str = getattr(self, word)
        return advice


ONE_FLIGHT = "one refresh at a time, across tabs and processes: others wait for its answer"
_REUSED, _GRAND, _USED = (opposite_of(said_yes("again")),) * 3
_AGAIN = said_yes("again")


def _at_once(n: int, word: str) -> tuple[Question, ...]:
    name, sequence = f"at-once-{n}", f"at once {n}"
    return (
        Question(
            f"{name}.more",
            f"{word} uses at once: more than one is accepted",
            sequence,
            lambda trial: accepted(trial, n) > 1,
            f"the others are refused: {ONE_FLIGHT}",
            f"which use is refused is chance: {ONE_FLIGHT}",
            "several refreshes at once are accepted, but wasteful: share one where you can",
        ),
        Question(
            f"{name}.several",
            f"{word} uses at once: more than one successor",
            sequence,
            lambda trial: len(successors(trial, n)) > 1 if accepted(trial, n) > 1 else None,
            "every answer has the same token: store any of them",
            "store one answer whole, never parts of two; the other successors may stay valid",
            "store one answer whole, never parts of two; sign-out must end the other successors too",
        ),
        Question(
            f"{name}.lives",
            f"{word} uses at once: a session is valid afterwards",
            sequence,
            lambda trial: living(trial, n) > 0 if accepted(trial, n) else None,
            f"a race logs the user out: {ONE_FLIGHT}",
            f"a race logs some users out: {ONE_FLIGHT}",
            "a race loses no session: whoever is refused reads the store again before signing the user out",
        ),
        Question(
            f"{name}.all-live",
            f"{word} uses at once: all successors are valid",
            sequence,
            lambda trial: living(trial, n) == len(successors(trial, n)) if len(successors(trial, n)) > 1 else None,
            "a token from a race may already be invalid: one refresh at a time",
            "a token from a race may already be invalid: one refresh at a time",
            "each successor is a separate session: revoke each one that you discard",
        ),
    )


QUESTIONS: tuple[Question, ...] = (
    Question(
        "rotates",
        "a refresh returns a new refresh token",
        "second use",
        new("1"),
        "keep the refresh token that you have: the server returns no other",
        "store the refresh token of each answer, and keep the old one where an answer has none",
        "store the new token before you use the new access token",
    ),
    Question(
        "access.after-refresh",
        "the old access token works after a refresh",
        "access",
        said_yes("after"),
        "do not send the old token once a refresh has begun: hold requests back until its answer is there",
        "send the new token as soon as it is there, and retry a refused request once with it",
        "requests under way need no retry: the old token works until it expires",
    ),
    Question(
        "access.after-use",
        "and it still works after the first use of the new one",
        "access",
        when(said_yes("after"), said_yes("after use")),
        "switch all requests to the new token together: its first use ends the old one",
        "switch all requests to the new token together",
        "old and new token may be used side by side",
    ),
    Question(
        "second.accepted",
        "a second use is accepted",
        "second use",
        _AGAIN,
        f"never present a refresh token twice: {ONE_FLIGHT}",
        f"do not rely on a second use: {ONE_FLIGHT}",
        "after a lost answer, retry once with the same token",
    ),
    Question(
        "second.same",
        "it returns the same refresh token as the first",
        "second use",
        same("1", "again"),
        "a retry makes another successor: keep the last answer, and sign out with every token you got",
        "use the last answer",
        "a retry is harmless: it returns what the lost answer had",
    ),
    Question(
        "second.same-access",
        "and the same access token, too",
        "second use",
        when(same("1", "again"), same_access("1", "again")),
        "expect another access token from a retry: use the newer one",
        "expect another access token from a retry: use the newer one",
        "a retry changes nothing at all",
    ),
    Question(
        "second.lives",
        "once refused, the session stays valid",
        "second use",
        when(_REUSED, said_yes("alive 1")),
        "one use too many logs the user out: there is nothing to retry with, sign in again",
        "one use too many may log the user out",
        "after a refusal read the store again: another tab may have the newer token",
    ),
    Question(
        "second.access",
        "once refused, the newest access token still works",
        "second use",
        when(_REUSED, said_yes("use 1")),
        "the access token ends with the session: expect 401s at once",
        "expect 401s at once",
        "the app works until the access token expires: watch the refresh for the end of the session, not the API",
    ),
    Question(
        "second.other",
        "once refused, another session of the user stays valid",
        "second use",
        when(_REUSED, said_yes(f"alive {OTHER}")),
        "one client's mistake logs the user out everywhere",
        "one client's mistake may log the user out everywhere",
        "other devices are not touched",
    ),
    Question(
        "third.accepted",
        "a third use is accepted",
        "third use",
        when(_AGAIN, said_yes("third")),
        "retry once, not twice",
        "retry once, not twice",
        "more than one retry is tolerated, too",
    ),
    Question(
        "grandparent.accepted",
        "a use after the successor's refresh is accepted",
        "after a refresh",
        _AGAIN,
        "a copy of the token that is two refreshes old no longer works: read the store before each refresh",
        "do not rely on a token that is two refreshes old",
        "even a token that is two refreshes old works: slow tabs are safe while this lasts",
    ),
    Question(
        "grandparent.newest",
        "it returns the newest refresh token",
        "after a refresh",
        same("2", "again"),
        "an old token returns a token of another branch: do not overwrite a newer pair in the store with it",
        "compare with the store before you overwrite",
        "an old token leads to the newest one",
    ),
    Question(
        "grandparent.same",
        "it returns the same successor token as its first use",
        "after a refresh",
        when(opposite_of(same("2", "again")), same("1", "again")),
        "an old token returns a token of another branch: never let it overwrite a newer pair",
        "the token that an old token returns may already be consumed: never let it overwrite a newer pair",
        "the token that an old token returns is already consumed: never let it overwrite a newer pair",
    ),
    Question(
        "grandparent.lives",
        "once refused, the session stays valid",
        "after a refresh",
        when(_GRAND, said_yes("alive 2")),
        "an old copy of a token (a tab that slept, a backup) logs the user out: read the store before each refresh",
        "an old copy of a token may log the user out: read the store before each refresh",
        "after a refusal read the store again: the newer token there works",
    ),
    Question(
        "used.accepted",
        "a use after the new access token's use is accepted",
        "after a use",
        _AGAIN,
        "store the new pair before its first use: after that the old token no longer works",
        "store the new pair before its first use",
        "the new token's use does not retire the old one",
    ),
    Question(
        "used.lives",
        "once refused, the session stays valid",
        "after a use",
        when(_USED, said_yes("alive 1")),
        "an old copy of a token logs the user out once its successor is in use",
        "an old copy of a token may log the user out",
        "after a refusal read the store again: the newer token there works",
    ),
    *_at_once(2, "two"),
    *_at_once(BURST, "five"),
    Question(
        "lost.accepted",
        "an answer is lost: a retry with the same token works",
        "lost answer",
        _AGAIN,
        "a lost answer loses the session: let no timeout or navigation interrupt a refresh",
        "a lost answer may lose the session: let no timeout or navigation interrupt a refresh",
        "after a lost answer, retry once with the same token",
    ),
    Question(
        "sign-out.newest",
        "sign-out with the newest token: a refresh still works",
        "sign-out, newest",
        when(said_yes("out"), said_yes("alive 1")),
        "sign out with the newest token, after a refresh that is under way",
        "sign-out does not always end the session: check that it did",
        "sign-out does not end the session here: is the revocation endpoint right?",
    ),
    Question(
        "sign-out.access",
        "after it the access token still works",
        "sign-out, newest",
        when(said_yes("out"), said_yes("use 1")),
        "nothing to discard: the access token is invalid as well",
        "discard the access token yourself",
        "discard the access token yourself: it works until it expires",
    ),
    Question(
        "sign-out.other",
        "after it another session of the user stays valid",
        "sign-out, newest",
        when(said_yes("out"), said_yes(f"alive {OTHER}")),
        "signing out here signs out everywhere: say so to the user",
        "signing out here may sign out elsewhere",
        "sign-out ends this session alone",
    ),
    Question(
        "sign-out.consumed",
        "sign-out with a consumed token: its successor stays valid",
        "sign-out, consumed",
        lambda trial: granted(trial, "alive 1") if trial.answer_to("out").what in ("granted", "refused") else None,
        "a stale token still ends the session",
        "sign out with the newest token: a stale one does not always end the session",
        "sign out with the newest token: a stale one leaves the session valid, whatever the answer says",
    ),
    Question(
        "sign-out.beside",
        "sign-out during a refresh: a valid session is left",
        "sign-out beside a refresh",
        left,
        "a refresh under way does not survive a sign-out",
        "sign out after the refresh that is under way, with the token that it returns",
        "sign out after the refresh that is under way, with the token that it returns",
    ),
)
