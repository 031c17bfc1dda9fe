"""What a question of a card is: of which sequence, what must be seen there, and a sentence for each answer."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from race401.harness.probe.looks import Look

Word: TypeAlias = Literal["never", "sometimes", "always"]


@dataclass(frozen=True, slots=True)
class Question:
    """One row of a card."""

    name: str
    text: str  # what happens never, sometimes or always
    sequence: str
    look: Look
    never: str  # advice
    sometimes: str
    always: str

    def advice(self, word: Word) -> str:
        """Return the sentence for the author of a client."""
        advice: str = getattr(self, word)
        return advice
