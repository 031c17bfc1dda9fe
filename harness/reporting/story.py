"""What an incident's picture shows, in sentences for someone who has never heard of the race."""

from typing import Any

from race401.harness.judge.counted import seconds
from race401.harness.judge.recovery import UNAUTHORIZED
from race401.harness.reporting import life
from race401.harness.reporting.incident import Scene
from race401.harness.reporting.swimlane import state
from race401.harness.reporting.words import CAUSES, count, listed, number, took_for_theft


def tell(scene: Scene, manifest: dict[str, Any]) -> list[str]:
    """Return the scene's sentences, in the order in which things happened."""
    return [s for s in (_leave(scene, manifest), _refresh(scene), _answers(scene)) if s]


def _leave(scene: Scene, manifest: dict[str, Any]) -> str:
    row, n = scene.row, len(scene.calls)
    if not n:
        return ""
    within = max(c.started_at for c in scene.calls) - scene.began_at
    spans = life.life(scene.session, manifest, row.condition, row.role)
    held = life.at(spans, scene.began_at)
    stands = state(held, scene.began_at, manifest["policies"][row.role].get("expiry_margin"))
    skew = manifest["conditions"][row.condition].get("skew_s", 0.0)
    slow = f", but the device's clock is {seconds(-skew)} behind and shows it as good" if skew < 0 else ""
    slow = slow if held.kind == "expired" and not scene.exchanges else ""
    verb = "leaves" if n == 1 else "leave"
    due = ", so a refresh is due" if held.kind == "margin" else ""
    return f"{count(n, 'request').capitalize()} {verb} within {seconds(within)}; {stands}{due}{slow}."


def _refresh(scene: Scene) -> str:
    n, outcomes = len(scene.exchanges), [e.grant_outcome for e in scene.exchanges]
    if not n:
        return "Nobody refreshes it."
    if n == 1:
        done = "brings a new pair, which all of them use" if outcomes[0] == "rotated" else "is refused"
        return f"One refresh is sent for all of them. It {done}."
    one_token = len({e.presented or (e.family, e.generation) for e in scene.exchanges}) == 1
    sent = f"{number(n).capitalize()} refreshes are sent" + (
        ", all with the same refresh token." if one_token else "."
    )
    if any(map(took_for_theft, scene.exchanges)):
        return (
            f"{sent} The server exchanges the first; the next one looks like theft, and it revokes the whole family."
        )
    if "reused" in outcomes:
        return f"{sent} The server exchanges the first, and refuses whoever presents the same token again."
    if "reuse_tolerated" in outcomes or "forked" in outcomes:
        return f"{sent} One would have done: the server forgives the others."
    return sent


def _answers(scene: Scene) -> str:
    last = [c.sends[-1] for c in scene.calls]
    bad = [e for e in last if e.status == UNAUTHORIZED]
    good = sum(200 <= e.status < 300 for e in last)  # noqa: PLR2004
    recovered = sum(c.sends[0].status == UNAUTHORIZED and c.sends[-1].status != UNAUTHORIZED for c in scene.calls)
    if not bad:
        again = f", {number(recovered)} of them at the second try" if recovered else ""
        every = f"All {number(good)} are" if good == len(last) > 1 else f"{count(good, 'request').capitalize()}"
        return f"{every} answered 200{again}: the app notices nothing."
    causes = listed(sorted({CAUSES.get(e.cause or "", e.cause or "?") for e in bad}))
    over = {"revoked", "not_found"}
    lost = any(e.grant_outcome in over or took_for_theft(e) for e in scene.exchanges)
    end = " The session is lost, and the user has to sign in again." if lost else ""
    return f"{count(good, 'request').capitalize()} answered 200, and {number(len(bad))} 401 ({causes}).{end}"
