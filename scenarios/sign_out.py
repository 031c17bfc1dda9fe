"""
Somebody signs out while a refresh is under way: `locust -f scenarios/sign_out.py`.

Hypothesis: the answer of the refresh brings the session to life again for whoever writes it back unasked, and the
next page carries a session that its user has ended.

Verdicts: pre-fix FAIL, fixed FAIL (its sign-out does not reach a refresh that is under way), hardened PASS.
"""

from race401.harness.load.conditions import Condition, Expectation, by_name
from race401.harness.load.scenario import Load, Scenario
from race401.harness.load.stage import stage

OUT = Expectation("any", "any", sessions_lost="any")
ALIVE = OUT.but(after_sign_out="some")
PROGRAM = {
    "name": "sign-out-during-refresh",
    "hold": [{"which": {"request": "exchange", "nth": 1}, "until": {"request": "sign_out"}, "settle_s": 0.1}],
}

SCENARIO = Scenario(
    "sign-out",
    conditions=by_name(
        *(
            Condition(
                name,
                world,
                f"a refresh is answered after the sign-out was; {about}",
                control=ALIVE,
                subject=OUT,
                known={"fixed": ALIVE},
                left=30.0,
                visit=2,
                program=PROGRAM,
                happens="sign-out",
                covers=("refresh-during-sign-out",),
            )
            for name, world, about in (
                ("forgiving", "supabase", "concurrent reuse is forgiven"),
                ("strict", "rfc9700", "reuse revokes the session"),
            )
        )
    ),
    load=Load(users=18, seconds=10),
)

stage(SCENARIO, globals())
