"""What CI makes of a skipped test."""

import pytest

TESTS = """
import pytest

def test_runs(): ...

@pytest.mark.xfail(strict=True)
def test_known_to_fail():
    assert False

@pytest.mark.elsewhere
@pytest.mark.skipif(True, reason="no such machine")
def test_elsewhere(): ...
"""
SKIPPED = """
@pytest.mark.skipif(True, reason="no redis-server here")
def test_skipped(): ...
"""
WHILE_IT_RUNS = """
def test_skips_itself():
    pytest.skip("no node here")
"""
MODULE = """
pytest.importorskip("no_such_library")
"""


@pytest.fixture
def session(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> pytest.RunResult:
    """What pytest says of these tests, in CI or not."""
    in_ci, more = request.param
    monkeypatch.setenv("CI", in_ci)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makepyfile(TESTS + more)
    return pytester.runpytest("-p", "unskipped", "--strict-markers", "-rfE")


@pytest.mark.parametrize("session", [("true", "")], indirect=True)
def test_what_is_marked_for_elsewhere_may_be_skipped(session: pytest.RunResult) -> None:
    """So may a failure that is known: it is no skip, although pytest counts it as one."""
    assert session.ret == 0
    session.assert_outcomes(passed=1, xfailed=1, skipped=1)


@pytest.mark.parametrize(
    ("session", "how", "line"),
    [
        (("true", SKIPPED), "errors", "ERROR * - Skipped: no redis-server here: in CI nothing is skipped; *"),
        (("true", WHILE_IT_RUNS), "failed", "FAILED * - Skipped: no node here: in CI nothing is skipped; *"),
    ],
    indirect=["session"],
    ids=["before it runs", "while it runs"],
)
def test_any_other_skip_fails(session: pytest.RunResult, how: str, line: str) -> None:
    assert session.ret == 1
    session.assert_outcomes(passed=1, xfailed=1, skipped=1, **{how: 1})
    session.stdout.fnmatch_lines([line])


@pytest.mark.parametrize("session", [("true", MODULE)], indirect=True)
def test_a_module_that_is_skipped_whole_fails(session: pytest.RunResult) -> None:
    assert session.ret != 0
    session.stdout.fnmatch_lines(["*could not import 'no_such_library'*: in CI nothing is skipped; *"])


@pytest.mark.parametrize("session", [("", SKIPPED)], indirect=True)
def test_outside_ci_a_skip_is_a_skip(session: pytest.RunResult) -> None:
    assert session.ret == 0
    session.assert_outcomes(passed=1, xfailed=1, skipped=2)
