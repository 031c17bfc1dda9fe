"""Several clients in one ledger: who names itself is judged by itself, and whoever does not, with the others."""

from wires import Wire

from race401.harness.judge.alone import MOST
from race401.harness.judge.evidence import Evidence, from_ledger
from race401.harness.judge.findings import Value
from race401.harness.judge.row import Row
from race401.harness.judge.verdict import Verdict, judge


def judged(wire: Wire) -> Verdict:
    """What the judge says of a ledger that is a file."""
    return judge(from_ledger(wire.entries, "test", apart=True))


def rows(result: Verdict) -> dict[str, Row]:
    """The columns, by their heading."""
    return {row.policy: row for row in result.rows}


def refreshed(wire: Wire, client: str | None, name: str, at: float) -> None:
    """A session of that client refreshes once, two requests under way."""
    wire.sign_in(f"{name}1", f"{name}r1", client=client, at=at)
    for _ in range(2):
        wire.get(f"{name}1", client=client, at=at + 1, took=0.5)
    wire.exchange(f"{name}r1", f"{name}2", f"{name}r2", client=client, at=at + 1.1)
    wire.get(f"{name}2", client=client, at=at + 2)


def test_each_that_names_itself_has_a_column_and_the_others_one() -> None:
    """Their sums are the whole."""
    wire = Wire()
    for number, client in enumerate(["web", "cli", None, None]):
        refreshed(wire, client, f"s{number}", at=10.0 * number)
    result = judged(wire)
    columns = rows(result)
    assert (result.value, list(columns)) == (Value.PASS, ["cli", "web", "the rest"])
    assert [(row.requests, row.exchanges, row.sessions) for row in columns.values()] == [
        (3, 1, 1),
        (3, 1, 1),
        (6, 2, 2),
    ]


def test_one_that_fails_is_named_and_the_others_are_not_blamed() -> None:
    """Two exchanges of one token are of the client that sent them."""
    wire = Wire()
    refreshed(wire, "web", "a", at=0.0)
    refreshed(wire, "cli", "b", at=10.0)
    wire.exchange("br1", "b3", "br3", client="cli", at=11.2)
    result = judged(wire)
    assert result.value is Value.FAIL
    assert {f.role for f in result.findings if f.value is Value.FAIL} == {"~cli"}
    assert result.sentence.startswith("FAIL: [api] cli: 2 exchanges of 1 refresh token")


# --- a session that two clients share -------------------------------------------------------------


def shared(second: str) -> Verdict:
    """Two tools over one credentials file: the second exchanges this token a moment after the first."""
    wire = Wire()
    wire.sign_in("a1", "r1", client="one", at=0.0)
    wire.get("a1", client="two", at=0.5)
    wire.exchange("r1", "a2", "r2", client="one", at=1.0, took=0.5)
    wire.exchange(second, "a3", "r3", client="two", at=1.6)
    wire.get("a3", client="two", at=2.0)
    wire.get("a3", client="one", at=2.5)
    return judged(wire)


def test_two_clients_that_exchange_one_token_race_although_each_did_once() -> None:
    """Planted: the second is charged, and told that the first was another's."""
    result = shared("r1")
    assert result.value is Value.FAIL
    assert [row.repeated_seqs for row in result.rows] == [[], [4]]
    assert "1 of them after another client had exchanged the same" in result.sentence


def test_two_clients_that_exchange_one_tokens_after_another_do_not() -> None:
    """Its clean twin."""
    assert shared("r2").value is Value.PASS


def test_a_refused_client_has_lost_nothing_whose_twin_was_granted() -> None:
    """Near miss: its session goes on, by the other's exchange."""
    wire = Wire()
    wire.sign_in("a1", "r1", client="one", at=0.0)
    wire.exchange("r1", None, client="two", at=1.0)
    wire.exchange("r1", "a2", "r2", client="one", at=2.0)
    wire.get("a2", client="one", at=3.0)
    assert [row.sessions_lost for row in judged(wire).rows] == [0, 0]


def test_who_carries_on_a_session_that_another_client_ended_is_charged() -> None:
    """A sign-out ends it for both."""
    wire = Wire()
    wire.sign_in("a1", "r1", client="one", at=0.0)
    wire.sign_out("a1", client="one", at=1.0)
    wire.get("a1", client="two", at=2.0)
    assert [row.after_sign_out_seqs for row in judged(wire).rows] == [[], [3]]


def test_a_refresh_at_every_call_is_seen_when_two_clients_take_turns() -> None:
    """Three tokens in a row, of a life of 60 s, each with 59 s left."""
    wire = Wire()
    wire.sign_in("a0", "r0", client="one", at=0.0)
    for n in range(4):
        who = ("one", "two")[n % 2]
        wire.exchange(f"r{n}", f"a{n + 1}", f"r{n + 1}", client=who, at=n + 1.0, token_left_s=59.0)
        wire.get(f"a{n + 1}", client=who, at=n + 1.5, token_left_s=59.5)
    result = judged(wire)
    assert sum(len(row.in_a_row_seqs) for row in result.rows) == 4
    assert result.value is Value.FAIL


# --- which columns there are ----------------------------------------------------------------------


def columns(wire: Wire) -> list[str]:
    """Their headings."""
    return [row.policy for row in judged(wire).rows]


def test_more_clients_than_a_table_holds_are_one_column() -> None:
    """So are a run's browsers, of which each has a name."""
    wire = Wire()
    for number in range(MOST + 1):
        wire.get("a", client=f"browser {number}")
    assert columns(wire) == ["the client"]


def test_a_single_client_is_told_apart_from_nobody() -> None:
    wire = Wire()
    wire.get("a", client="web")
    assert columns(wire) == ["the client"]


def test_preflights_that_carry_no_name_are_no_client() -> None:
    """Near miss: a browser sends them without its page's headers. Nor are they strangers in the ledger."""
    wire = Wire()
    for number, client in enumerate(["web", "cli"]):
        wire.entry(kind="preflight", method="OPTIONS", target="/contacts", client=None, at=10.0 * number)
        refreshed(wire, client, client, at=10.0 * number)
    assert (columns(wire), judged(wire).value) == (["cli", "web"], Value.PASS)


def test_a_client_may_be_called_like_a_role() -> None:
    """No name of a client makes a comparison of the table."""
    wire = Wire()
    for number, client in enumerate(["control", "subject", None]):
        refreshed(wire, client, f"s{number}", at=10.0 * number)
    result = judged(wire)
    assert columns(wire) == ["control", "subject", "the rest"]
    assert result.value is Value.PASS


def test_a_client_of_which_nothing_was_seen_is_said() -> None:
    """A PASS names who never came to refresh."""
    wire = Wire()
    refreshed(wire, "web", "a", at=0.0)
    wire.get("x", client="cli", at=20.0)
    sentence = judged(wire).sentence
    assert (
        "cli (no 401 had its chance; no exchange was seen; no session was seen to stay valid after a refresh)"
        in sentence
    )


# --- hosts ----------------------------------------------------------------------------------------


def evidence(token: str) -> Evidence:
    """An auth server of which a token goes to an API, or another one."""
    wire = Wire()
    wire.exchange("r1", "a2", "r2", world="auth.example", grant_outcome="granted")
    wire.get(token, world="api.example")
    return from_ledger(wire.entries, "test", apart=True)


def test_hosts_whose_tokens_are_the_same_are_one_system() -> None:
    """The API's requests stand beside the refreshes of the auth server."""
    assert list(evidence("a2").manifest["conditions"]) == ["api.example + auth.example"]
    (row,) = judge(evidence("a2")).rows
    assert (row.requests, row.exchanges) == (1, 1)


def test_hosts_that_share_no_token_are_two() -> None:
    """Near miss: each has its own line of the table."""
    assert list(evidence("b").manifest["conditions"]) == ["api.example", "auth.example"]


def test_a_refresh_at_the_auth_server_makes_the_refusal_of_the_api_good() -> None:
    """A slow one, too: the API alone looks silent for its time."""
    wire = Wire()
    wire.sign_in("a1", "r1", world="auth", at=0.0)
    wire.get("a1", world="api", at=1.0)
    wire.get("a1", 401, world="api", at=5.0, cause="expired")
    wire.exchange("r1", "a2", "r2", world="auth", at=5.1, took=4.0, grant_outcome="granted")
    wire.get("a2", world="api", at=9.2)
    result = judged(wire)
    assert (result.value, len(result.rows)) == (Value.PASS, 1)


def test_a_client_without_a_token_has_failed_that_has_a_session_at_the_auth_server() -> None:
    """Which is another host of the same system; near miss: of another system it is nobody's failure."""
    for token, value in (("a2", Value.FAIL), ("b", Value.UNKNOWN)):
        wire = Wire()
        wire.sign_in("a1", "r1", world="auth", family="s", client="web", at=0.0)
        wire.exchange("r1", "a2", "r2", world="auth", family="s", client="web", at=1.0, grant_outcome="granted")
        family = "s" if token == "a2" else None
        wire.get(token, world="api", client="web", family=family, at=2.0)
        wire.get(None, 401, world="api", client="web", cause="missing_token", at=5.0)
        assert judged(wire).value is value


def test_hosts_are_one_system_too_where_nobody_refreshed() -> None:
    """A sign-in at one, its token at the other; worlds of the mock are systems of their own."""
    for generation, systems in ((None, ["api + auth"]), (0, ["api", "auth"])):
        wire = Wire()
        wire.sign_in("a1", "r1", world="auth")
        wire.get("a1", world="api", generation=generation)
        assert list(from_ledger(wire.entries, "test", apart=True).manifest["conditions"]) == systems
