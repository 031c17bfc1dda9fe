"""
The server rotates the token, and its answer is lost: `locust -f scenarios/lost_answer.py`.

Hypothesis: the client can only send the old refresh token again. A server with a reuse interval forgives that, and
whoever tries again, or goes on with the token that still lives, shows the app nothing. Where reuse revokes the
session no client can help, and none is judged for it.

Verdicts: pre-fix FAIL (it does not try again), fixed PASS, hardened PASS.
"""

from race401.harness.judge.expectation import Expectation
from race401.scenarios.conditions import CLEAN, Condition, by_name
from race401.scenarios.scenario import Scenario
from race401.scenarios.stage import stage
from race401.scenarios.visitor import Visitor

COSTS = CLEAN.but(exchanges_per_generation="any", refreshes="any")
PROGRAM = {
    "name": "lost-answer",
    "fault": [{"kind": "cut", "where": "answer", "which": {"request": "exchange"}, "times": 1}],
}

stage(
    Scenario(
        "lost-answer",
        by_name(
            Condition(
                "forgiving",
                "supabase",
                "the parent of the active token is accepted: the client can try again",
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
    ),
    globals(),
    Visitor,
)
