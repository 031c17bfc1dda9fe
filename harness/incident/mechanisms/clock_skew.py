"""
Clock skew: a client that thinks its token good after its server thinks it over.

Shown: the client's clock is known to be behind; each request that was refused as expired had a token that was good by
the client's clock; and the client is known to refresh by the clock: it refreshed without a 401 before, or sent the
refused token again after it had heard.
Consistent: the clock is known to be wrong by more than two seconds, or is not known, and requests were refused of
which nothing contradicts it.
Excluded: the two clocks agree within two seconds; what was refused was good by both, or over by both; or the same
server took the refused token afterwards, which it would not if it thought it over.
"""

from race401.harness.incident.evidence import Clock
from race401.harness.incident.mechanisms.case import Case, was_granted
from race401.harness.incident.mechanisms.mechanism import Mechanism, Sign, consistent, excluded, shown
from race401.harness.incident.mechanisms.ways import CALLS_AT_ONCE, Play, Recipe, Way
from race401.harness.judge.causal import before
from race401.harness.judge.counted import counted, seconds
from race401.harness.judge.graph import TAKEN
from race401.ledger.entry import Entry

AGREE_S = 2.0  # tokens begin and end in whole seconds on both sides: a smaller difference has no effect of its own
DATE = "the `Date` of an answer beside the browser's time, and when the refused token ended (`exp`)"


def look(case: Case) -> Sign | None:
    """Say what the evidence shows of it."""
    by_clients = [(e, clock) for e in case.refused if (clock := _clock(case, e)) is not None]
    if not by_clients:
        client_seen = any(source.side == "client" for source in case.evidence.sources)
        return None if client_seen else _unknown(case, case.refused)
    taken = {id(e): by for e, _ in by_clients if (by := _taken_after(case, e)) is not None}
    if len(taken) == len(by_clients):
        first = by_clients[0][0]
        return excluded(
            "each token that was refused was taken afterwards: it was not over", (first, taken[id(first)])
        )
    by_clients = [(e, clock) for e, clock in by_clients if id(e) not in taken]
    known = [(e, clock) for e, clock in by_clients if clock.offset is not None]
    wrong = [(e, clock) for e, clock in known if _least(clock) > AGREE_S]
    if not known:
        return _unknown(case, [e for e, _ in by_clients])
    if not wrong:
        clock = known[0][1]
        if abs(clock.offset or 0.0) + (clock.within or 0.0) <= AGREE_S:
            return excluded(f"client and server agree to {seconds(clock.within or 0.0)}", (known[0][0],))
        return _unknown(case, [e for e, _ in known])
    return _wrong(case, wrong)


def _wrong(case: Case, wrong: list[tuple[Entry, Clock]]) -> Sign | None:
    offset = wrong[0][1].offset or 0.0
    is_ = f"the client's clock is {seconds(abs(offset))} {'behind' if offset > 0 else 'ahead'}"
    own = [
        (e, clock) for e, clock in wrong if not any(before(by, e) for by in case.graph.replaced(e))
    ]  # no stale copy
    ends = [e for e, _ in own if e.token_left_s is not None]
    believed = [e for e, clock in own if e.token_left_s is not None and _believed(e.token_left_s, clock)]
    disputed = any(clock.disputed for _, clock in wrong)
    if believed and len(believed) == len(ends) and not disputed and _by_the_clock(case, believed):
        says = f"{is_}: {counted(len(believed), 'request')} refused with a token that was good by it, and was over"
        return shown(says, believed)
    if ends and not believed:
        return excluded(f"{is_}, but no refused token was good by it and over for the server", ends[:1])
    told = f"{is_}, and {counted(len(wrong), 'request')} refused"
    if disputed:
        return consistent(told, [e for e, _ in wrong], "which clock is wrong: the servers' own differ")
    decides = "whether the client refreshes by its clock" if believed else "when the refused tokens ended (`exp`)"
    return consistent(told, [e for e, _ in wrong], decides)


def _stale(case: Case, e: Entry) -> bool:
    """Whether the token had been replaced: then it was a stale copy, whatever the clock."""
    return any(before(by, e) for by in case.graph.replaced(e))


def _taken_after(case: Case, e: Entry) -> Entry | None:
    """Return the first request after it with the same token that the same server took."""
    if e.sent is None:
        return None
    return next(
        (a for a in case.api if a.sent == e.sent and a.world == e.world and a.status in TAKEN and before(e, a)), None
    )


def _believed(left: float, clock: Clock) -> bool:
    """Whether the token was over for the server and good for the client, as far as the clock is known."""
    return left <= 0 < left + _least(clock) and (clock.offset or 0.0) > 0


def _least(clock: Clock) -> float:
    return max(0.0, abs(clock.offset or 0.0) - (clock.within or 0.0))


def _by_the_clock(case: Case, believed: list[Entry]) -> bool:
    """Whether the client refreshes by the clock, not by what it hears."""
    again = any(before(x, y) and x.sent == y.sent for x in believed for y in believed)
    unasked = [
        e for e in case.exchanges
        if was_granted(e) and e.presented is not None and case.graph.brought.get(e.presented)
        and not any(x.sent in case.graph.beside(e.presented) and before(x, e) for x in case.refused)
    ]  # fmt: skip
    return bool(unasked) or (again and bool(case.exchanges))


def _unknown(case: Case, refused: list[Entry]) -> Sign | None:
    may = [e for e in refused if e.token_left_s is None and not case.evidence.without_token(e)]
    expired = [e for e in refused if e.cause == "expired"]
    if expired or may:
        n = counted(len(expired or may), "request")
        how = "as the token was over" if expired else "and nothing says whether the token had expired"
        return consistent(f"{n} refused {how}; the client's clock is not known", expired or may, DATE)
    left = [e for e in refused if e.token_left_s is not None and e.token_left_s > 0]
    return excluded("the refused tokens had not expired", left[:1]) if left else None


def _clock(case: Case, e: Entry) -> Clock | None:
    """Return the clock of the client that sent it, where a client's file tells of it."""
    told = (case.evidence.sources[seen.source] for seen in case.evidence.seen[e.seq - 1])
    return next((source.clock for source in told if source.side == "client"), None)


MECHANISM = Mechanism(
    name="clock-skew",
    title="clock skew: the token expired before the client thought so",
    answer="The client's clock is behind: its tokens had already expired",
    seeks="a client's clock that differs from its server's, and tokens that had expired by one of them",
    look=look,
    way=Way("supabase", "clock-behind", "burst --policies pre-fix --conditions slow-clock"),
    guard=Recipe(
        world="supabase",
        arm="race401_server.set_clock(ahead=BEHIND)",
        left="-1.0",
        scene=CALLS_AT_ONCE,
        check='race401_verdict.check(covers="expiry")',
    ),
    play=Play(
        world="supabase",
        about="the device's clock is behind: tokens expire before the client thinks so",
        control='Expectation("some", "any", cause="expired")',
        policies="pre-fix:expiry_margin={skew_margin:g},fixed:expiry_margin={skew_margin:g},hardened",
        more='skew=-{behind:g},\nat_expiry=True,\ncovers=("expiry",),',
    ),
)
