"""A count with its noun, for every sentence that a verdict says."""


def counted(n: int, noun: str, plural: str = "") -> str:
    """Return `1 session`, `2 sessions`, `0 sessions`; `plural` where it is not the noun with an s."""
    return f"{n} {noun if n == 1 else plural or noun + 's'}"
