"""HARs of different programs: one incident told by each has the same facts; what is no request is left out."""

import json
from pathlib import Path
from typing import Any

import pytest
from browsers import PROGRAMS
from recording import har_of, written
from wires import Wire

from race401.harness.incident.evidence import Evidence
from race401.harness.incident.gathering import gather
from race401.harness.incident.readers.reader import How

REFRESH = "/auth/v1/token?grant_type=refresh_token"
T = 1775158201.0
FACTS = ("kind", "method", "target", "status", "grant_outcome", "cause", "body_length")


def incident() -> Wire:
    """Two exchanges of one refresh token, a POST, a client that hung up."""
    wire = Wire()
    wire.sign_in("a0", "r0", target="/auth/v1/token?grant_type=password", at=T)
    wire.entry(kind="api", target="/notes", status=401, sent="a0", body_length=9, at=T + 1)
    wire.exchange("r0", "a1", "r1", target=REFRESH, at=T + 1.1, took=0.05)
    wire.exchange("r0", target=REFRESH, grant_outcome="reused", at=T + 1.11, took=0.05)
    wire.entry(kind="api", target="/notes", status=200, sent="a1", body_length=9, at=T + 2)
    wire.get(None, 401, target="/messages", cause="missing_token", at=T + 2)
    wire.exchange("r1", target=REFRESH, status=0, grant_outcome=None, hung_up=True, at=T + 3)
    return wire


def read(folder: Path, har: dict[str, Any] | bytes) -> Evidence:
    """What it tells."""
    path = folder / "a.har"
    path.write_bytes(har if isinstance(har, bytes) else json.dumps(har).encode())
    return gather([path], How(), unmasked=True)


def facts(evidence: Evidence) -> list[list[Any]]:
    """Of each entry; tokens by the order in which they came."""
    names: dict[str | None, int] = {None: 0}
    rows = []
    for e in evidence.entries:
        tokens = (e.sent, e.presented, e.brought_access, e.brought_refresh)
        numbers = [names.setdefault(token, len(names)) for token in tokens]
        rows.append([*(getattr(e, name) for name in FACTS), round(e.received_at, 3), *numbers])
    return rows


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_same_requests_have_the_same_facts_whoever_wrote_them(tmp_path: Path, program: str) -> None:
    har = har_of(incident().entries)
    chrome = facts(read(tmp_path, har))
    evidence = read(tmp_path, PROGRAMS[program](har))
    assert facts(evidence) == chrome or (
        program == "safari" and _but_lengths(facts(evidence)) == _but_lengths(chrome)
    )
    assert evidence.sources[0].side == ("between" if program in ("charles", "mitmproxy") else "client")
    assert not evidence.sources[0].sanitized


def _but_lengths(rows: list[list[Any]]) -> list[list[Any]]:
    return [[each for n, each in enumerate(row) if FACTS[n : n + 1] != ("body_length",)] for row in rows]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-be", "latin-1"])
@pytest.mark.parametrize("program", PROGRAMS)
def test_its_encoding_changes_nothing(tmp_path: Path, program: str, encoding: str) -> None:
    har = PROGRAMS[program](har_of(incident().entries))
    har["log"]["comment"] = "à Genève"
    plain = facts(read(tmp_path, har))
    assert facts(read(tmp_path, json.dumps(har, ensure_ascii=False).encode(encoding))) == plain


@pytest.mark.parametrize("program", PROGRAMS)
def test_of_a_har_that_is_cut_all_stands_that_is_whole(tmp_path: Path, program: str) -> None:
    har = PROGRAMS[program](har_of(incident().entries))
    whole = facts(read(tmp_path, har))
    content = json.dumps(har).encode()
    cut = read(tmp_path, content[: content.rindex(b'"request"')])
    assert facts(cut) == whole[:-1]
    assert cut.sources[0].torn
    assert "it ends in the middle of an entry" in cut.sources[0].notes


LEFT_OUT: dict[str, Any] = {
    "answered from the browser's cache": {"_fromCache": "disk"},
    "answered by a service worker": {"response": {"_fetchedViaServiceWorker": True}},
    "not HTTP": {"request": {"url": "data:image/png;base64,AAAA"}},
    "nothing says when it was": {"startedDateTime": "yesterday"},
}


@pytest.mark.parametrize("why", LEFT_OUT)
def test_what_no_server_saw_is_no_entry(tmp_path: Path, why: str) -> None:
    """Planted: the second exchange was none, so that its token was sent once."""
    har = har_of(incident().entries)
    entry = har["log"]["entries"][3]
    for name, change in LEFT_OUT[why].items():
        entry[name] = {**entry[name], **change} if isinstance(change, dict) else change
    evidence = read(tmp_path, har)
    assert len(evidence.entries) == len(har["log"]["entries"]) - 1
    assert any(note.startswith(f"1 entry left out: {why}") for note in evidence.sources[0].notes)
    assert [e.grant_outcome for e in evidence.entries if e.kind == "exchange"] == ["rotated", None]


@pytest.mark.parametrize(
    "har",
    [
        {"log": {}},
        {"log": {"entries": []}},
        {"log": {"entries": [None, 1, "x", [], {}]}},
        {"log": {"entries": [{"request": 1, "response": [], "startedDateTime": 3, "timings": "x", "time": "y"}]}},
        {
            "log": {
                "entries": [
                    {"request": {"url": "http://[", "method": None}, "startedDateTime": "2026-01-01T00:00:00Z"}
                ]
            }
        },
    ],
)
def test_a_har_of_nothing_tells_nothing(tmp_path: Path, har: dict[str, Any]) -> None:
    assert read(tmp_path, har).entries == ()


def test_an_odd_entry_spoils_no_other(tmp_path: Path) -> None:
    """Fields of wrong types, headers that are none, a body that is no text, a status beyond all."""
    har = har_of(incident().entries)
    headers = [1, {"name": "A\nB", "value": None}]
    odd = {"request": {"url": "https://a.example/\u00e9 x\n", "method": 3, "headers": headers},
           "response": {"status": 10**9, "content": {"text": 4, "encoding": "base64"}, "headers": {}},
           "startedDateTime": "2026-04-02T19:30:09Z", "time": None}  # fmt: skip
    har["log"]["entries"].append(odd)
    assert len(read(tmp_path, har).entries) == 8


def test_a_session_in_cookies_is_read_in_the_dialect_of_cookies(tmp_path: Path) -> None:
    """Recognised by itself; Chrome writes several `Set-Cookie` as one."""

    def entry(at: int, method: str, path: str, cookie: str, status: int, sets: str = "") -> dict[str, Any]:
        headers = [{"name": "set-cookie", "value": sets}] if sets else []
        return {
            "startedDateTime": f"2026-04-02T19:30:0{at}.000Z", "time": 10,
            "request": {"method": method, "url": f"https://app.example.org{path}", "bodySize": 0,
                        "headers": [{"name": "cookie", "value": cookie}]},
            "response": {"status": status, "headers": headers, "content": {"text": "{}"}},
        }  # fmt: skip

    first_pair, second = "access_token=a0; refresh_token=r0", "access_token=a1; Path=/\nrefresh_token=r1"
    entries = [
        entry(1, "GET", "/api/contacts", first_pair, 401),
        entry(2, "POST", "/auth/refresh", first_pair, 200, second),
        entry(3, "GET", "/api/contacts", "access_token=a1; refresh_token=r1", 200),
    ]
    evidence = read(tmp_path, {"log": {"entries": entries}})
    first, exchange, last = evidence.entries
    assert evidence.sources[0].dialects == ("cookie",)
    assert (exchange.kind, exchange.grant_outcome) == ("exchange", "rotated")
    assert exchange.brought_access == last.sent != first.sent is not None


@pytest.mark.parametrize("behind", [0.0, 90.0, -45.5, 7200.0])
def test_a_browsers_clock_is_taken_out_by_the_dates_of_answers(tmp_path: Path, behind: float) -> None:
    """To a second at most; what a token has left is told by the server's clock."""
    wire = Wire()
    for n in range(6):
        wire.get("a0", at=T + n * 0.77, took=0.1, token_left_s=5 - n * 0.77)
    evidence = read(tmp_path, har_of(wire.entries, behind=behind))
    clock = evidence.sources[0].clock
    assert clock.offset is not None
    assert clock.within is not None
    assert abs(clock.offset - behind) <= clock.within + 0.002 <= 1.1
    assert all(
        abs(e.received_at - was.received_at) <= 1.1 for e, was in zip(evidence.entries, wire.entries, strict=True)
    )
    assert abs((evidence.entries[0].token_left_s or 0) - 5) <= 1.7


def test_where_answers_have_no_date_no_clock_is_guessed(tmp_path: Path) -> None:
    """Near miss: one whose `Date` is as old as its cache's copy."""
    wire = Wire()
    wire.get("a0", at=T)
    har = har_of(wire.entries, behind=3600)
    har["log"]["entries"][0]["response"]["headers"].append({"name": "age", "value": "60"})
    assert read(tmp_path, har).sources[0].clock.offset is None


def test_two_hars_of_one_browser_that_overlap_tell_of_a_request_once(tmp_path: Path) -> None:
    """Near miss: of two tabs, whose requests differ by a millisecond."""
    wire = incident()
    one = written(tmp_path, "1.har", har_of(wire.entries))
    two = written(tmp_path, "2.har", har_of(wire.entries[2:]))
    evidence = gather([one, two], How())
    assert len(evidence.entries) == 7
    assert evidence.place(evidence.entries[3]) == f"{one} entry 4, {two} entry 2"
    for entry in wire.entries:
        entry.received_at += 0.001
        entry.answered_at += 0.001
    other = written(tmp_path, "3.har", har_of(wire.entries))
    assert len(gather([one, other], How()).entries) == 14


def test_two_tabs_of_one_browser_keep_their_order(tmp_path: Path) -> None:
    """Each alone bounds its clock in another way; both are one clock, so that 20 ms between them stay 20 ms."""
    one, two = Wire(), Wire()
    one.get("a0", at=T + 0.05, took=0.01)
    one.exchange("r0", "a1", "r1", target=REFRESH, at=T + 0.5, took=0.01)
    two.exchange("r0", target=REFRESH, at=T + 0.52, took=0.01)
    two.get("a0", 401, at=T + 2.95, took=0.01)
    files = [written(tmp_path, f"{n}.har", har_of(wire.entries, behind=90)) for n, wire in enumerate((one, two))]
    first, second = (e for e in gather(files, How()).entries if e.kind == "exchange")
    assert (first.grant_outcome, second.grant_outcome) == ("rotated", "reused")
    assert round(second.received_at - first.received_at, 3) == 0.02
