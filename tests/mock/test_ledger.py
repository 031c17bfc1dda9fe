"""The ledger: what it holds, when it is written, and that the judge reads what the mock writes."""

import asyncio
import json
import stat
from pathlib import Path
from typing import Any

import msgspec
import pytest
from mocks import NOW, WHO, Mock, run

from race401.harness.judge.evidence import EvidenceError, load
from race401.ledger.entry import Entry, received
from race401.mock_api.app import create_app
from race401.mock_api.ledger import COUNTED, Ledger, Segment


def entry(target: str = "/contacts", client: str | None = None) -> Entry:
    """An entry that is not yet decided."""
    return received("supabase", "GET", target, NOW, client)


@pytest.mark.parametrize("field", [field.name for field in msgspec.structs.fields(Entry) if field.required])
def test_a_line_that_lacks_a_field_is_no_entry(tmp_path: Path, field: str) -> None:
    """What is absent is not taken for nothing: the refusal names the file, the line and the field."""
    whole = msgspec.structs.asdict(entry())
    ledger = tmp_path / "ledger.jsonl"
    ledger.write_text(f"{json.dumps(whole)}\n")
    assert load(ledger).entries == [entry()]
    del whole[field]
    ledger.write_text(f"{json.dumps(whole)}\n")
    with pytest.raises(EvidenceError, match=f"line 1: Object missing required field `{field}`"):
        load(ledger)


def test_an_exchange_has_its_entry() -> None:
    mock = Mock()
    session = mock.sign_in()
    mock.now += 0.25
    who = {"X-Race401-Client": "run/supabase/control/0.1", "X-Race401-Attempt": "a#1.1"}
    mock.client.headers.update(who)
    mock.refresh(session["refresh_token"])
    told = {f.name: getattr(mock.last, f.name) for f in msgspec.structs.fields(Entry) if f.required}
    family = told.pop("family")
    assert told == {
        "seq": 1,
        "world": "supabase",
        "client": who["X-Race401-Client"],
        "attempt": who["X-Race401-Attempt"],
        "generation": 0,
        "method": "POST",
        "target": "/auth/v1/token?grant_type=refresh_token",
        "received_at": NOW + 0.25,
        "answered_at": NOW + 0.25,
        "status": 200,
        "cause": None,
        "token_left_s": 3599.75,
        "grant_outcome": "rotated",
        "fault": None,
    }
    assert family == run(mock.realm().store.find(session["refresh_token"])).id  # type: ignore[union-attr]


def test_a_read_names_the_generation_of_its_token() -> None:
    mock = Mock()
    first = mock.sign_in()
    mock.now += 1
    second = mock.refresh(first["refresh_token"]).json()
    mock.get("/contacts", first["access_token"])
    old = mock.last
    mock.get("/contacts", second["access_token"])
    assert (old.generation, mock.last.generation) == (0, 1)
    assert old.family == mock.last.family


def test_no_token_and_no_password_is_in_the_ledger() -> None:
    mock = Mock()
    mock.client.post("/auth/v1/signup", json=WHO)
    session = mock.sign_in()
    mock.get("/contacts", session["access_token"])
    mock.refresh(session["refresh_token"])
    text = msgspec.json.encode(list(mock.ledger.entries)).decode()
    for secret in (session["access_token"], session["refresh_token"], WHO["password"], WHO["email"]):
        assert secret not in text


def test_the_entry_is_on_disk_before_the_answer_leaves(tmp_path: Path) -> None:
    """Seen from inside `send`: when the first byte of an answer goes out, its line is in the file."""
    path = tmp_path / "ledger.jsonl"
    app, seen = create_app(ledger=Ledger(path)), []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        seen.append((message["type"], path.read_text().count("\n")))

    scope = {"type": "http", "method": "GET", "path": "/contacts", "query_string": b"", "headers": []}
    asyncio.run(app(scope, receive, send))
    assert seen == [("http.response.start", 1), ("http.response.body", 1)]


def test_a_request_that_is_cut_off_has_its_entry_too() -> None:
    """A client that goes away while its request waits at a gate."""
    ledger, waiting = Ledger(), asyncio.Event()

    class Closed:
        async def wait(self, gate: str, entry: Entry, latency: float) -> None:
            waiting.set()
            await asyncio.Event().wait()

    async def run() -> None:
        app = create_app(ledger=ledger, gates=Closed())
        scope = {"type": "http", "method": "GET", "path": "/contacts", "query_string": b"", "headers": []}
        request = asyncio.ensure_future(app(scope, None, None))  # type: ignore[arg-type]
        await waiting.wait()
        request.cancel()
        await asyncio.gather(request, return_exceptions=True)

    asyncio.run(run())
    (only,) = ledger.entries
    assert (only.seq, only.status, only.answered_at) == (1, 0, 0.0)


def test_memory_is_bounded_and_counts_are_exact() -> None:
    ledger = Ledger(kept=3)
    for _ in range(5):
        ledger.write(entry())
    assert [kept.seq for kept in ledger.entries] == [3, 4, 5]
    assert ledger.dropped == 2
    assert dict(ledger.counts) == {("supabase", "/contacts", 0, None, None): 5}


def test_a_segment_is_a_file_and_nothing_in_memory(tmp_path: Path) -> None:
    segment = Segment(tmp_path / "ledger-1.jsonl", iter((7, 9)))
    for _ in range(2):
        segment.write(received("w", "GET", "/x", NOW))
    assert [json.loads(line)["seq"] for line in (tmp_path / "ledger-1.jsonl").read_bytes().splitlines()] == [7, 9]
    assert (list(segment.entries), segment.counts, segment.dropped) == ([], {}, 2)


def test_paths_that_nobody_knew_are_counted_together() -> None:
    """Whoever asks for a thousand paths that do not exist does not fill the memory."""
    ledger = Ledger(kept=1)
    for n in range(COUNTED + 10):
        ledger.write(entry(f"/{n}"))
    ledger.write(entry("/0"))
    assert len(ledger.counts) == COUNTED + 1
    assert ledger.counts["supabase", "/0", 0, None, None] == 2
    assert ledger.counts["supabase", "*", 0, None, None] == 10


def test_entries_of_one_client_in_the_order_of_decision() -> None:
    ledger = Ledger()
    late, early = entry(client="run/a"), entry(client="run/b")
    ledger.decide(early)
    ledger.decide(late)
    for each in (late, early, entry(client="other/a")):
        ledger.write(each)
    assert [each.client for each in ledger.where(lambda each: (each.client or "").startswith("run/"))] == [
        "run/b",
        "run/a",
    ]


def test_a_disk_that_is_full_breaks_no_answer(capsys: pytest.CaptureFixture[str]) -> None:
    ledger = Ledger(Path("/dev/full"))
    ledger.write(entry())
    ledger.write(entry())
    assert ledger.lost == 2
    assert capsys.readouterr().err == "race401: the ledger cannot be written: No space left on device\n"


def test_the_control_api_tells_counts_and_entries_and_forgets() -> None:
    mock = Mock()
    mock.client.get("/contacts", headers={"X-Race401-Client": "me/1"})
    counts = mock.client.get("/_race401/counts").json()
    assert counts == [
        {
            "world": "supabase",
            "path": "/contacts",
            "status": 401,
            "cause": "missing_token",
            "grant_outcome": None,
            "count": 1,
        }
    ]
    answer = mock.client.get("/_race401/ledger?client=me/")
    assert msgspec.json.decode(answer.content)["cause"] == "missing_token"
    assert answer.headers["X-Race401-Dropped"] == "0"
    assert mock.client.get("/_race401/ledger?client=you/").content == b""
    assert mock.client.post("/_race401/reset").status_code == 204
    assert mock.client.get("/_race401/counts").json() == []
    assert mock.client.get("/_race401").json()["ledger"] == {"entries": 0, "dropped": 0, "lost": 0}


@pytest.mark.parametrize("kind", [Ledger, Segment])
def test_its_file_is_its_owner_s_alone(tmp_path: Path, kind: type[Ledger]) -> None:
    """Who may read it is not left to the umask: it names accounts, clients and paths."""
    kind(tmp_path / "ledger.jsonl")
    assert stat.S_IMODE((tmp_path / "ledger.jsonl").stat().st_mode) == 0o600


def test_a_file_that_has_entries_is_gone_on_with(tmp_path: Path) -> None:
    """The order of decisions goes on where it ended, whatever the order of the lines, so that nothing comes twice."""
    path = tmp_path / "ledger.jsonl"
    before = Ledger(path)
    early, late = entry("/early"), entry("/late")
    before.decide(early)
    before.write(late)
    before.write(early)
    Ledger(path).write(entry("/after"))
    read = load(path)
    assert [(each.seq, each.target) for each in read.entries] == [(1, "/early"), (2, "/late"), (3, "/after")]
    assert not read.torn


def test_what_a_killed_process_left_is_ended_before_the_next_line(tmp_path: Path) -> None:
    """A line that was torn stays a damaged one of its own, and what comes after it is whole."""
    path = tmp_path / "ledger.jsonl"
    Ledger(path).write(entry("/before"))
    with path.open("ab") as file:
        file.write(b'{"seq": 2, "wor')
    Ledger(path).write(entry("/after"))
    read = load(path)
    assert [(each.seq, each.target) for each in read.entries] == [(1, "/before"), (2, "/after")]
    assert len(read.damage) == 1
