"""The way on from a diagnosis: what plays the same mechanism here, and what it takes to see it."""

from collections.abc import Sequence
from dataclasses import dataclass

from race401.harness.incident.diagnosis import Diagnosis
from race401.harness.incident.mechanisms.mechanism import Mechanism, Sign

DRIVER = "-- YOUR_DRIVER"  # of docs/your-client.md


@dataclass(frozen=True, slots=True)
class Way:
    """
    How a mechanism is played here.

    `world`: the rules of a server that lets it happen; `race`: of the score card, in which one's own client meets it;
    `plays`: a command that shows it by race401's client, if one does. What has no race needs servers that the mock
    is not (a redirect, two origins): one's own are recorded.
    """

    world: str = ""
    race: str = ""
    plays: str = ""


RECORD = [
    ("records it between your client and your servers", "race401 proxy --target https://API --target https://OTHER"),
    ("shows it in what was recorded", "race401 diagnose traffic.jsonl"),
]
EXPIRY = "concurrent-expiry"
WAYS: dict[str, Way] = {
    "lost-answer": Way("supabase", "lost-answer", "explore --policy fixed --world supabase --lose 1"),
    "reuse-revoked": Way("rfc9700", EXPIRY, "burst --policies pre-fix --conditions rfc9700"),
    "losers-clean-up": Way("rotate-strict", "losers-clean-up"),
    "reuse-refused": Way("rotate-strict", EXPIRY, "explore --policy pre-fix --world rotate-strict"),
    "sign-out-undone": Way("supabase", "sign-out", "explore --policy fixed --world supabase --sign-out"),
    "clock-skew": Way("supabase", "clock-behind", "burst --policies pre-fix --conditions slow-clock"),
    "key-change": Way("supabase", "concurrent-401s", "explore --policy fixed --world supabase --refuse"),
    "header-lost": Way(),
    "body-lost": Way("rfc9700", "post-after-401"),
    "two-origins": Way(),
    "ended-by-refresh": Way("oauth2-server", "old-token-dies"),
    "stale-copy": Way("supabase", "three-tabs", "explore --policy fixed --world rfc9700 --tabs 2 --callers 1"),
    "late-401": Way("supabase", "late-401", "explore --policy fixed --world supabase --refuse"),
    "refresh-every-call": Way("supabase", "short-lifetime"),
    "sign-in-stampede": Way("no-rotation", EXPIRY),
    "rate-limit-storm": Way("supabase", "rate-limited"),
    "reuse-forgiven": Way("supabase", EXPIRY, "burst --policies pre-fix --conditions supabase"),
    "missing-token": Way("rfc9700", EXPIRY, "burst --policies pre-fix --conditions rfc9700"),
}


def commands(name: str) -> list[tuple[str, str]]:
    """Return what to run, and what each is for: ours shows the mechanism, and one's own client meets it."""
    way = WAYS[name]
    if not way.race:
        return RECORD
    ours = [("plays it with race401's own client", f"race401 {way.plays}")] if way.plays else []
    yours = f"race401 card --race {way.race} --world {way.world} {DRIVER}"
    return [*ours, ("asks your client", yours)]


FILES = (
    ("writes a test that keeps it out", "race401 diagnose FILE... --guard DIR"),
    ("writes a locustfile that plays it", "race401 diagnose FILE... --scenario DIR"),
)
"""What hands over files of it, and what each is for."""


def worth_playing(diagnosis: Diagnosis) -> Sequence[tuple[Mechanism, Sign]]:
    """Return what is shown; where nothing is, what fits."""
    return diagnosis.standing("shown") or diagnosis.standing("consistent")
