"""What may begin: the command line's words and the web form's are held to the same."""

from locust.env import Environment
from locust.runners import MasterRunner
from locust.util.timespan import parse_timespan

from collections.abc import Mapping
from typing import Any

from race401.harness.load import limits, options
from race401.harness.load.browser import Browser
from race401.harness.load.plan import Plan, Refused, check_load
from race401.harness.load.scenario import Scenario

OFFERED, OFFERED_TIME = (
    6,
    20,
)  # by the web form, unless the command line says: browsers of each policy in each condition; s


class Admission:
    """Admits runs of a scenario to a process that leads them."""

    def __init__(self, environment: Environment, scenario: Scenario) -> None:
        assert environment.parsed_options is not None
        self._environment, self._scenario = environment, scenario
        self._options = environment.parsed_options
        self._browsers = [kind for kind in environment.user_classes if issubclass(kind, Browser)]

    def read(self, form: Mapping[str, Any]) -> Plan:
        """Return the plan that the options make, and the form's words instead of theirs; raises Refused."""
        return options.read({**vars(self._options), **form}, self._scenario)

    def check_load(self, plan: Plan) -> None:
        """Refuse a load that could show nothing, or that this machine cannot carry."""
        check_load(plan)
        elsewhere = isinstance(self._environment.runner, MasterRunner)
        here = not elsewhere or self._options.processes is not None  # ports are spent where browsers are
        if here or not self._environment.host:  # our own mock has all connections in one process
            limits.check(plan, limits.raise_open_files(), limits.local_ports() if here else None)

    def choose(self, plan: Plan) -> None:
        """Have locust spawn the browsers of the policies and conditions that were asked for."""
        parts = {condition.part for condition in plan.conditions}
        self._environment.user_classes[:] = [
            kind for kind in self._browsers if kind.role in plan.policies and kind.part in parts
        ]

    def hold_the_form(self) -> None:
        """Hold the web form to what the command line is held to, before locust starts anything."""
        from flask import Response, jsonify, request

        environment = self._environment
        assert environment.web_ui is not None
        app = environment.web_ui.app
        assert app is not None
        given = environment.parsed_options
        assert given is not None
        if given.num_users is None:  # what the form offers: locust's own, one browser, would be refused
            plan = self.read({})
            given.num_users = OFFERED * len(plan.policies) * len(plan.conditions)
            given.spawn_rate = given.spawn_rate or given.num_users
            given.run_time = given.run_time or OFFERED_TIME

        @app.before_request
        def check() -> Response | None:
            if request.path != "/swarm" or request.method != "POST":
                return None
            form = request.form.to_dict()
            try:
                load = {"num_users": form.get("user_count", 0), "run_time": _seconds(form.get("run_time", ""))}
                plan = self.read(form | load)
                self.check_load(plan)
                if not (environment.runner and environment.runner.user_count):
                    self.choose(plan)
            except Refused as refusal:
                return jsonify({"success": False, "message": str(refusal), "host": environment.host})
            return None


def _seconds(text: str) -> float:
    try:
        return float(parse_timespan(text)) if text else 0.0
    except ValueError:
        raise Refused(f"run time {text!r} is no span of time; write 20, 20s or 1h30m") from None
