"""What an incident's picture shows, in sentences for someone who has never heard of the race."""

from typing import Any

from race401.harness.judge.counted import seconds
from race401.harness.reporting import life
from race401.harness.reporting.incident import Scene
from race401.harness.reporting.swimlane import answer_text, state
from race401.harness.reporting.words import CAUSES, became, count, listed, number, took_for_theft
from race401.ledger.entry import Entry
from race401.ledger.outcomes import GRANTED, Outcome

OK_FROM, OK_TO = 200, 300
AT_LEAST = 2  # refreshes that may be one too many
FORGIVEN = {Outcome.REUSE_TOLERATED, Outcome.FORKED}


def sentences(scene: Scene, manifest: dict[str, Any]) -> list[str]:
    """Return the scene's sentences, in the order in which things happened."""
    return [s for s in (_leave(scene, manifest), _refresh(scene), _leaves(scene), _answers(scene)) if s]


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
    if held.expires_at is None and held.kind != "revoked":
        return f"{count(n, 'request').capitalize()} {verb} within {seconds(within)}."
    due = ", so a refresh is due" if held.kind == "margin" else ""
    return f"{count(n, 'request').capitalize()} {verb} within {seconds(within)}; {stands}{due}{slow}."


def _refresh(scene: Scene) -> str:
    n = len(scene.exchanges)
    if n < AT_LEAST:
        return _one(scene, scene.exchanges[0]) if n else "Nobody refreshes it."
    tokens = {e.presented or (e.family, e.generation) for e in scene.exchanges}
    sent = f"{number(n).capitalize()} refreshes are sent"
    if len(tokens) > 1:
        needless = set(scene.row.needless_seqs).intersection(e.seq for e in scene.exchanges)
        each = f"{sent}, of {number(len(tokens))} refresh tokens."
        theft = "One had been used, and the server takes that for theft: it revokes the whole family."
        more = [
            _needless(len(needless)) if needless else "",
            theft if any(map(took_for_theft, scene.exchanges)) else "",
        ]
        return " ".join(part for part in (each, *more) if part)
    return f"{sent}, all with the same refresh token. {_became(scene.exchanges)}".strip()


def _became(exchanges: list[Entry]) -> str:
    """Say what the server made of several uses of one refresh token."""
    lost = any(map(life.was_lost, exchanges))
    first = "The server exchanges the first" + (", whose answer is lost," if lost else "")
    others = "the other" if len(exchanges) == AT_LEAST else "the others"
    outcomes = {e.grant_outcome for e in exchanges}
    if any(map(took_for_theft, exchanges)):
        return f"{first} and takes the next one for theft: it revokes the whole family."
    if "rotated" in outcomes and "reused" in outcomes:
        return f"{first} and refuses whoever presents the same token again."
    if "rotated" in outcomes and outcomes & FORGIVEN:
        return f"{first} and forgives {others}." + ("" if lost else " One would have been enough.")
    return f"Each is {became(exchanges[0])}." if len(set(map(became, exchanges))) == 1 else ""


def _one(scene: Scene, e: Entry) -> str:
    sent = f"One refresh is sent{' for all of them' if len(scene.calls) > 1 else ''}."
    if life.was_lost(e):
        return f"{sent} The server exchanges the token, and its answer is lost."
    if e.grant_outcome in FORGIVEN:
        return f"{sent} Its token had been used, and the server forgives that."
    if e.grant_outcome in GRANTED:
        used = all(OK_FROM <= c.sends[-1].status < OK_TO for c in scene.calls)
        return f"{sent} It returns a new pair{', which all of them use' if used and scene.calls else ''}."
    if e.grant_outcome is None:
        return f"{sent} The auth server answers {answer_text(e)}."
    return f"{sent} It is {became(e)}."


def _needless(n: int) -> str:
    return f"{number(n).capitalize()} of them {'was' if n == 1 else 'were'} needless: nobody had refused the token."


def _leaves(scene: Scene) -> str:
    """Say what a sign-out ended, and what was sent all the same."""
    if not scene.sign_outs:
        return ""
    after = set(scene.row.after_sign_out_seqs).intersection(e.seq for c in scene.calls for e in c.sends)
    signed_out = "The user signs out meanwhile"
    if not after:
        return f"{signed_out}, and no request carries the session after that."
    verb = "carries" if len(after) == 1 else "carry"
    return f"{signed_out}, and {count(len(after), 'request')} {verb} the session after that all the same."


def _answers(scene: Scene) -> str:
    last = [c.sends[-1] for c in scene.calls]
    bad = [e for e in last if e.unauthorized]
    fine = [e.status for e in last if OK_FROM <= e.status < OK_TO]
    good, ok = len(fine), listed(sorted({str(status) for status in fine})) or "200"
    recovered = sum(c.sends[0].unauthorized and not c.sends[-1].unauthorized for c in scene.calls)
    again = f", {number(recovered)} of them after a retry" if recovered else ""
    if not bad:
        every = f"All {number(good)} are" if good == len(last) > 1 else f"{count(good, 'request').capitalize()}"
        notices = "" if scene.sign_outs else ": the app notices nothing"
        return f"{every} answered {ok}{again}{notices}."
    causes = listed(sorted({CAUSES.get(e.cause or "?", e.cause or "?") for e in bad}))
    over = {"revoked", "not_found"}
    lost = any(e.grant_outcome in over or took_for_theft(e) for e in scene.exchanges)
    end = " The session is lost, and the user has to sign in again." if lost and not scene.sign_outs else ""
    every = "All" if len(bad) == len(last) > 1 else f"{count(good, 'request').capitalize()} answered {ok}{again}, and"
    statuses = listed(sorted({str(e.status) for e in bad if not e.refusal})) or "with a refusal"
    return f"{every} {number(len(bad))} {'are answered ' if every == 'All' else ''}{statuses} ({causes}).{end}"
