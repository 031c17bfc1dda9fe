"""
Which request of a scene each refresh stands under.

The wire does not say who wanted a refresh. A request that waited while it ran may have: of those that carried what it
brought, else of all, the one that left next after its answer, each for one refresh as long as there are others.
"""

from race401.harness.reporting import life
from race401.harness.reporting.incident import CLOCKS_DIFFER, Call, Scene
from race401.ledger.entry import Entry


def wanted(scene: Scene) -> tuple[dict[int, list[Entry]], list[Entry]]:
    """Return the refreshes under each call, by its place in the scene, and those that none waited for."""
    under: dict[int, list[Entry]] = {}
    besides = []
    for e in sorted(scene.exchanges, key=life.over):
        waited = [(nth, sent) for nth, call in enumerate(scene.calls) if (sent := _left(call, e)) is not None]
        if not waited:
            besides.append(e)
            continue
        carried = [each for each in waited if e.brought_access is not None and each[1].sent == e.brought_access]
        nth, _ = min(carried or waited, key=lambda each: (each[0] in under, each[1].received_at))
        under.setdefault(nth, []).append(e)
    return under, besides


def _left(call: Call, e: Entry) -> Entry | None:
    """Return the send that a call made after it had waited for this refresh; None: it did not wait then."""
    since = call.started_at
    for sent in call.sends:
        if since - CLOCKS_DIFFER <= e.received_at and life.over(e) <= sent.received_at + CLOCKS_DIFFER:
            return sent
        since = life.over(sent)
    return None
