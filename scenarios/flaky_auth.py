"""
The auth server is slow, fails or limits the rate: `locust -f scenarios/flaky_auth.py`.

Hypothesis: the access token still lives while it can't be replaced. Who gives it up with the first refresh that
fails shows the app 401s for nothing; who goes on sending it shows none. Where the answer only takes its time,
sharing it is enough.

Verdicts: pre-fix FAIL, fixed FAIL (it sends no token when a refresh fails), hardened PASS.
"""

from race401.harness.load.conditions import NOTHING_WRONG, Condition, Expectation, by_name
from race401.harness.load.scenario import Load, Scenario
from race401.harness.load.stage import stage

SOUND = NOTHING_WRONG.but(exchanges_per_generation="any", refreshes="any")
GIVEN_UP = Expectation("some", "any", cause="missing_token")
EXCHANGE = {"request": "exchange"}
FAILING = {
    "failing": ("the token endpoint is down", {"kind": "status", "status": 503, "which": EXCHANGE}),
    "limited": (
        "the token endpoint limits the rate",
        {"kind": "status", "status": 429, "retry_after_s": 5, "which": EXCHANGE},
    ),
}

SCENARIO = Scenario(
    "flaky-auth",
    conditions=by_name(
        Condition(
            "slow",
            "supabase",
            "the token endpoint answers after a second",
            control=Expectation("none", "several"),
            subject=NOTHING_WRONG.but(refreshes="any"),
            left=45.0,
            visit=2,
            faults=({"kind": "delay", "fixed_s": 1.0, "which": EXCHANGE},),
        ),
        *(
            Condition(
                name,
                "supabase",
                f"{about}, while the access token is still valid",
                control=GIVEN_UP,
                subject=SOUND,
                known={"fixed": GIVEN_UP},
                left=45.0,
                visit=2,
                faults=(fault,),
                covers=("failed-refresh",),
            )
            for name, (about, fault) in FAILING.items()
        ),
    ),
    load=Load(users=27, seconds=12),
)

stage(SCENARIO, globals())
