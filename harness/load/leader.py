"""
The process that judges, local or master, from its first run to its last: what locust's events mean to it.

The traps that this order avoids are locust's: `test_stop` comes before the workers' last reports, and an interrupt
reaches the workers too.
"""

import gevent
from locust.env import Environment
from locust.runners import STATE_MISSING, MasterRunner

import sys
import time
from argparse import Namespace
from dataclasses import replace
from pathlib import Path
from typing import Any

from race401.harness.load import options, progress, ui
from race401.harness.load.folder import RunFolder, name_of_run
from race401.harness.load.hosts import TURNS_WITHIN, measured_clock, shares
from race401.harness.load.judged_run import JudgedRun
from race401.harness.load.messages import BROWSER_DONE, BROWSER_FAILED, END, Assignment, assign, get_report
from race401.harness.load.mock import Mock, control_headers
from race401.harness.load.plan import Plan, Refused
from race401.harness.load.record import Record, hosts_of
from race401.harness.load.run import Run
from race401.harness.load.scenario import Scenario
from race401.harness.reporting.streams import print_to

WORKER_SILENT = 10  # s, of which each brings a worker's heartbeat; then it is missing. locust waits for 3
REPORTS_ARRIVE = 4.0  # s; locust's workers report every 3 s
LAST_REPORTS_WITHIN = 20.0  # s: a page that was begun may take 15 to end, and a wire may lose what is told of it


class Leader:
    """It has a mock all along, and one run after another in the web UI."""

    def __init__(self, environment: Environment, scenario: Scenario, mock: Mock, first: RunFolder) -> None:
        assert environment.runner is not None
        assert environment.parsed_options is not None
        self._environment, self._runner, self._scenario, self._mock = environment, environment.runner, scenario, mock
        self._options: Namespace = environment.parsed_options
        self._first, self._begun = first, False
        self._judged: JudgedRun | None = None  # the run in hand, and after it until the next
        self._run: Run | None = None
        self._table = ""  # to be printed at the end
        if isinstance(self._runner, MasterRunner):
            self._runner.register_message(BROWSER_DONE, lambda **_: self._count_browser())
            self._runner.register_message(BROWSER_FAILED, lambda msg, **_: self._fail(msg.data["why"]))
            environment.events.worker_report.add_listener(self._hear)
        if mock.process is not None:
            gevent.spawn(self._watch_mock)

    @property
    def run(self) -> Run | None:
        """The run in hand, until it is judged."""
        return self._run

    @property
    def has_begun(self) -> bool:
        """Whether there was a run."""
        return self._begun

    @property
    def judged(self) -> JudgedRun | None:
        """The run in hand, and after it, until the next one."""
        return self._judged

    def start(self) -> None:
        """Begin a run: open its record, and tell the browsers, those of workers by way of locust's options."""
        began, began_at = time.monotonic(), time.time()  # before anything is asked: locust's run time counts already
        self.finish()  # in the web UI, the run before
        given, is_first = self._options, not self._begun
        self._begun = True
        assign(given, None)
        load = {name: getattr(given, name) for name in ("num_users", "spawn_rate", "run_time")}
        plan = options.read(vars(given) | load, self._scenario)
        assignment = Assignment(
            run=self._first.name if is_first else name_of_run(self._scenario.name, plan.seed),
            mock=(self._environment.host or self._mock.url).rstrip("/"),  # a form may leave it empty
            is_mock_ours=self._mock.process is not None,
            load=load,
            workers=shares(_at_work(self._runner)) if isinstance(self._runner, MasterRunner) else [],
            places=self._mock.places,
        )
        has_browsers = not isinstance(self._runner, MasterRunner)
        asked = None if assignment.is_mock_ours else assignment.mock
        clock = measured_clock(asked, TURNS_WITHIN if has_browsers else 0.0)
        began_at += clock.taken_out
        try:
            judged = JudgedRun(self._record(assignment, plan, began_at), clock, self._mock)
        except (OSError, Refused) as error:
            print_to(f"race401: {error}")
            gevent.spawn(self._end_test)
            return
        if judged.record.form == "text":
            print_to(f"race401: {judged.record.plan}; {self._mock.called} at {self._mock.url}")
        if sys.stderr.isatty() and judged.record.form == "text":
            gevent.spawn(progress.show, judged, self._runner.stats)
        assign(given, assignment)
        self._judged = judged
        self._run = Run(
            id=assignment.run,
            plan=plan,
            host=assignment.mock,
            clock=clock,
            share=0,
            last_page_at=began + plan.last_page_after,
            report=judged.note,
            done=self._count_browser,
            steering=control_headers(given.control_key),
            problem=self._fail,
            places=assignment.places,
            narrate=given.narrate,
        )

    def _record(self, assignment: Assignment, plan: Plan, began_at: float) -> Record:
        is_master = isinstance(self._runner, MasterRunner)
        return Record(
            run=assignment.run,
            scenario=self._scenario,
            plan=replace(plan, users=self._runner.target_user_count or plan.users),
            mock=self._mock,
            steering=control_headers(self._options.control_key),
            worlds=self._mock.worlds(plan.conditions, self._options.control_key),
            folder=Path(self._options.reports) / assignment.run,
            hosts=hosts_of(assignment.workers if is_master else None),
            started_at=began_at,
            form=self._options.verdict_as,
        )

    def stop(self) -> None:
        """Note when the run ended, and whether that was its end."""
        judged, is_watched = self._judged, self._environment.web_ui is not None
        if judged is None or self._run is None:
            return
        judged.stop()
        if is_watched:  # a master has heard its workers by now
            gevent.spawn_later(REPORTS_ARRIVE, self._finish, judged)
        elif isinstance(self._runner, MasterRunner):
            self._hear_the_last(self._runner, judged.record)

    def finish(self) -> None:
        """Judge the run if it is not judged yet; idempotent, since locust may call twice."""
        if self._judged is not None:
            self._finish(self._judged)

    def _finish(self, judged: JudgedRun) -> None:
        if (outcome := judged.judge()) is None:
            return
        self._run = None
        self._table, self._environment.process_exit_code = outcome.text, outcome.exit_code
        if self._environment.web_ui is not None:
            self._print_table()

    def write_outputs(self) -> None:
        """Put the table into the files that locust was asked for; again, where locust wrote them too early."""
        if self._judged is None:
            return
        try:
            ui.write(self._environment, self._judged)
        except OSError as error:
            print_to(f"race401: {error.filename}: {error.strerror}")

    def end(self) -> None:
        """Print the table, and stop the mock."""
        self._print_table()
        if self._mock.process is not None:
            self._mock.process.stop()
        if not self._begun:
            self._first.remove()

    def _print_table(self) -> None:
        if self._table and (why := print_to(self._table, sys.stdout)) is not None:
            print_to(f"race401: standard output: {why.strerror}; the verdict is where the evidence is")
        self._table = ""

    # --- what comes in, and what ends a run before locust does ------------------------------------

    def _hear(self, client_id: str, data: dict[str, Any], **_: Any) -> None:
        if self._judged is not None and (report := get_report(data)) is not None:
            self._judged.hear(client_id, report)

    def _count_browser(self) -> None:
        if self._judged is not None and self._judged.count_browser():
            gevent.spawn_later(0.2, self._end_test)

    def _end_test(self) -> None:
        """End the test; without a web UI, which waits for the next one, locust as well."""
        if self._environment.web_ui is not None:
            self._runner.stop()
        else:
            self._runner.quit()

    def _watch_mock(self) -> None:
        """End the run when the mock ends, or a system of your own is gone."""
        process = self._mock.process
        assert process is not None
        while (ended := process.ended()) is None:
            if (why := process.trouble()) is not None:
                self._fail(why)
            gevent.sleep(0.5)
        if self._judged is not None and self._judged.is_under_way:
            self._judged.end(ended)
            self._runner.quit()

    def _fail(self, why: str) -> None:
        """End the run, which cannot go on."""
        if self._judged is not None and self._judged.is_under_way:
            print_to(f"race401: {why}")
            self._judged.end(why)
            gevent.spawn(self._end_test)

    def _hear_the_last(self, runner: MasterRunner, record: Record) -> None:
        """Have the workers end, and wait for their last reports; locust's 0.5 s are too short for a lossy wire."""

        def hear() -> None:
            while any(_lives(runner, worker) for worker in record.unheard()):
                gevent.sleep(0.05)

        runner.send_message(END)
        gevent.with_timeout(LAST_REPORTS_WITHIN, hear, timeout_value=None)


def _at_work(runner: MasterRunner) -> list[str]:
    """Return the workers that are there, by locust's names."""
    clients = runner.clients
    return [worker.id for worker in clients.ready + clients.running + clients.spawning]


def _lives(runner: MasterRunner, worker: str) -> bool:
    return worker in runner.clients and runner.clients[worker].state != STATE_MISSING
