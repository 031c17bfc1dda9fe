"""
Many lifetimes: `locust -f scenarios/soak.py --headless -u 6 -r 6 -t 1h`.

Hypothesis: what holds for one refresh holds for hundreds: one exchange for each generation, as many as the lifetimes
call for, every request told alike by server and clients, and no more memory at the end than after warming up. Tokens
live for 126 s, so that a client with a margin of 120 s refreshes every 6 s. Memory is judged in runs of 10 min or
more.

Verdicts: fixed PASS, hardened PASS.
"""

from race401.harness.load.conditions import NOTHING_WRONG, Condition, by_name
from race401.harness.load.scenario import COMPARED, Load, Scenario
from race401.harness.load.stage import stage

SCENARIO = Scenario(
    "soak",
    conditions=by_name(
        Condition("steady", "supabase", "short tokens, refreshed again and again", control=NOTHING_WRONG),
        Condition("strict", "rfc9700", "the same where reuse revokes the session", control=NOTHING_WRONG),
    ),
    policies=COMPARED.removeprefix("pre-fix,"),
    mock=("--lifetime", "126", "--kept", "1000"),
    memory=True,
    load=Load(users=6, seconds=20),
)

stage(SCENARIO, globals())
