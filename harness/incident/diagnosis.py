"""
From evidence to a diagnosis: what it says of each known mechanism, and the answer in ten words at most.

What was sanitized shows nothing: a sign that rests on a row of which all files had their credentials taken out is
consistent at most.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from race401.harness.incident.evidence import Evidence
from race401.harness.incident.mechanisms import MECHANISMS
from race401.harness.incident.mechanisms.case import Case
from race401.harness.incident.mechanisms.mechanism import Mechanism, Sign, Standing
from race401.ledger.entry import Entry

SANITIZED = "the same file with its credentials (race401 keeps none of them)"
ORDER: tuple[Standing, ...] = ("shown", "consistent", "excluded", "not seen")


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What the evidence says of each mechanism, in the order of the registry."""

    evidence: Evidence
    signs: tuple[tuple[Mechanism, Sign], ...]

    def standing(self, *standings: Standing) -> list[tuple[Mechanism, Sign]]:
        """Return the mechanisms that stand so."""
        return [(mechanism, sign) for mechanism, sign in self.signs if sign.standing in standings]

    def ordered(self) -> list[tuple[Mechanism, Sign]]:
        """Return all of them: what is shown first, and what was not seen last."""
        return sorted(self.signs, key=lambda each: ORDER.index(each[1].standing))

    @property
    def answer(self) -> str:
        """What it comes to, in ten words at most."""
        if shown := self.standing("shown"):
            return shown[0][0].answer
        if n := len(self.standing("consistent")):
            return f"Nothing is shown; {n} known mechanism{'s fit' if n > 1 else ' fits'} what is here"
        return f"None of {len(self.signs)} known mechanisms is seen here"

    def entries(self, sign: Sign) -> Sequence[Entry]:
        """Return the entries of a sign, in the order of arrival."""
        return [self.evidence.entries[seq - 1] for seq in sign.rows]


def diagnose(evidence: Evidence, mechanisms: Iterable[Mechanism] = MECHANISMS) -> Diagnosis:
    """Return what the evidence says of each mechanism."""
    case = Case(evidence)
    return Diagnosis(evidence, tuple((mechanism, _sign(case, mechanism)) for mechanism in mechanisms))


def _sign(case: Case, mechanism: Mechanism) -> Sign:
    sign = mechanism.look(case)
    if sign is None:
        return Sign("not seen", f"looked for {mechanism.seeks}")
    if sign.standing == "shown" and any(_sanitized(case.evidence, seq) for seq in sign.rows):
        return replace(sign, standing="consistent", decides=SANITIZED)
    return sign


def _sanitized(evidence: Evidence, seq: int) -> bool:
    return all(evidence.sources[seen.source].sanitized for seen in evidence.seen[seq - 1])
