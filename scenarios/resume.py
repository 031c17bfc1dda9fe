"""
A laptop opens after a night: `locust -f scenarios/resume.py`.

Hypothesis: every token expired hours ago and everybody wakes at once. Who refreshes for each request spends one
refresh token five times: needless where that is forgiven, the end of the session where it is taken for theft. On a
device whose clock slept too, every token looks fresh, and only a retry helps.

Verdicts: pre-fix FAIL, fixed PASS, hardened PASS.
"""

from race401.harness.load.conditions import NOTHING_WRONG, Condition, Expectation, by_name
from race401.harness.load.scenario import Load, Scenario
from race401.harness.load.stage import stage

NIGHT = 8 * 3600.0  # s
LOOKS_FRESH = 1800.0  # s that a token had left when the clock stopped
TOGETHER = 2.0  # s from one waking to the next
SOUND = NOTHING_WRONG.but(refreshes="any")

SCENARIO = Scenario(
    "resume",
    conditions=by_name(
        Condition(
            "forgiving",
            "supabase",
            "everybody wakes at once; concurrent reuse is forgiven",
            control=Expectation("none", "several"),
            subject=SOUND,
            left=-NIGHT,
            visit=1,
            in_step=TOGETHER,
        ),
        Condition(
            "strict",
            "rfc9700",
            "everybody wakes at once; reuse revokes the session",
            control=Expectation("some", "several", sessions_lost="some", cause="missing_token"),
            subject=SOUND,
            left=-NIGHT,
            visit=1,
            in_step=TOGETHER,
        ),
        Condition(
            "clock-slept",
            "supabase",
            "the device's clock stood still all night: expired tokens look fresh",
            control=Expectation("some", "any", cause="expired"),
            subject=SOUND,
            left=LOOKS_FRESH - NIGHT,
            skew=-NIGHT,
            visit=1,
            in_step=TOGETHER,
            covers=("expiry",),
        ),
    ),
    load=Load(users=27, seconds=10),
)

stage(SCENARIO, globals())
