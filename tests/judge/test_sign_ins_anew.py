"""Tokens by client credentials: fetched anew for each call they are a stampede, kept to their end they are none."""

from typing import Any

import pytest
from wires import Wire

from race401.harness.judge.evidence import from_ledger
from race401.harness.judge.findings import Value
from race401.harness.judge.verdict import Verdict, judge

LIFE = 300.0  # s


def judged(wire: Wire) -> Verdict:
    """What the judge says."""
    return judge(from_ledger(wire.entries, "test", apart=True))


def fetch(wire: Wire, token: str, at: float, took: float = 0.001, **more: Any) -> None:
    """The client signs in as itself."""
    wire.sign_in(token, None, **({"credentials": "c", "at": at, "took": took} | more))


def call(wire: Wire, token: str, at: float, status: int = 200, born: float = 0.0, **more: Any) -> None:
    """It uses the token."""
    wire.get(token, status, at=at, token_left_s=born + LIFE - at, **more)


def each_call(wire: Wire, calls: int, every: float = 1.0, **more: Any) -> None:
    """A token for each call."""
    for n in range(calls):
        fetch(wire, f"a{n}", n * every, **more)
        call(wire, f"a{n}", n * every + 0.1, born=n * every, **{k: v for k, v in more.items() if k != "credentials"})


def anew(wire: Wire) -> int:
    """How many sign-ins were needless."""
    return sum(len(row.sign_ins_anew_seqs) for row in judged(wire).rows)


@pytest.mark.parametrize("calls", [3, 20])
def test_a_token_fetched_for_each_call_is_a_stampede(calls: int) -> None:
    """Planted: named in the sentence, and no session for each."""
    wire = Wire()
    each_call(wire, calls)
    result = judged(wire)
    assert result.value is Value.FAIL
    assert f"{calls - 1} tokens by client credentials fetched anew for one call each" in result.sentence
    assert result.rows[0].sessions == 1


def test_calls_at_once_that_fetch_one_each_are_one() -> None:
    """Five callers find none; the last answer is kept."""
    wire = Wire()
    for n in range(5):
        fetch(wire, f"a{n}", at=0.0, took=0.5)
    for n in range(5):
        call(wire, f"a{n}", at=0.6)
    call(wire, "a4", at=1.0)
    assert anew(wire) == 4


def test_a_token_that_is_kept_is_none() -> None:
    """The clean twin: one for all calls, and another at its end."""
    wire = Wire()
    for born, token in ((0.0, "a"), (290.0, "b"), (580.0, "c")):
        fetch(wire, token, at=born)
        for n in range(5):
            call(wire, token, at=born + 1 + n, born=born)
    assert anew(wire) == 0


def test_calls_far_apart_are_none() -> None:
    """Near miss: one call for each token, since the one before was near its end."""
    wire = Wire()
    each_call(wire, 6, every=200.0)
    assert anew(wire) == 0


def test_twice_is_no_row() -> None:
    wire = Wire()
    each_call(wire, 2)
    assert anew(wire) == 0


def test_processes_that_keep_their_own_are_none() -> None:
    """Near miss: three begin, each fetches one and uses it again and again."""
    wire = Wire()
    for n in range(3):
        fetch(wire, f"a{n}", at=float(n))
    for n in range(9):
        call(wire, f"a{n % 3}", at=5.0 + n)
    assert anew(wire) == 0


@pytest.mark.parametrize("what", ["credentials", "peer", "client"])
def test_three_that_are_different_are_none(what: str) -> None:
    """Near miss: for three scopes, from three machines, of three clients."""
    wire = Wire()
    for n in range(3):
        about: dict[str, Any] = {what: f"{n}"}
        fetch(wire, f"a{n}", at=float(n), **about)
        call(wire, f"a{n}", at=n + 0.5, born=float(n), **({} if what == "credentials" else about))
    assert anew(wire) == 0


def test_people_who_sign_in_are_none() -> None:
    """Near miss: three sessions of users, behind one address."""
    wire = Wire()
    each_call(wire, 3, credentials=None)
    assert (anew(wire), judged(wire).rows[0].sessions) == (0, 3)


def test_a_token_that_was_refused_calls_for_another() -> None:
    """Near miss; and the retry with the fresh one makes the 401 good."""
    wire = Wire()
    for n in range(4):
        fetch(wire, f"a{n}", at=float(n))
        if n:
            call(wire, f"a{n}", at=n + 0.01, born=float(n))
        call(wire, f"a{n}", at=n + 0.999, status=401, born=float(n), target=f"/{n}")
        call(wire, f"a{n + 1}", at=n + 1.005, born=n + 1.0, target=f"/{n}") if n < 3 else None
    result = judged(wire)
    assert anew(wire) == 0
    assert result.rows[0].caller_401s.total() == 1  # the last, after which nothing came
