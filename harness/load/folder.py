"""The folder of a process's first run: made before the mock starts, which writes its ledger there."""

import time
from dataclasses import dataclass
from pathlib import Path

from race401.harness.load.plan import Refused


def name_of_run(scenario: str, seed: int) -> str:
    """Return a name for a run that begins now."""
    return f"{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{scenario}-{seed}"


@dataclass(frozen=True, slots=True)
class RunFolder:
    """A run's name, and where its evidence goes."""

    name: str
    path: Path

    @property
    def ledger(self) -> Path:
        """The file for the mock's ledger."""
        return self.path / "ledger.jsonl"

    @classmethod
    def made(cls, reports: str, name: str) -> "RunFolder":
        """Make the folder and return it; raises Refused."""
        path = Path(reports) / name
        try:
            path.mkdir(parents=True, exist_ok=False)
        except FileExistsError:
            raise Refused(f"{path} exists; give another --run-id") from None
        except OSError as error:
            raise Refused(f"--reports {reports}: {error.strerror}") from None
        return cls(name, path)

    def remove(self) -> None:
        """Remove the folder of a run that never began."""
        self.ledger.unlink(missing_ok=True)
        self.path.rmdir()
