"""
Before and after, where only a cause can tell: x is before y if x was answered before y was received.

All else is concurrent. Instants are s on one recorder's clock; what was never answered is before nothing.
"""

from race401.ledger.entry import Entry


def before(x: Entry, y: Entry) -> bool:
    """Whether x was over when y arrived."""
    return 0 < x.answered_at < y.received_at


def concurrent(x: Entry, y: Entry) -> bool:
    """Whether neither was before the other."""
    return not before(x, y) and not before(y, x)
