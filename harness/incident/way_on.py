"""The way on from a diagnosis: what plays the same mechanism here, and what it takes to see it."""

from collections.abc import Sequence

from race401.harness.incident.diagnosis import Diagnosis
from race401.harness.incident.mechanisms.mechanism import Mechanism, Sign

DRIVER = "-- YOUR_DRIVER"  # of docs/your-client.md


RECORD = [
    ("records it between your client and your servers", "race401 proxy --target https://API --target https://OTHER"),
    ("shows it in what was recorded", "race401 diagnose traffic.jsonl"),
]


def commands(mechanism: Mechanism) -> list[tuple[str, str]]:
    """Return what to run, and what each is for: ours shows the mechanism, and one's own client meets it."""
    way = mechanism.way
    if not way.race:
        return RECORD
    ours = [("plays it with race401's own client", f"race401 {way.plays}")] if way.plays else []
    yours = f"race401 card --race {way.race} --world {way.world} {DRIVER}"
    return [*ours, ("asks your client", yours)]


FILES = (
    ("writes a test that keeps it out", "race401 diagnose FILE... --guard DIR"),
    ("writes a locustfile that plays it", "race401 diagnose FILE... --scenario DIR"),
)
"""What hands over files of it, and what each is for."""


def worth_playing(diagnosis: Diagnosis) -> Sequence[tuple[Mechanism, Sign]]:
    """Return what is shown; where nothing is, what fits."""
    return diagnosis.standing("shown") or diagnosis.standing("consistent")
