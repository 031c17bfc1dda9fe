"""`python -m race401.harness.judge RUN`: judge a stored run again."""

import sys
from pathlib import Path

from race401.harness.judge import evidence, verdict
from race401.harness.reporting import console


def main(arguments: list[str]) -> int:
    """Print the table, write `verdict.json`, return the exit code."""
    if len(arguments) != 1:
        print("race401: give one run's folder, e.g. reports/20261004T215100Z-burst-401", file=sys.stderr)
        return 2
    folder = Path(arguments[0])
    try:
        run = evidence.load(folder)
    except evidence.EvidenceError as error:
        print(f"race401: {error}", file=sys.stderr)
        return 2
    result = verdict.judge(run)
    (folder / "verdict.json").write_bytes(verdict.to_json(result))
    print(console.render(result, run.manifest, color=sys.stdout.isatty()))
    return result.exit_code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
