"""A process that has browsers for a master: it judges nothing, and reports its samples."""

from locust import runners
from locust.env import Environment
from locust.runners import WorkerRunner

import time
from typing import Any

from race401.harness.load import options
from race401.harness.load.hosts import TURNS_WITHIN, measured_clock, share
from race401.harness.load.interrupt import UNFINISHED
from race401.harness.load.messages import BROWSER_DONE, BROWSER_FAILED, END, WorkerReport, assigned, put_report
from race401.harness.load.mock import control_headers
from race401.harness.load.run import Run
from race401.harness.load.scenario import Scenario

MASTER_SILENT = 20  # s, of whose words a worker hears one each; then the master is gone. locust waits for 60


class Worker:
    """What locust's events mean to a worker. The last reports leave before the process ends, whatever ended it."""

    def __init__(self, environment: Environment, scenario: Scenario) -> None:
        assert isinstance(environment.runner, WorkerRunner)
        self._environment, self._runner, self._scenario = environment, environment.runner, scenario
        self._run: Run | None = None
        self._browsers_ended = False
        self._samples: list[dict[str, Any]] = []  # not yet reported
        runners.MASTER_HEARTBEAT_TIMEOUT = MASTER_SILENT
        self._runner.register_message(END, lambda **_: self._report_the_last())
        environment.events.quitting.add_listener(lambda **_: self._quit())
        environment.events.report_to_master.add_listener(self._add_report)

    @property
    def run(self) -> Run | None:
        """The run in hand, if its master has begun one."""
        return self._run

    @property
    def has_begun(self) -> bool:
        """Whether there was a run."""
        return self._run is not None

    def start(self) -> None:
        """Make the run of what the master says of it."""
        began, given = time.monotonic(), self._environment.parsed_options
        assert given is not None
        self._run, self._browsers_ended = None, False
        if (assignment := assigned(given)) is None:
            return
        clock = measured_clock(None if assignment.is_mock_ours else assignment.mock, TURNS_WITHIN)
        plan = options.read(vars(given) | assignment.load, self._scenario)
        self._run = Run(
            id=assignment.run,
            plan=plan,
            host=assignment.mock,
            clock=clock,
            share=share(self._runner.client_id, assignment.workers, self._runner.worker_index),
            last_page_at=began + plan.last_page_after,
            report=self._samples.append,
            done=lambda: self._runner.send_message(BROWSER_DONE, {}),
            steering=control_headers(given.control_key),
            problem=lambda why: self._runner.send_message(BROWSER_FAILED, {"why": why}),
            places=assignment.places,
            narrate=given.narrate,
        )

    def stop(self) -> None:
        """Report before the master hears that this worker has stopped, so that its table is whole then."""
        self._browsers_ended = True
        self._report_now()

    def finish(self) -> None:
        """Leave the verdict to the master."""

    def write_outputs(self) -> None:
        """Leave the files to the master."""

    def end(self) -> None:
        """Own nothing that outlives a run."""

    def _quit(self) -> None:
        """Report the last; a worker whose master is gone leaves no verdict anywhere."""
        heard = self._runner.last_heartbeat_timestamp
        if heard is not None and time.time() - heard > MASTER_SILENT:
            self._environment.process_exit_code = UNFINISHED
        self._report_the_last()

    def _report_the_last(self) -> None:
        """Let the pages that were begun end, and report them; `stop` does, unless they have ended."""
        self._runner.stop()
        self._report_now()

    def _report_now(self) -> None:
        send = getattr(self._runner, "_send_stats", None)  # locust's own, and private
        if send is not None:
            send()

    def _add_report(self, data: dict[str, Any], **_: Any) -> None:
        run, samples = self._run, list(self._samples)
        self._samples.clear()
        number, clock, last_of = (None, None, "") if run is None else (run.share, run.clock.plain(), run.id)
        put_report(data, WorkerReport(samples, number, clock, last_of if self._browsers_ended else ""))
