"""
Three tabs share one session: `locust -f scenarios/tabs.py`.

Hypothesis: what one tab's manager shares among its callers it does not share with the other tabs' managers. Each
refreshes on its own, which is needless where it is forgiven, and the end of the session where it is theft.

Verdicts: pre-fix FAIL, fixed FAIL (each tab has a flight of its own), hardened PASS (one lock for all, and the
store is read again under it).
"""

from race401.harness.load.conditions import NOTHING_WRONG, Condition, Expectation, by_name
from race401.harness.load.scenario import Load, Scenario
from race401.harness.load.stage import stage

SOUND = NOTHING_WRONG.but(refreshes="any")
NEEDLESS = Expectation("none", "several")
THEFT = Expectation("some", "several", sessions_lost="some", cause="missing_token")
STOLEN = Expectation("any", "several", sessions_lost="some")

SCENARIO = Scenario(
    "tabs",
    conditions=by_name(
        Condition(
            "forgiving",
            "supabase",
            "three tabs refresh at once; concurrent reuse is forgiven",
            control=NEEDLESS,
            subject=SOUND,
            known={"fixed": NEEDLESS},
            left=30.0,
            visit=1,
            tabs=3,
        ),
        Condition(
            "strict",
            "rfc9700",
            "three tabs refresh at once; reuse revokes the session",
            control=THEFT,
            subject=SOUND,
            known={"fixed": STOLEN},
            left=30.0,
            visit=1,
            tabs=3,
        ),
    ),
    load=Load(users=18, seconds=10),
)

stage(SCENARIO, globals())
