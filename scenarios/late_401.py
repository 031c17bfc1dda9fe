"""
A key is changed in mid-burst: `locust -f scenarios/late_401.py`.

Hypothesis: two of a page's requests are refused for one token, and the second hears of it only after the first has
been made good. Who refreshes on every 401 spends the new token at once, though nobody had refused it; who compares
what was refused with what he has sends the new one.

Verdicts: pre-fix FAIL (the app sees the 401s), fixed FAIL (it refreshes again), hardened PASS.
"""

from race401.harness.load.conditions import NOTHING_WRONG, Condition, Expectation, by_name
from race401.harness.load.scenario import Load, Scenario
from race401.harness.load.stage import stage

SOUND = NOTHING_WRONG.but(refreshes="any", needless_exchanges="none")
REFUSED = {"request": "resource", "status": 401}
PROGRAM = {
    "name": "late-401",
    "fault": [{"kind": "refuse"}],
    "hold": [
        {  # both are refused before either hears of it
            "which": REFUSED,
            "until": {**REFUSED, "at": "answer", "count": 2},
            "or_after_s": 1.0,
        },
        {  # the second hears of it when the first has been made good, if anybody does that
            "which": {**REFUSED, "nth": 2},
            "until": {"request": "resource", "status": 200},
            "settle_s": 0.1,
            "or_after_s": 1.0,
        },
    ],
}

SCENARIO = Scenario(
    "late-401",
    conditions=by_name(
        Condition(
            "late-401",
            "supabase",
            "a page's requests are refused in mid-burst, and one of them receives its 401 late",
            control=Expectation("some", "any", cause="generation_refused"),
            subject=SOUND,
            known={"fixed": SOUND.but(needless_exchanges="some")},
            left=3600.0,
            visit=1,
            program=PROGRAM,
            covers=("two-401s-one-token",),  # who refreshes sees a late one, too; pre-fix never does
        ),
    ),
    load=Load(users=9, seconds=10),
)

stage(SCENARIO, globals())
