"""What each kind of log says, as the entries of a ledger; cut short, in other encodings, packed, or none."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from recording import access_log_of, har_of, written
from wires import Wire

from race401.harness.incident.evidence import Evidence
from race401.harness.incident.gathering import gather
from race401.harness.incident.readers.mapping import load
from race401.harness.incident.readers.reader import How, ReadingError
from race401.harness.judge.causal import concurrent

SAMPLES = {  # the kind, and of each entry: kind, status, outcome
    "nginx.log": ("access log", "api 200, exchange 200 granted, exchange 400 unread, api 401, exchange 0"),
    "apache.log": ("access log", "api 200, unreadable 400, api 401"),
    "caddy.jsonl": ("Caddy access log", "api 401, exchange 200 granted, exchange 400 unread, api 401"),
    "cloudflare.jsonl": ("Cloudflare log", "api 401, exchange 200 granted, exchange 400 unread"),
    "supabase-auth.jsonl": ("Supabase auth log", "exchange 200 granted, exchange 400 reused"),
    "supabase-auth.csv": ("Supabase auth log", "exchange 200 granted, exchange 400 reused"),
    "supabase-auth.json": ("Supabase auth log", "exchange 200 granted, exchange 400 reused"),
    "keycloak-events.json": ("Keycloak events", "sign_in 200, exchange 200 rotated, exchange 400 reused"),
    "keycloak-events.jsonl": ("Keycloak events", "sign_in 200, exchange 200 rotated, exchange 400 reused"),
    "keycloak.log": ("Keycloak log", "exchange 200 rotated, exchange 400 reused"),
    "auth0.json": (
        "Auth0 tenant log",
        "sign_in 200, exchange 200 granted, exchange 403 reused, exchange 403 not_found",
    ),
    "auth0-stream.jsonl": (
        "Auth0 tenant log",
        "sign_in 200, exchange 200 granted, exchange 403 reused, exchange 403 not_found",
    ),
    "race401-tokens.log": ("race401's own log", "api 401, exchange 200 granted, exchange 400 unread"),
}
HERE = Path(__file__).parent / "samples"
REFRESH = "/auth/v1/token?grant_type=refresh_token"


def sample(name: str) -> str:
    """A log as its system writes it, of people and addresses that do not exist."""
    return (HERE / name).read_text(encoding="utf-8")


def lines_of(evidence: Evidence) -> str:
    """The entries in a few words."""
    words = ([str(e.kind), str(e.status), str(e.grant_outcome or "")] for e in evidence.entries)
    return ", ".join(" ".join(word for word in each if word) for each in words)


def read(folder: Path, content: str | bytes, **how: object) -> Evidence:
    """What a file of this content tells."""
    path = folder / "file"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return gather([path], How(**how))  # type: ignore[arg-type]


@pytest.mark.parametrize("name", SAMPLES)
def test_a_log_is_told_by_its_content_and_read(tmp_path: Path, name: str) -> None:
    (kind, entries), content = SAMPLES[name], sample(name)
    evidence = read(tmp_path, content)
    assert (evidence.sources[0].kind, lines_of(evidence)) == (kind, entries)
    assert not evidence.sources[0].torn


ENCODINGS: dict[str, Callable[[str], bytes]] = {
    "UTF-8 with a mark": lambda text: text.encode("utf-8-sig"),
    "UTF-16": lambda text: text.encode("utf-16"),
    "UTF-16 without a mark": lambda text: text.encode("utf-16-le"),
    "CRLF": lambda text: text.replace("\n", "\r\n").encode(),
    "Latin-1": lambda text: text.replace("Macintosh", "Macintosch à Genève").encode("latin-1", "replace"),
    "gzip": lambda text: gzip.compress(text.encode()),
}


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("name", SAMPLES)
def test_its_encoding_changes_nothing(tmp_path: Path, name: str, encoding: str) -> None:
    (kind, entries), content = SAMPLES[name], sample(name)
    evidence = read(tmp_path, ENCODINGS[encoding](content))
    assert (evidence.sources[0].kind, lines_of(evidence)) == (kind, entries)


@pytest.mark.parametrize("name", SAMPLES)
def test_of_a_log_that_is_cut_all_stands_that_is_whole(tmp_path: Path, name: str) -> None:
    """In the middle of its last row, which may still tell of something."""
    (kind, entries), content = SAMPLES[name], sample(name)
    evidence = read(tmp_path, content.rstrip()[:-40])
    assert evidence.sources[0].kind == kind
    before = entries.count(",")
    assert lines_of(evidence).split(", ")[:before] == entries.split(", ")[:before]


def test_a_client_that_hung_up_got_no_answer(tmp_path: Path) -> None:
    """As nginx says it: 499."""
    evidence = read(tmp_path, sample("nginx.log"))
    assert [(e.status, e.hung_up) for e in evidence.entries if e.hung_up] == [(0, True)]


def test_a_log_of_whole_seconds_claims_no_order_within_one(tmp_path: Path) -> None:
    """Nor where only the end of a request is known: two are before neither, if their ends are that near."""
    evidence = read(tmp_path, sample("nginx.log"))
    first, second = (e for e in evidence.entries if e.kind == "exchange" and e.status)
    assert concurrent(first, second)
    first, second = read(tmp_path, sample("keycloak-events.json")).entries[1:]
    assert concurrent(first, second)
    assert not evidence.sources[0].timed
    assert any("$request_time" in missing.fills for missing in evidence.missing)


def test_caddy_tells_that_there_was_no_token(tmp_path: Path) -> None:
    """Near miss: the request whose token it hides."""
    evidence = read(tmp_path, sample("caddy.jsonl"))
    refused = [e for e in evidence.entries if e.kind == "api"]
    assert [(e.cause, evidence.without_token(e)) for e in refused] == [(None, False), ("missing_token", True)]


def test_ids_of_tokens_tell_which_one_was_presented_twice(tmp_path: Path) -> None:
    """Keycloak's: two exchanges of one refresh token, which descends from the sign-in's."""
    evidence = read(tmp_path, sample("keycloak-events.json"))
    sign_in, first, second = evidence.entries
    assert first.presented == second.presented == sign_in.brought_refresh
    assert first.brought_refresh not in (None, first.presented)
    assert second.brought_refresh is None


def test_a_format_string_reads_what_no_preset_does(tmp_path: Path) -> None:
    """In nginx's words and Apache's; how long a request took gives it a beginning."""
    line = '1775158201.090 203.0.113.9 "POST /oauth/token HTTP/1.1" 400 0.040 "agent"\n'
    format_ = '$msec $remote_addr "$request" $status $request_time "$http_user_agent"'
    (entry,) = read(tmp_path, line, format=format_).entries
    assert (round(entry.received_at, 3), round(entry.answered_at, 3)) == (1775158201.05, 1775158201.09)
    line = "203.0.113.9 [02/Apr/2026:19:30:01 +0000] POST /oauth/token?a=1 400 40000\n"
    (entry,) = read(tmp_path, line, format="%h %t %m %U%q %>s %D").entries
    assert (entry.target, entry.status, entry.received_at) == ("/oauth/token?a=*1", 400, 1775158201.0)


@pytest.mark.parametrize(
    ("format_", "says"),
    [
        ("$remote_addr $status", "a line without $time_local, $request, $request_uri tells of no request"),
        ("%h %t %r", "a line without %>s tells of no request"),
        ("hello", "names no field"),
        ("$time_local $requst $status", "did you mean $request?"),
    ],
)
def test_a_format_that_can_read_nothing_is_refused(tmp_path: Path, format_: str, says: str) -> None:
    with pytest.raises(ReadingError, match="--format: ") as refused:
        read(tmp_path, sample("nginx.log"), format=format_)
    assert says in str(refused.value)


def test_json_lines_of_any_kind_are_read_by_a_mapping(tmp_path: Path) -> None:
    mapping = load(HERE / "others.toml")
    evidence = read(tmp_path, sample("others.jsonl"), mapping=mapping)
    assert lines_of(evidence) == "api 401, exchange 200, exchange 400"
    assert evidence.entries[1].presented == evidence.entries[2].presented is not None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("at = 3", "at = 3: must be the name of a field"),
        ('statu = "s"', "did you mean status?"),
        ('at = "ts"', "name method, target and status, or a [kind]"),
        ('at = "ts"\n[kind]\nexchange = ["a"]', '[kind] needs field = "NAME"'),
        ('at = "ts"\n[kind]\nfield = "e"\nexchanges = ["a"]', "[kind] exchanges: no such kind"),
        ("at =", "not TOML"),
    ],
)
def test_a_mapping_that_is_wrong_is_refused_with_what_would_be_right(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ReadingError) as refused:
        load(written(tmp_path, "mapping.toml", text))
    assert says in str(refused.value)


@pytest.mark.parametrize(
    "content", ["", "\n", "hello\nworld\n", "[1, 2]", '{"a": 1}\n', "\x00\x01\x02" * 99, "a,b\n1,2\n"]
)
def test_a_file_of_no_known_kind_gets_a_line_that_names_them(tmp_path: Path, content: str) -> None:
    with pytest.raises(ReadingError) as refused:
        read(tmp_path, content)
    assert "expected a HAR, a race401 ledger or log, an access log" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_request_that_two_files_tell_of_is_one_entry(tmp_path: Path) -> None:
    """A browser's HAR and the server's access log: the browser knows the tokens."""
    wire = Wire()
    wire.sign_in("a", "r", target="/auth/v1/token?grant_type=password", at=1000.5)
    wire.get("a", 401, at=1001.2)
    wire.exchange("r", "b", "s", target=REFRESH, at=1001.4)
    wire.get("b", at=1001.6)
    har, log = (
        written(tmp_path, "a.har", har_of(wire.entries)),
        written(tmp_path, "b.log", access_log_of(wire.entries)),
    )
    evidence = gather([log, har], How())
    assert len(evidence.entries) == 4
    assert all(evidence.sides(e) == {"client", "server"} for e in evidence.entries)
    assert evidence.place(evidence.entries[1]) == f"{har} entry 2, {log} line 2"


def test_requests_that_only_look_alike_are_two(tmp_path: Path) -> None:
    """Near miss: the log's row is a minute later."""
    wire, later = Wire(), Wire()
    wire.get("a", 401, at=1001.2)
    later.get("a", 401, at=1061.2)
    har, log = (
        written(tmp_path, "a.har", har_of(wire.entries)),
        written(tmp_path, "b.log", access_log_of(later.entries)),
    )
    assert len(gather([log, har], How()).entries) == 2


def test_one_log_in_two_forms_is_one_log() -> None:
    """Near miss: two servers' logs, of which one has a line more."""
    both = gather([HERE / "supabase-auth.jsonl", HERE / "keycloak.log"], How())
    assert len(both.entries) == 4
    one = gather([HERE / "keycloak-events.json", HERE / "keycloak-events.jsonl"], How())
    assert [len(seen) for seen in one.seen] == [2, 2, 2]


def test_of_two_servers_logs_no_row_is_dropped(tmp_path: Path) -> None:
    """Each tells of requests that look like the other's, at the same second."""
    line = '203.0.113.9 - - [02/Apr/2026:19:30:0{} +0000] "GET /contacts HTTP/1.1" 401 1\n'
    one = written(tmp_path, "1.log", line.format(1) + line.format(2))
    two = written(tmp_path, "2.log", line.format(1) + line.format(2) * 2)
    assert len(gather([one, two], How()).entries) == 5


def test_a_refresh_of_a_har_and_its_event_are_one(tmp_path: Path) -> None:
    """Which event it was is told by what was decided and when; the event says more of a refusal. Near miss: later."""
    wire = Wire()
    refresh = "/realms/shop/protocol/openid-connect/token"
    wire.exchange("r0", "a1", "r1", target=refresh, at=1775158201.02, took=0.05)
    wire.exchange("r0", target=refresh, at=1775158201.03, took=0.06)
    har = har_of(wire.entries)
    for entry in har["log"]["entries"]:
        body = json.loads(entry["request"]["postData"]["text"])
        entry["request"]["postData"]["text"] = json.dumps(body | {"grant_type": "refresh_token"})
    path = written(tmp_path, "a.har", har)
    evidence = gather([path, HERE / "keycloak-events.json"], How())
    sign_in, granted, refused = evidence.entries
    assert [len(evidence.seen[e.seq - 1]) for e in (sign_in, granted, refused)] == [1, 2, 2]
    assert refused.grant_outcome == "reused"
    assert granted.presented == refused.presented
    for entry in har["log"]["entries"]:
        entry["response"]["headers"] = []  # whose `Date` would take it out again
        entry["startedDateTime"] = entry["startedDateTime"].replace("19:30:01", "19:31:01")
    assert len(gather([written(tmp_path, "a.har", har), HERE / "keycloak-events.json"], How()).entries) == 5
