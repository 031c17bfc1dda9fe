"""Before a run: refuse what can't work, and have a mock to talk to."""

from locust.env import Environment
from locust.runners import MasterRunner

from race401.harness.load import ui
from race401.harness.load.admission import Admission
from race401.harness.load.child import USAGE, ChildDidNotStart, ChildRefused
from race401.harness.load.folder import RunFolder, name_of_run
from race401.harness.load.judged_run import UNKNOWN
from race401.harness.load.leader import Leader
from race401.harness.load.mock import Mock, MockProcess, die_with_parent
from race401.harness.load.plan import Plan, Refused
from race401.harness.load.recorded import Recorded
from race401.harness.load.retention import retain_less
from race401.harness.load.scenario import Scenario
from race401.harness.load.system import System
from race401.harness.load.trial import tried
from race401.harness.reporting.streams import print_to

die_with_parent()


def lead(environment: Environment, scenario: Scenario) -> Leader:
    """Return this process's leader, its mock and its first run's folder ready. What can't work ends the process."""
    retain_less(environment)
    environment.process_exit_code = UNKNOWN  # until a verdict says otherwise
    given, admission = environment.parsed_options, Admission(environment, scenario)
    assert given is not None
    try:
        plan = admission.read({})
        if given.headless or given.autostart:
            admission.check_load(plan)
        admission.choose(plan)
        mock, folder = _mock_and_folder(environment, scenario, plan)
    except Refused as refusal:
        print_to(f"race401: {refusal}")
        raise SystemExit(USAGE) from None
    leader = Leader(environment, scenario, mock, folder)
    if environment.web_ui is not None:
        admission.hold_the_form()
        ui.attach(environment, lambda: leader.judged)
    return leader


def _mock_and_folder(environment: Environment, scenario: Scenario, plan: Plan) -> tuple[Mock, RunFolder]:
    """Return the mock at --host, or our own; it writes its ledger into the first run's folder."""
    given = environment.parsed_options
    assert given is not None
    name = given.run_id or name_of_run(scenario.name, given.seed)
    if plan.system is not None:
        return _recorded(environment, plan, plan.system, name)
    own_worlds = getattr(given, "worlds", "")
    if environment.host:
        if own_worlds:
            raise Refused(
                f"--worlds {own_worlds}: the mock at --host has its worlds already; race401 serve takes more"
            )
        mock = Mock(environment.host.rstrip("/"))
        mock.worlds(plan.conditions, given.control_key)
        return mock, RunFolder.made(given.reports, name)
    folder = RunFolder.made(given.reports, name)
    try:
        mock = _started(folder, [*scenario.mock, *(("--worlds", own_worlds) if own_worlds else ())], plan)
    except ChildRefused:
        folder.remove()
        raise SystemExit(USAGE) from None
    except (ChildDidNotStart, Refused) as error:
        folder.remove()
        raise Refused(str(error)) from None
    environment.host = mock.url
    return mock, folder


def _recorded(environment: Environment, plan: Plan, system: System, name: str) -> tuple[Mock, RunFolder]:
    """Return a system of your own, tried and behind a recorder, which writes into the first run's folder."""
    given = environment.parsed_options
    assert given is not None
    if environment.host:
        raise Refused(f"--system {given.system} and --host {environment.host}: give one; the file has addresses")
    if isinstance(environment.runner, MasterRunner) and given.processes is None:
        raise Refused("--system records on this machine, so that all browsers are here: --processes, not --master")
    try:
        tried(system, plan)
    except Refused as refusal:
        raise Refused(f"--system {given.system}: {refusal}") from None
    folder = RunFolder.made(given.reports, name)
    try:
        recorded = Recorded.started(system, folder.ledger)
    except ChildDidNotStart as error:
        folder.remove()
        raise Refused(str(error)) from None
    environment.host = recorded.url
    return recorded, folder


def _started(folder: RunFolder, settings: list[str], plan: Plan) -> Mock:
    """Return a mock of ours, which has the plan's worlds; raises ChildDidNotStart, Refused."""
    process = MockProcess(folder.ledger, settings)
    mock = Mock(process.url, process, folder.ledger)
    try:
        mock.worlds(plan.conditions, None)
    except Refused:
        process.stop()
        raise
    return mock
