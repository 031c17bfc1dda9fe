"""How race401 was called, for every line that says what to run next: it must work from where its reader stands."""

import shutil
import sys
from pathlib import Path

NAME = "race401"


def called() -> str:
    """Return `race401` where a shell finds this one by that name, else the words that it was called by."""
    script = Path(sys.argv[0])
    if script.name == "__main__.py":
        return f"{sys.executable} -m race401.harness"
    if script.name != NAME or _same(shutil.which(NAME), script):
        return NAME
    return sys.argv[0]


def _same(found: str | None, script: Path) -> bool:
    return found is not None and Path(found).resolve() == script.resolve()
