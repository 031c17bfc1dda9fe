"""What a ratio should be at most, by question and variant, and why it is missed where it is."""

AIMS: dict[tuple[str, str], tuple[float, str]] = {}


def aim(question: str, variant: str, at_most: float, why: str) -> None:
    """State an aim; `why` is printed where it is missed."""
    AIMS[question, variant] = at_most, why
