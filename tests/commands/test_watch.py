"""A client judged by its log: the lines of a real TokenAuth against the mock, plain and as JSON, whole and cut."""

import io
import json
import logging
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from bounds import HANG
from mocks import Mock

from race401.harness.__main__ import main
from race401.harness.judge.findings import Value
from race401.harness.judge.health import Health, Line, State, judge, recognise, sentence
from race401.harness.tokens import FIXED, PRE_FIX, AuthServer, Policy, TokenAuth, TokenPair, narrate
from race401.harness.tokens.narrate import WANTED

PREFIX = "2025-10-04 21:51:00,123 INFO race401.tokens [web-3] "


class App:
    """A program whose client logs, in a world of the mock; `behind` is how far its clock is, in s."""

    def __init__(self, policy: Policy = FIXED, *, remaining: float = 3600.0, behind: float = 0.0) -> None:
        self.mock = Mock()
        body = self.mock.sign_in("rfc9700", remaining_s=remaining)
        self.pair = TokenPair(body["access_token"], body["refresh_token"], body["expires_at"])
        clock = lambda: self.mock.now - behind  # noqa: E731
        server = AuthServer("http://mock/rfc9700/auth/v1", client=self.mock.client, clock=clock)
        self.auth = TokenAuth(server, policy=policy, clock=clock, observers=[narrate])
        self.auth.sign_in(self.pair)

    def get(self) -> int:
        """Send one request."""
        return self.mock.client.get("/rfc9700/contacts", auth=self.auth).status_code

    def steal(self) -> None:
        """Use the refresh token behind the client's back, twice: the family is revoked."""
        for _ in range(2):
            self.mock.refresh(self.pair.refresh_token, "rfc9700")


def fresh() -> None:
    App().get()


def refreshed() -> None:
    App(remaining=100.0).get()


def made_good() -> None:
    app = App(remaining=130.0, behind=200.0)
    app.mock.now += 131
    assert app.get() == 200


def lost() -> None:
    app = App(remaining=130.0, behind=200.0)
    app.steal()
    app.mock.now += 131
    assert app.get() == 401


def refused() -> None:
    app = App(PRE_FIX, remaining=30.0)
    app.steal()
    assert app.get() == 401


def out_and_back() -> None:
    """The auth server is away for one refresh; the next one succeeds."""
    app = App(PRE_FIX, remaining=30.0)
    answer = httpx.MockTransport(lambda _: httpx.Response(503))
    there, app.mock.client._transport = app.mock.client._transport, answer
    app.get()
    app.mock.client._transport = there
    assert app.get() == 200


LOGS: dict[str, tuple[Callable[[], None], Value, State, Line]] = {
    "a fresh token": (fresh, Value.PASS, State.HEALTHY, Line.USED),
    "a proactive refresh": (refreshed, Value.PASS, State.HEALTHY, Line.REFRESHED),
    "a 401 that was made good": (made_good, Value.PASS, State.HEALTHY, Line.RETRIED),
    "a 401 that reached the app": (lost, Value.FAIL, State.FAILING, Line.NO_NEW_TOKEN),
    "a refresh that was refused": (refused, Value.FAIL, State.FAILING, Line.REFRESH_FAILED),
    "a refresh that failed, and one that succeeded": (out_and_back, Value.PASS, State.HEALTHY, Line.REFRESH_FAILED),
}
FORMS: dict[str, Callable[[str], str]] = {
    "bare": str,
    "with a prefix": lambda line: PREFIX + line,
    "JSON": lambda line: json.dumps({"level": "INFO", "message": line, "at": 1.5}),
    "JSON, nested": lambda line: json.dumps({"record": {"msg": line}}, ensure_ascii=False),
}


def logged(does: Callable[[], None], caplog: pytest.LogCaptureFixture) -> list[str]:
    """The lines that a program logs."""
    caplog.set_level(logging.INFO, logger="race401.tokens")
    does()
    return [record.getMessage() for record in caplog.records if record.name == "race401.tokens"]


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize(("does", "value", "state", "line"), LOGS.values(), ids=LOGS)
def test_a_log_is_judged(
    caplog: pytest.LogCaptureFixture,
    form: Callable[[str], str],
    does: Callable[[], None],
    value: Value,
    state: State,
    line: Line,
) -> None:
    health = judge(map(form, logged(does, caplog)))
    assert (health.value, health.state) == (value, state), sentence(health)
    assert health.counts[line] == 1


@pytest.mark.parametrize(
    ("does", "last", "state"),
    [
        (refreshed, Line.EXCHANGE, State.REFRESHING),
        (made_good, Line.REJECTED, State.RECOVERING),
        (made_good, Line.EXCHANGE, State.RECOVERING),
        (out_and_back, Line.REFRESH_FAILED, State.FAILING),
    ],
    ids=lambda value: str(getattr(value, "__name__", value)),
)
def test_a_state_while_it_lasts(
    caplog: pytest.LogCaptureFixture, does: Callable[[], None], last: Line, state: State
) -> None:
    """The log cut after that line."""
    health = Health()
    for text in logged(does, caplog):
        if health.read(text) is last:
            break
    assert health.state is state


def test_every_line_that_asks_for_a_refresh_is_known() -> None:
    """What narrate can say of a reason is recognised, so that its wording cannot drift away from here."""
    assert all(recognise(lines[0]) is not None for lines in WANTED.values())


def test_a_success_that_was_under_way_makes_nothing_good() -> None:
    """Two callers refresh at once: one's success says nothing of the other's loss, a later one does."""
    two = ["Calling refreshSession...", "Calling refreshSession...", "Token refresh failed: x"]
    health = judge([*two, "Token refreshed successfully"])
    assert (health.value, health.most_at_once, health.failed_at) == (Value.FAIL, 2, 3)
    again = judge([*two, "Token refreshed successfully", "Calling refreshSession...", "Token refreshed successfully"])
    assert again.value is Value.PASS


@pytest.mark.parametrize("text", ["", "{", '{"a": 1}', "GET /contacts 401 Unauthorized", "refreshing the cache"])
def test_lines_of_others_are_not_ours(text: str) -> None:
    assert recognise(text) is None


def test_nothing_recognised_is_unknown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "log").write_bytes(b"GET /contacts 200\n\xff\xfe\n")
    assert main(["watch", str(tmp_path / "log")]) == 3
    assert "UNKNOWN: 0 of 2 lines are a client's, and none tells of a token" in capsys.readouterr().out


@pytest.mark.parametrize("line", [Line.CLEARED, Line.REJECTED, Line.EXCHANGE])
def test_a_log_without_a_token_is_unknown(line: Line) -> None:
    """The client logged, and never had a token: nothing says that it is healthy."""
    health = judge([line])
    assert (health.value, health.tokens) == (Value.UNKNOWN, 0)
    assert sentence(health).startswith("UNKNOWN: 1 of 1 line is a client's, and none tells of a token that was used")


def test_one_is_told_in_the_singular() -> None:
    """One token, one refresh, one 401."""
    told = sentence(judge([Line.USED, Line.REJECTED, Line.EXCHANGE, Line.REFRESHED, Line.RETRIED]))
    assert told == "PASS: it ends healthy: 1 token used, 1 of 1 refresh succeeded, 1 401 made good"


def test_after_the_fact(tmp_path: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "log").write_text("".join(PREFIX + line + "\n" for line in logged(lost, caplog)))
    assert main(["watch", str(tmp_path / "log")]) == 1
    out = capsys.readouterr().out
    assert "     1  Failed to obtain new token, cannot retry\n" in out
    assert "FAIL: 1 401 reached the app, first at line 6; it ends failing: " in out


def test_standard_input_is_live(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """Each change of state is told as it comes."""
    lines = "".join(line + "\n" for line in logged(made_good, caplog))
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(lines.encode())))
    assert main(["watch", "-"]) == 0
    told = [line.split(": ")[1] for line in capsys.readouterr().out.splitlines() if line.startswith("line ")]
    assert told == ["healthy", "recovering", "healthy"]


def test_a_log_that_is_not_there_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["watch", str(tmp_path / "none")]) == 2
    assert "No such file" in capsys.readouterr().err


@pytest.fixture
def following(tmp_path: Path) -> Iterator[tuple[Path, subprocess.Popen[str]]]:
    """A log, and a process that follows it."""
    log = tmp_path / "log"
    log.touch()
    process = subprocess.Popen(
        [sys.executable, "-m", "race401.harness", "watch", "--follow", str(log)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        yield log, process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_a_growing_log_is_followed(following: tuple[Path, subprocess.Popen[str]]) -> None:
    """Half a line is no line; a log begun anew is read anew; Ctrl-C ends it with the verdict."""
    log, process = following
    assert process.stdout is not None
    with log.open("a", buffering=1) as file:
        file.write("Calling refresh")
        file.write("Session...\n")
        assert process.stdout.readline() == "line 1: refreshing\n"
        file.write("Token refresh failed: refused\n")
        assert process.stdout.readline() == "line 2: failing\n"
    log.write_text("Calling refreshSession...\nToken refreshed successfully\n")
    assert process.stdout.readline() == "line 4: healthy\n"
    process.send_signal(signal.SIGINT)
    assert process.wait(HANG) == 0
    assert process.stdout.read().endswith("1 of 2 refreshes succeeded, 0 401s made good\n")


def used(left: int) -> str:
    """A line that tells of a token with so many s of life."""
    return f"{PREFIX}🎫 Using token (age: 5ms, expires in: {left}s)"


@pytest.mark.parametrize(("left", "value"), [(3600, Value.PASS), (90, Value.FAIL)])
def test_a_new_sign_in_ends_a_failure(left: int, value: Value) -> None:
    """Known by a token that lives longer than the one before; near miss: the old one, used on until it ends."""
    failed = ["Calling refreshSession...", "Token refresh failed: invalid_grant"]
    assert judge([used(100), *failed, used(left)]).value is value


@pytest.mark.parametrize(("ours", "value"), [([], Value.UNKNOWN), ([used(100)], Value.FAIL)])
def test_a_log_that_is_not_ours_proves_nothing(ours: list[str], value: Value) -> None:
    """Though another program may say the same words; beside lines that no other has, they are ours."""
    assert judge([*ours, "Token refresh failed: x", "Cannot retry: y"]).value is value
