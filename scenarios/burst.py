"""
The main job: `locust -f scenarios/burst.py`.

Hypothesis: five requests that leave at once, with a token that has just come within the margin (or expired),
cost the client before the fix several exchanges of one token, and in some worlds the session; after the fix
they cost one exchange and nothing else. The browsers are split evenly over policies and conditions; everything
that they do is drawn from the seed.

Verdicts: pre-fix FAIL, fixed PASS, hardened PASS.
"""

from race401.harness.load.conditions import NOTHING_WRONG, Condition, Expectation, by_name
from race401.harness.load.scenario import Load, Scenario
from race401.harness.load.stage import stage

SCENARIO = Scenario(
    "burst",
    conditions=by_name(
        Condition(
            "supabase",
            "supabase",
            "the auth server forgives concurrent reuse: no 401, only needless exchanges",
            control=Expectation("none", "several"),
        ),
        Condition(
            "slow-clock",
            "supabase",
            "the device's clock is 90 s behind: the token expires before the client thinks of refreshing it",
            control=Expectation("some", "any", cause="expired"),
            skew=-90.0,
            at_expiry=True,
            covers=("expiry",),
        ),
        Condition(
            "rfc9700",
            "rfc9700",
            "the auth server revokes the token family on reuse: the burst logs the user out",
            control=Expectation("some", "several", sessions_lost="some", cause="missing_token"),
        ),
    ),
    own=Condition(
        "own",
        "",
        "a world of your choice: needless exchanges are expected before the fix, and what else they cost is counted",
        control=Expectation("any", "several", sessions_lost="any"),
    ),
    systems=by_name(
        Condition(
            "system",
            "",
            "a system of your own; the client's clock is set such that its token is due while it is still valid",
            control=Expectation("any", "several", sessions_lost="any"),
            subject=NOTHING_WRONG.but(refreshes="any"),
        ),
        Condition(
            "system-slow-clock",
            "",
            "a system of your own, and a client whose clock is 90 s behind: its token expires, so the run waits",
            control=Expectation("some", "any", sessions_lost="any"),
            subject=NOTHING_WRONG.but(refreshes="any"),
            skew=-90.0,
            at_expiry=True,
            covers=("expiry",),
        ),
    ),
    load=Load(users=27, seconds=12),
)

stage(SCENARIO, globals())
