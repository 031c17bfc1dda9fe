"""GitHub's runner, as far as a composite action needs one: inputs, steps under bash, outputs, the job's summary."""

import os
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]
from bounds import HANG

ROOT = Path(__file__).parents[2]
BASH = ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail"]  # what `shell: bash` stands for
EXPRESSION = re.compile(r"\$\{\{\s*([\w.-]+)\s*\}\}")


def read(path: str) -> dict[str, Any]:
    """A YAML file of the project."""
    plain: dict[str, Any] = yaml.safe_load((ROOT / path).read_text())
    return plain


@dataclass
class Job:
    """One use of the action in a workspace."""

    workspace: Path
    inputs: dict[str, str] = field(default_factory=dict)
    outputs: dict[str, dict[str, str]] = field(default_factory=dict)  # by step
    out: str = ""
    code: int = 0
    action: Path = ROOT  # the folder whose programs the steps call

    def run(self, only: str | None = None) -> int:
        """Run the steps, or one by its id, until one fails; return its exit code."""
        action = read("action.yml")
        unknown = self.inputs.keys() - action["inputs"].keys()
        assert not unknown, f"the action has no inputs {unknown}"
        self.inputs = {name: about["default"] for name, about in action["inputs"].items()} | self.inputs
        for step in action["runs"]["steps"]:
            if "run" in step and self.code == 0 and only in {None, step.get("id")}:
                self.code = self._step(step)
        return self.code

    @property
    def summary(self) -> str:
        """What the job's page shows."""
        return (self.workspace / "summary").read_text()

    def _step(self, step: dict[str, Any]) -> int:
        output = self.workspace / "output"
        output.write_text("")
        files = {"GITHUB_OUTPUT": str(output), "GITHUB_STEP_SUMMARY": str(self.workspace / "summary")}
        given = {name: EXPRESSION.sub(self._value, text) for name, text in step.get("env", {}).items()}
        script = self.workspace / "step.sh"
        script.write_text(step["run"])
        assert not EXPRESSION.search(step["run"]), "an expression inside a script runs whatever an input says"
        done = subprocess.run(
            [*BASH, str(script)],
            cwd=self.workspace,
            env={**os.environ, **files, **given, "GITHUB_ACTION_PATH": str(self.action)},
            capture_output=True,
            text=True,
            timeout=HANG,
            check=False,
        )
        self.out += done.stdout + done.stderr
        self.outputs[step.get("id", step["name"])] = dict(
            line.split("=", 1) for line in output.read_text().splitlines()
        )
        return done.returncode

    def _value(self, expression: re.Match[str]) -> str:
        match expression[1].split("."):
            case ["inputs", name]:
                return self.inputs[name]
            case ["steps", step, "outputs", name]:
                return self.outputs[step][name]
        raise AssertionError(f"not known here: {expression[0]}")
