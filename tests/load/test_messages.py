"""What master and workers tell each other arrives as it was said, by locust's own way of sending."""

from argparse import Namespace
from typing import Any

import msgpack  # type: ignore[import-untyped]
import pytest

from race401.harness.load.messages import Assignment, WorkerReport, assign, assigned, get_report, put_report

RUN = Assignment(
    "run",
    "http://127.0.0.1:1",
    True,
    {"num_users": 6, "spawn_rate": 6, "run_time": None},
    ["a_1", "b_2"],
    {"https://auth.example.com": "http://127.0.0.1:2"},
)
REPORT = WorkerReport([{"client": "run/c/control/0.001"}], 1, {"answers": 3}, "run")


def sent(plain: dict[str, Any]) -> dict[str, Any]:
    """The same, over a wire: locust packs what it sends."""
    received: dict[str, Any] = msgpack.loads(msgpack.dumps(plain), strict_map_key=False)
    return received


@pytest.mark.parametrize("assignment", [RUN, None])
def test_an_assignment_travels_with_the_options(assignment: Assignment | None) -> None:
    """One that is taken back, since its run did not begin, is gone for the workers as well."""
    master, worker = Namespace(reports="reports"), Namespace()
    assign(master, RUN)
    assign(master, assignment)
    vars(worker).update(sent(vars(master)))
    assert assigned(worker) == assignment


def test_options_that_no_master_sent_assign_nothing() -> None:
    assert assigned(Namespace()) is None


def test_a_report_travels_in_locusts_own() -> None:
    data: dict[str, Any] = {"stats": []}
    put_report(data, REPORT)
    assert get_report(sent(data)) == REPORT
    assert get_report({"stats": []}) is None
