"""What is kept of a probe: the card, and every trial behind it, so that each row can be counted again."""

from pathlib import Path

import msgspec

from race401.harness.probe.answers import Answer, Trial
from race401.harness.probe.card import Card

FINE = 4  # digits after the point of kept times: 0.1 ms


class Evidence(msgspec.Struct, frozen=True):
    """One configuration of a server, as it was probed. Fingerprints are of a key that nobody kept."""

    name: str  # of the configuration, in the list
    versions: dict[str, str]  # by package, of the lock file that it was installed from
    race401: str
    card: Card
    trials: list[Trial]


def clocked(trials: list[Trial]) -> list[Trial]:
    """Return them with times from the first request on: a machine's uptime is nobody's business."""
    sent = [answer.sent for trial in trials for answer in trial.answers.values() if answer.sent]
    begin = min(sent, default=0.0)

    def since(answer: Answer) -> Answer:
        times = {name: round(at - begin, FINE) for name in ("sent", "heard") if (at := getattr(answer, name))}
        return msgspec.structs.replace(answer, **times)

    def trial(given: Trial) -> Trial:
        return msgspec.structs.replace(given, answers={name: since(a) for name, a in given.answers.items()})

    return [trial(each) for each in trials]


def keep(evidence: Evidence, path: Path) -> None:
    """Write the file, a line for each trial."""
    whole = msgspec.to_builtins(evidence)
    trials = [msgspec.json.encode(each).decode() for each in whole.pop("trials")]
    head = msgspec.json.format(msgspec.json.encode(whole), indent=1).decode().removesuffix("\n}")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'{head},\n "trials": [\n  ' + ",\n  ".join(trials) + "\n ]\n}\n")


def load(path: Path) -> Evidence:
    """Read the file; raises ValueError if it is none."""
    return msgspec.json.decode(path.read_bytes(), type=Evidence)
