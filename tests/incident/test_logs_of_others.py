"""Logs as systems write them, alone and beside a browser's file: what they show, and what they must not."""

import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from diagnosing import standing_as
from exports import BASE, REFRESH, Browser, Har
from recording import written

from race401.harness.incident.diagnosis import Diagnosis, diagnose
from race401.harness.incident.gathering import gather
from race401.harness.incident.readers.mapping import load
from race401.harness.incident.readers.reader import How, ReadingError

Files: TypeAlias = list[str | Har]
Case = Callable[[], Files]
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:138.0) Gecko/20100101 Firefox/138.0"


def clf(
    lines: Iterable[tuple[float, str, int]], ip: str = "203.0.113.9", agent: str = "Mozilla/5.0", end: str = ""
) -> str:
    """The combined format, as nginx writes it."""
    told = ""
    for at, request, status in lines:
        when = datetime.fromtimestamp(BASE + at, UTC).strftime("%d/%b/%Y:%H:%M:%S +0000")
        told += f'{ip} - - [{when}] "{request} HTTP/2.0" {status} 312 "https://app.example.com/" "{agent}"{end}\n'
    return told


def told_of(b: Browser) -> str:
    """What nginx has of a browser's requests, with `$request_time`."""
    lines = ""
    for call in b.calls:
        path = call["request"]["url"].partition(b.host)[2]
        at = datetime.fromisoformat(call["startedDateTime"]).timestamp() - BASE + b.behind
        line = (at + call["time"] / 1000, f"{call['request']['method']} {path}", call["response"]["status"])
        lines += clf([line], agent=b.agent, end=f" rt={call['time'] / 1000:.3f}")
    return lines


def lines(*records: dict[str, Any]) -> str:
    """JSON lines."""
    return "".join(json.dumps(record) + "\n" for record in records)


def auth0(*events: tuple[float, str, str, str]) -> str:
    """Tenant logs: when, type, description, user."""
    return lines(
        *(
            {"log_id": f"9{n}", "date": _iso(at), "type": kind, "description": said, "user_id": f"auth0|{who}",
             "ip": "203.0.113.9", "client_id": "spa", "user_agent": "Chrome 136"}
            for n, (at, kind, said, who) in enumerate(events)
        )
    )  # fmt: skip


def keycloak(*events: tuple[float, str, dict[str, str]]) -> str:
    """Exported events: when, type, details."""
    return lines(
        *(
            {"id": str(n), "time": int((BASE + at) * 1000), "type": kind, "realmId": "main", "clientId": "spa",
             "userId": "u1", "sessionId": "s1", "ipAddress": "203.0.113.9", "details": more,
             **({"error": "invalid_token"} if kind.endswith("ERROR") else {})}
            for n, (at, kind, more) in enumerate(events)
        )
    )  # fmt: skip


def _iso(at: float) -> str:
    return datetime.fromtimestamp(BASE + at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


# --- nothing is shown ---


def a_burst_in_an_access_log() -> Files:
    return [clf([(0.0, "GET /contacts", 200), *((0.5, f"GET /{n}", 401) for n in range(4))])]


def probes_without_a_token() -> Files:
    own = clf((10.0 * n, "GET /contacts", 200) for n in range(5))
    return [own + clf(((10.0 * n, "GET /healthz", 401) for n in range(5)), "10.0.0.1", "kube-probe/1.31")]


def lines_that_are_odd() -> Files:
    """A handshake that failed, an empty request, a name with a space, IPv6."""
    odd = '203.0.113.9 - - [04/May/2026:08:00:01 +0000] "\\x16\\x03\\x01" 400 157 "-" "-"\n'
    odd += '203.0.113.9 - - [04/May/2026:08:00:01 +0000] "" 408 0 "-" "-"\n'
    odd += '2001:db8::9 - "ann b" [04/May/2026:08:00:02 +0000] "GET /contacts HTTP/1.1" 401 12 "-" "curl/8"\n'
    return [odd + clf((10.0 * n, "GET /contacts", 200) for n in range(9))]


def hosts_before_the_address() -> Files:
    """Apache's `vhost_combined`, as Debian writes other_vhosts_access.log."""
    told = clf([(0.0, "GET /contacts", 200), (1.0, f"POST {REFRESH}", 400), (2.0, "GET /contacts", 401)])
    return ["".join(f"api.example.com:443 {line}\n" for line in told.splitlines())]


def traefik() -> Files:
    told = clf([(0.0, "GET /contacts", 200), (1.0, f"POST {REFRESH}", 400), (2.0, "GET /contacts", 401)])
    return [
        "".join(f'{line} {n} "api@docker" "http://10.0.0.5:80" 5ms\n' for n, line in enumerate(told.splitlines()))
    ]


def a_hang_up_and_then_a_refusal() -> Files:
    """Whether the first was granted no access log says."""
    return [clf([(0.0, f"POST {REFRESH}", 499), (5.0, f"POST {REFRESH}", 400), (6.0, "GET /contacts", 401)])]


def people_at_auth0() -> Files:
    """Three of them; one whose refresh token is long gone."""
    granted = [(n, "sertft", "Successful Refresh Token exchange", who) for n, who in enumerate("abc")]
    return [auth0(*granted, (3.0, "fertft", "Unknown or invalid refresh token.", "d"))]


def sessions_that_ended_at_keycloak() -> Files:
    return [
        keycloak(
            (0, "REFRESH_TOKEN", {"refresh_token_id": "r0", "updated_refresh_token_id": "r1", "token_id": "a1"}),
            (2000, "REFRESH_TOKEN_ERROR", {"refresh_token_id": "r1", "reason": "Token is not active"}),
            (2001, "REFRESH_TOKEN_ERROR", {"refresh_token_id": "r1", "reason": "Session not active"}),
        )
    ]


def a_stale_tab_after_a_logout_at_keycloak() -> Files:
    return [
        keycloak(
            (0, "REFRESH_TOKEN", {"refresh_token_id": "r0", "updated_refresh_token_id": "r1", "token_id": "a1"}),
            (9, "LOGOUT", {}),
            (30, "REFRESH_TOKEN_ERROR", {"refresh_token_id": "r0", "reason": "Session not active"}),
            (40, "REFRESH_TOKEN_ERROR", {"refresh_token_id": "r1", "reason": "Session not active"}),
        )
    ]


def two_people_in_two_browsers() -> Files:
    """One has a token; the other asks who she is before she signs in."""
    ann, bea = Browser().begun(), Browser()
    bea.agent = FIREFOX
    bea.call(30, "/rest/v1/me", 401, answers={"www-authenticate": "Bearer"})
    bea.sign_in(60, "b0", "q0", "bea@example.com")
    bea.call(61, "/rest/v1/contacts", token="b0")
    return [ann.har(), bea.har()]


def a_browser_and_its_servers_log() -> Files:
    """37 s behind; the token was over, and was refreshed once."""
    b = Browser(behind=37, life=60).begun()
    b.call(90, "/rest/v1/contacts", 401, token="a0", says={"message": "JWT expired"})
    b.refresh(90.1, "r0", "r1", "a1")
    b.call(90.2, "/rest/v1/contacts", token="a1")
    return [b.har(), told_of(b)]


# --- what happened is shown ---


def a_reuse_at_auth0() -> Files:
    return [
        auth0(
            (0, "sertft", "Successful Refresh Token exchange", "a"),
            (1, "ferrt", "Reused rotating refresh token detected, revoked the family", "a"),
        )
    ]


def a_reuse_at_keycloak() -> Files:
    return [
        keycloak(
            (0, "REFRESH_TOKEN", {"refresh_token_id": "r0", "updated_refresh_token_id": "r1", "token_id": "a1"}),
            (0.2, "REFRESH_TOKEN_ERROR",
             {"refresh_token_id": "r0", "reason": "Maximum allowed refresh token reuse exceeded"}),
        )
    ]  # fmt: skip


def a_reuse_in_a_browser_and_its_servers_log() -> Files:
    b = Browser(behind=37).begun()
    b.refresh(3590, "r0", "r1", "a1", took=0.2)
    b.refused(3590, "r0", took=0.2)
    b.call(3591, "/rest/v1/contacts", token="a1")
    return [b.har(), told_of(b)]


def a_tab_with_a_copy_of_its_own() -> Files:
    one, other = Browser().begun(), Browser()
    other.call(2, "/rest/v1/news", token="a0")
    one.refresh(3500, "r0", "r1", "a1")
    one.call(3501, "/rest/v1/contacts", token="a1")
    other.refused(3560, "r0")
    return [one.har(), other.har()]


NONE: set[str] = set()
CASES: dict[Case, set[str]] = {
    **dict.fromkeys(
        (a_burst_in_an_access_log, probes_without_a_token, lines_that_are_odd, hosts_before_the_address, traefik,
         a_hang_up_and_then_a_refusal, people_at_auth0, sessions_that_ended_at_keycloak,
         a_stale_tab_after_a_logout_at_keycloak, two_people_in_two_browsers, a_browser_and_its_servers_log), NONE
    ),
    a_reuse_at_auth0: {"reuse-refused", "reuse-revoked"},
    a_reuse_at_keycloak: {"reuse-refused"},
    a_reuse_in_a_browser_and_its_servers_log: {"reuse-refused"},
    a_tab_with_a_copy_of_its_own: {"reuse-refused", "stale-copy"},
}  # fmt: skip


def found(folder: Path, files: Files, **how: Any) -> Diagnosis:
    """What they show together."""
    return diagnose(gather([written(folder, f"file{n}", each) for n, each in enumerate(files)], How(**how)))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_logs_show_what_happened_and_nothing_else(tmp_path: Path, case: Case) -> None:
    """By whatever a line tells."""
    told = found(tmp_path, case())
    assert standing_as(told, "shown") == CASES[case]
    assert all(source.kept for source in told.evidence.sources)


def test_a_browser_and_its_servers_log_tell_of_the_same_requests(tmp_path: Path) -> None:
    """By the server's clock: each request once."""
    har, log = a_reuse_in_a_browser_and_its_servers_log()
    assert isinstance(har, dict)
    assert len(found(tmp_path, [har, log]).evidence.entries) == len(har["log"]["entries"])


MAPPING = """
at = "published"
user = "actor.alternateId"
refresh_token = "target.hash"
new_refresh_token = "target.next"
new_access_token = "target.access"
[kind]
field = "eventType"
exchange = ["app.oauth2.as.token.grant.refresh_token"]
"""


def test_events_without_a_status_are_no_lost_answers(tmp_path: Path) -> None:
    """Okta's system log by a mapping: what became of an event that has no status is not known."""
    grant = "app.oauth2.as.token.grant.refresh_token"
    events = [
        {"published": _iso(at), "eventType": grant, "actor": {"alternateId": "ann@example.com"},
         "target": {"hash": "h0", "next": f"h{n + 1}", "access": f"a{n}"}, "outcome": {"result": "SUCCESS"}}
        for n, at in enumerate((0, 10))
    ]  # fmt: skip
    mapping = load(written(tmp_path, "okta.toml", MAPPING))
    told = found(tmp_path, [lines(*events)], mapping=mapping)
    assert len(told.evidence.entries) == 2
    assert "lost-answer" not in standing_as(told, "shown")


@pytest.mark.parametrize(
    "text",
    [
        (
            "https 2026-05-04T08:00:00.1Z app/lb/50dc 203.0.113.9:51234 10.0.0.5:80 0.0 0.0 0.0 401 401 34 366 "
            '"GET https://a.example.com:443/ HTTP/1.1" "curl/8" - -\n'
        ),
        "#Version: 1.0\n#Fields: date time x-edge-location sc-bytes\n2026-05-04\t08:00:00\tFRA2\t1045\n",
    ],
    ids=["ALB", "CloudFront"],
)
def test_a_kind_that_is_not_read_is_said_in_a_line(tmp_path: Path, text: str) -> None:
    """And which kinds are."""
    with pytest.raises(ReadingError, match="HAR"):
        found(tmp_path, [text])
