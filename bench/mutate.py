"""
`make mutate`: break the core, the policies, the issuer and the checks in every small way; somebody must notice.

mutmut does the breaking, in a copy whose links are folders. What mypy refuses needs no test, since `make check`
refuses it too; the tests must notice the rest. Whoever survives needs a reason in `survivors.toml`; a reason whose
mutant no longer survives is stale. Either is printed, and exits with 1. `make mutate ARGS="'*.core.*'"` takes only
mutants that mutmut names so.
"""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections import Counter
from collections.abc import Iterator
from difflib import ndiff
from fnmatch import fnmatch
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
REASONS = Path(__file__).with_name("survivors.toml")
COPIED = ("src", "tests", "pyproject.toml", "reports/baseline.json")
TOLD = {1: "killed", 3: "killed", 37: "refused by mypy", **dict.fromkeys((-24, 24, 36, 152, 255), "timed out")}
SURVIVED = "survived"
STATUS = re.compile(r"(\d+)/(\d+) .*?🙁 (\d+)")


class Mutant(NamedTuple):
    """One way to break a function: the lines that it changes, as they read then."""

    function: str
    change: str


def main(patterns: list[str]) -> int:
    """Break, test, and print who survived without a reason."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        for name in COPIED:
            _copy(ROOT / name, place / name)
        if not _run(place, patterns):
            return 4
        told = list(_outcomes(place, patterns))
    counts = Counter(outcome for _, outcome in told)
    print(f"{len(told)} mutants in {time.monotonic() - began:.0f} s:", *(f"{n} {what}" for what, n in counts.items()))
    survived = {mutant for mutant, outcome in told if outcome == SURVIVED}
    broken = {mutant.function for mutant, _ in told}
    explained = {mutant for mutant in _explained() if mutant.function in broken or not patterns}
    for mutant in sorted(survived - explained):
        print(f"survived without a reason: {mutant.function}: {mutant.change}")
    for mutant in sorted(explained - survived):
        print(f"a reason without a survivor: {mutant.function}: {mutant.change}")
    return int(survived != explained)


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, symlinks=False, ignore=shutil.ignore_patterns("__pycache__"))
    elif source.exists():
        shutil.copy(source, target)


def _run(place: Path, patterns: list[str]) -> bool:
    """Let mutmut run, with a line each time a tenth is done; return whether it came to its end."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    own = {"PATH": path, "MYPYPATH": "src", "CI": "true"}  # CI: hypothesis draws the same each time
    command = [sys.executable, "-m", "mutmut", "run", *patterns]
    tenth, last = 0, ""
    with subprocess.Popen(
        command, cwd=place, env=os.environ | own, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as mutmut:
        assert mutmut.stdout is not None
        for line in mutmut.stdout:
            last = (last + line)[-2000:]
            if (status := STATUS.search(line)) and (now := 10 * int(status[1]) // int(status[2])) > tenth:
                tenth = now
                print(f"{status[1]} of {status[2]} done, {status[3]} survived so far", flush=True)
    if mutmut.returncode:
        print(last, file=sys.stderr)
    return not mutmut.returncode


def _outcomes(place: Path, patterns: list[str]) -> Iterator[tuple[Mutant, str]]:
    """Yield every mutant that was asked for, and what became of it."""
    for results in sorted(place.glob("mutants/src/**/*.meta")):
        lines = (code := results.with_suffix("").read_text()).splitlines()
        bodies = {
            node.name: [line.strip().replace(node.name, "") for line in lines[node.lineno - 1 : node.end_lineno]]
            for node in ast.walk(ast.parse(code))
            if isinstance(node, ast.FunctionDef)
        }
        for name, exit_code in json.loads(results.read_text())["exit_code_by_key"].items():
            if not patterns or any(fnmatch(name, pattern) for pattern in patterns):
                mangled = name.rpartition(".")[2]
                original = mangled.partition("__mutmut_")[0]
                mutant = Mutant(_function(name), _change(bodies[f"{original}__mutmut_orig"], bodies[mangled]))
                yield mutant, TOLD.get(exit_code, SURVIVED)


def _function(name: str) -> str:
    """Return `core.attempt` or `issuer.Family.find` of mutmut's own name."""
    module, _, mangled = name.partition("__mutmut_")[0].rpartition(".")
    return f"{module.rpartition('.')[2]}.{mangled.removeprefix('x').removeprefix('_').strip('ǁ').replace('ǁ', '.')}"


def _change(original: list[str], mutant: list[str]) -> str:
    """Return the mutant's lines that the original has not, or what it lacks."""
    diff = list(ndiff(original, mutant))
    added = " ".join(line[2:] for line in diff if line.startswith("+ "))
    return added or "without " + " ".join(line[2:] for line in diff if line.startswith("- "))


def _explained() -> set[Mutant]:
    """Return the mutants that `survivors.toml` gives a reason for."""
    reasons = tomllib.loads(REASONS.read_text())
    return {Mutant(f, change) for each in reasons.values() for f, changes in each.items() for change in changes}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
