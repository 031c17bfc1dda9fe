"""
The session is ended on another device: `locust -f scenarios/revoked.py`.

Hypothesis: nobody can save the session; what a client can do is to take no for an answer. Who asks again for each
request, or once more for each 401, sends the auth server a refresh token that it has refused.

Verdicts: pre-fix FAIL, fixed FAIL (each 401 makes it ask again), hardened PASS.
"""

from race401.harness.load.conditions import Condition, Expectation, by_name
from race401.harness.load.scenario import Load, Scenario
from race401.harness.load.stage import stage

ONCE = Expectation("any", "one", sessions_lost="any")

SCENARIO = Scenario(
    "revoked",
    conditions=by_name(
        Condition(
            "revoked",
            "supabase",
            "the session is ended elsewhere, and its token comes within the margin",
            control=Expectation("some", "several", sessions_lost="some", cause="missing_token"),
            subject=ONCE,
            known={"fixed": ONCE.but(exchanges_per_generation="several")},
            left=30.0,
            visit=2,
            happens="ended-elsewhere",
        ),
    ),
    load=Load(users=9, seconds=10),
)

stage(SCENARIO, globals())
