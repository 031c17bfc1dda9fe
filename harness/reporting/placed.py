"""A page of which a program writes a part, and people the rest: the part stands between two markers."""


def placed(text: str, what: str, part: str) -> str:
    """Return the text with this part in the place of its old one; without markers, the part alone, with them."""
    begin, end = f"<!-- {what}: begin -->", f"<!-- {what}: end -->"
    before, begun, rest = text.partition(begin)
    _, ended, after = rest.partition(f"{end}\n")
    if not (begun and ended):
        before = after = ""
    return f"{before}{begin}\n\n{part}{end}\n{after}"
