"""What the table counts, where a quick way replaces a plain one: both say the same."""

from hypothesis import given
from hypothesis import strategies as st
from ledgers import PAGE, Run, reproduced

from race401.harness.judge.checks.waiting import Spans
from race401.harness.judge.measure import measure

CLIENT = "run/rfc9700/control/1"
INSTANTS = st.integers(0, 40).map(lambda n: n / 10)


@given(st.lists(st.tuples(INSTANTS, INSTANTS), max_size=8), INSTANTS, INSTANTS)
def test_whether_an_exchange_was_under_way(spans: list[tuple[float, float]], a: float, b: float) -> None:
    """One look into the sorted spans says what a look at each of them would."""
    run, begun, over = Run(), min(a, b), max(a, b)
    for span in spans:
        run.exchange(CLIENT, received_at=min(span), answered_at=max(span))
    plainly = any(e.received_at <= over and e.answered_at >= begun for e in run.entries)
    assert Spans(run.entries).meet(begun, over) is plainly


def test_a_long_exchange_is_under_way_while_short_ones_come_and_go() -> None:
    """And one that ends as a page begins is met by it."""
    run = Run()
    for received, answered in ((1.0, 9.0), (2.0, 3.0)):
        run.exchange(CLIENT, received_at=received, answered_at=answered)
    spans = Spans(run.entries)
    assert [spans.meet(*page) for page in ((0.0, 0.9), (5.0, 6.0), (9.0, 9.5), (9.1, 9.5))] == [
        *(False, True, True, False)
    ]


def test_a_refresh_that_another_clients_sign_out_meets_is_not_covered() -> None:
    """Only one's own sign-out can catch one's own refresh."""
    run = Run()
    run.exchange(CLIENT, received_at=1.0, answered_at=2.0)
    run.entry("run/rfc9700/control/2", "/auth/v1/logout", 204, received_at=1.5, answered_at=1.6)
    assert measure(run.evidence())[0].coverage["refresh-during-sign-out"] == 0
    run.entry(CLIENT, "/auth/v1/logout", 204, received_at=1.5, answered_at=1.6)
    assert measure(run.evidence())[0].coverage["refresh-during-sign-out"] == 1


def test_the_rows_behind_the_incidents_signature() -> None:
    """A page that looks like the incident is named by the request that was answered 200."""
    run = reproduced()
    row = measure(run.evidence())[0]
    assert [run.entries[seq - 1].target for seq in row.signature_seqs] == [PAGE[0]]
    assert len(row.wire_401_seqs) == 4
