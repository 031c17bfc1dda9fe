"""Numbers in words: a count with its noun, and a span of time, for every sentence of a verdict or a report."""


def counted(n: int, noun: str, plural: str = "") -> str:
    """Return `1 session`, `2 sessions`, `0 sessions`; `plural` where it is not the noun with an s."""
    return f"{n} {noun if n == 1 else plural or noun + 's'}"


def seconds(s: float) -> str:
    """Return a span as people say it: 340 ms, 57.4 s, 59 min 36 s, 1 h."""
    if s == 0:
        return "0 s"
    if s < 0.01:  # noqa: PLR2004 - 10 ms
        return f"{s * 1000:.1f} ms"
    if s < 1:
        return f"{s * 1000:.0f} ms"
    if s < 120:  # noqa: PLR2004 - two minutes
        return f"{s:.1f} s".replace(".0 s", " s")
    minutes, rest = divmod(round(s), 60)
    hours, minutes = divmod(minutes, 60)
    parts = [f"{hours} h" if hours else "", f"{minutes} min" if minutes else "", f"{rest} s" if rest else ""]
    return " ".join(part for part in parts if part)
