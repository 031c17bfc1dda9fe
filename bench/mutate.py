"""
`make mutate`: break the core, the policies, the issuer and the checks in every small way; the tests must notice.

mutmut does the breaking, in a copy whose links are folders. Whoever survives needs a reason in `survivors.toml`, by
its name; a reason whose mutant no longer survives is stale. Either is printed with its difference, and fails.
"""

import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
REASONS = Path(__file__).with_name("survivors.toml")
MUTMUT = [sys.executable, "-m", "mutmut"]
COPIED = ("src", "tests", "pyproject.toml", "reports/baseline.json")


def main(arguments: list[str]) -> int:
    """Break, test, and print who survived without a reason."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        for name in COPIED:
            _copy(ROOT / name, place / name)
        done = subprocess.run([*MUTMUT, "run", *arguments], cwd=place, capture_output=True, text=True, check=False)
        last = done.stdout.replace("\r", "\n").strip().splitlines()[-2:]
        print("\n".join(last))
        if done.returncode:
            print(done.stderr[-2000:], file=sys.stderr)
            return done.returncode
        return _told(place)


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, symlinks=False, ignore=shutil.ignore_patterns("__pycache__"))
    elif source.exists():
        shutil.copy(source, target)


def _told(place: Path) -> int:
    """Print survivors without a reason and reasons without a survivor; return the exit code."""
    reasons = tomllib.loads(REASONS.read_text())
    results = subprocess.run([*MUTMUT, "results"], cwd=place, capture_output=True, text=True, check=True).stdout
    survived = {line.split(":")[0].strip() for line in results.splitlines() if line.strip().endswith("survived")}
    explained = {name for names in reasons.values() for name in names}
    for name in sorted(survived - explained):
        shown = subprocess.run([*MUTMUT, "show", name], cwd=place, capture_output=True, text=True, check=False)
        print(
            "\n".join(
                line for line in shown.stdout.splitlines() if line[:1] in "+-" and line[:3] not in ("+++", "---")
            )
        )
        print(f"  survived: {name}")
    for name in sorted(explained - survived):
        print(f"  a reason without a survivor: {name}")
    print(f"{len(survived)} survived, {len(survived & explained)} of them with a reason in {REASONS.name}")
    return int(survived != explained)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
