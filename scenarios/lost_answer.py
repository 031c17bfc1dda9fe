"""
The server rotates the token, and its answer is lost: `locust -f scenarios/lost_answer.py`.

Hypothesis: the client can only send the old refresh token again. A server with a reuse interval forgives that, and
whoever tries again, or goes on with the token that still lives, shows the app nothing. Where reuse revokes the
session no client can help, and none is judged for it.

Verdicts: pre-fix FAIL (it does not try again), fixed PASS, hardened PASS.
"""

from race401.harness.load.conditions import NOTHING_WRONG, Condition, Expectation, by_name
from race401.harness.load.scenario import Load, Scenario
from race401.harness.load.stage import stage

COSTS = NOTHING_WRONG.but(exchanges_per_generation="any", refreshes="any")
PROGRAM = {
    "name": "lost-answer",
    "fault": [{"kind": "cut", "where": "answer", "which": {"request": "exchange"}, "times": 1}],
}

SCENARIO = Scenario(
    "lost-answer",
    conditions=by_name(
        Condition(
            "forgiving",
            "supabase",
            "the parent of the active token is accepted: the client can retry",
            control=Expectation("some", "any", cause="missing_token"),
            subject=COSTS,
            left=45.0,
            visit=2,
            program=PROGRAM,
            covers=("lost-answer",),
        ),
        Condition(
            "strict",
            "rfc9700",
            "trying again looks like theft: no client can cure it",
            control=Expectation("any", "any", sessions_lost="any"),
            subject=Expectation("any", "any", sessions_lost="any"),
            left=45.0,
            visit=2,
            program=PROGRAM,
            covers=("lost-answer",),
        ),
    ),
    load=Load(users=18, seconds=10),
)

stage(SCENARIO, globals())
