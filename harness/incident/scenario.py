"""
The scenario of an incident: a locustfile that plays its mechanism, by the clients that have it and those that don't.

What is played is one condition: the world, what a token has left, and what happens there, as it was seen. A mechanism
that none of race401's clients has under load is played by a script: see there.
"""

from dataclasses import dataclass
from textwrap import dedent, fill, indent

from race401.harness.incident import script
from race401.harness.incident.circumstances import Circumstances
from race401.harness.incident.mechanisms.mechanism import Mechanism

WIDE = 100  # characters of a line
ROUNDED_S = 5.0  # an expiry is in whole seconds, and a slow machine takes some


@dataclass(frozen=True, kw_only=True, slots=True)
class Play:
    """How a mechanism is played. `control`: the client that has it, and what it shows; the others show `subject`."""

    world: str
    about: str
    control: str
    policies: str = "pre-fix:expiry_margin={margin:g},fixed:expiry_margin={margin:g},hardened"
    subject: str = "NOTHING_WRONG.but(refreshes='any')"
    more: str = "left={left:g},\nvisit=1,"  # of the condition
    verdicts: str = "the first client FAIL, the others PASS"


LOSES = 'Expectation("some", "several", sessions_lost="{lost}", cause="missing_token")'
ANY = 'Expectation("any", "any", sessions_lost="any")'
PLAYS: dict[str, Play] = {
    "reuse-forgiven": Play(
        world="supabase",
        about="refreshes at once spend one token, and the server forgives",
        control='Expectation("none", "several")',
    ),
    "reuse-refused": Play(
        world="rotate-strict",
        about="refreshes at once spend one token, and all but the first are refused",
        control=LOSES.format(lost="any"),
    ),
    "reuse-revoked": Play(
        world="rfc9700",
        about="refreshes at once spend one token, and the server ends the session",
        control=LOSES.format(lost="some"),
    ),
    "missing-token": Play(
        world="rfc9700",
        about="a refresh is refused, and requests leave without a token",
        control=LOSES.format(lost="some"),
    ),
    "clock-skew": Play(
        world="supabase",
        about="the device's clock is behind: tokens expire before the client thinks so",
        control='Expectation("some", "any", cause="expired")',
        policies="pre-fix:expiry_margin={skew_margin:g},fixed:expiry_margin={skew_margin:g},hardened",
        more='skew=-{behind:g},\nat_expiry=True,\ncovers=("expiry",),',
    ),
    "lost-answer": Play(
        world="supabase",
        about="the server rotates, its answer is lost, and the old token is all that the client has",
        control='Expectation("some", "any", cause="missing_token")',
        subject='NOTHING_WRONG.but(exchanges_per_generation="any", refreshes="any")',
        more="""
            left={left:g},
            visit=2,
            program={{
                "name": "lost-answer",
                "fault": [{{"kind": "cut", "where": "answer", "which": {{"request": "exchange"}}, "times": 1}}],
            }},
            covers=("lost-answer",),
            """,
    ),
    "late-401": Play(
        world="supabase",
        about="two requests are refused, and the second 401 arrives after the first request was retried with success",
        policies="fixed,hardened",
        control='NOTHING_WRONG.but(refreshes="any", needless_exchanges="some")',
        subject='NOTHING_WRONG.but(refreshes="any", needless_exchanges="none")',
        more="""
            left={half:g},
            visit=1,
            program={{
                "name": "late-401",
                "fault": [{{"kind": "refuse"}}],
                "hold": [
                    {{"which": REFUSED, "until": {{**REFUSED, "at": "answer", "count": 2}}, "or_after_s": 1.0}},
                    {{
                        "which": {{**REFUSED, "nth": 2}},
                        "until": {{"request": "resource", "status": 200}},
                        "settle_s": 0.1,
                        "or_after_s": 1.0,
                    }},
                ],
            }},
            covers=("two-401s-one-token",),
            """,
    ),
    "sign-out-undone": Play(
        world="supabase",
        about="a refresh is answered after the sign-out was",
        control='Expectation("any", "any", sessions_lost="any", after_sign_out="some")',
        policies="fixed:expiry_margin={margin:g},hardened",
        subject=ANY,
        more="""
            left={left:g},
            visit=2,
            program={{
                "name": "sign-out-during-refresh",
                "hold": [
                    {{
                        "which": {{"request": "exchange", "nth": 1}},
                        "until": {{"request": "sign_out"}},
                        "settle_s": 0.1,
                    }}
                ],
            }},
            happens="sign-out",
            covers=("refresh-during-sign-out",),
            """,
    ),
    "refresh-every-call": Play(
        world="supabase",
        about="the margin is wider than a token's life: each call refreshes",
        control='Expectation("none", "any", refreshes_in_a_row="some")',
        policies="fixed:expiry_margin={wider:g},hardened",
        subject='NOTHING_WRONG.but(refreshes="any", refreshes_in_a_row="none")',
        more="left={left:g},",
    ),
    "rate-limit-storm": Play(
        world="supabase",
        about="the token endpoint limits the rate while the access token is still valid",
        control='Expectation("some", "any", cause="missing_token")',
        policies="pre-fix:expiry_margin={margin:g},hardened",
        subject='NOTHING_WRONG.but(exchanges_per_generation="any", refreshes="any")',
        more="""
            left={left:g},
            visit=2,
            faults=(
                {{"kind": "status", "status": 429, "retry_after_s": {wait:.0f}, "which": {{"request": "exchange"}}}},
            ),
            covers=("failed-refresh",),
            """,
    ),
    "ended-by-refresh": Play(
        world="oauth2-server",
        about="a refresh ends the access token that calls carry which left before it",
        control='Expectation("some", "any", cause="ended_by_refresh")',
        policies=(
            "hardened:retry_on_401=false+expiry_margin={margin:g}+mandatory_margin=0+margin_share=0,"
            "hardened:expiry_margin={margin:g}+mandatory_margin=0+margin_share=0"
        ),
        more="""
            left={left:g},
            visit=1,
            program={{
                "name": "ended-by-refresh",
                "hold": [
                    {{
                        "which": {{"request": "resource", "nth": 2}},
                        "at": "arrive",
                        "until": {{"request": "exchange", "at": "answer"}},
                        "or_after_s": 1.0,
                    }}
                ],
            }},
            """,
    ),
}
"""By name of the mechanism; what is not here is played by a script."""


def runs(name: str) -> str:
    """Return what runs the file of a mechanism."""
    return "locust -f FILE --headless -u 9 -r 9 -t 10s" if name in PLAYS else "python FILE"


def source(mechanism: Mechanism, seen: Circumstances, files: str) -> str:
    """Return the locustfile of a mechanism as it was seen in these files, or else the script that plays it."""
    play = PLAYS.get(mechanism.name)
    if play is None:
        return script.source(mechanism, seen, files)
    how = seen.completed()
    assert how.lifetime is not None
    assert how.left is not None
    assert how.behind is not None
    assert how.wait is not None
    left = min(how.left, how.lifetime / 2)
    numbers = {
        "left": left,
        "margin": max(0.0, left) + ROUNDED_S,
        "half": how.lifetime / 2,
        "wider": 2 * how.lifetime,
        "behind": how.behind,
        "skew_margin": how.behind / 3,
        "wait": how.wait,
    }
    told = ", ".join(seen.numbers()) or "the files have no numbers"
    made = f"Made by `race401 diagnose` of {files}. As it was seen: {told}; the rest is as usual."
    more = indent(dedent(play.more).strip("\n").rstrip().format(**numbers), " " * 12)
    refused = 'REFUSED = {"request": "resource", "status": 401}\n\n' if "REFUSED" in play.more else ""
    return "\n".join(
        [
            f'"""\n{mechanism.title[:1].upper()}{mechanism.title[1:]}: `locust -f` this file.\n',
            fill(made, WIDE),
            "",
            fill(f"Hypothesis: {play.about}.", WIDE),
            f'\nVerdicts: {play.verdicts}.\n"""\n',
            "from race401.harness.load.conditions import NOTHING_WRONG, Condition, Expectation, by_name",
            "from race401.harness.load.scenario import Load, Scenario",
            "from race401.harness.load.stage import stage\n",
            f"{refused}SCENARIO = Scenario(",
            f'    "{mechanism.name}",',
            "    conditions=by_name(",
            "        Condition(",
            '            "as-seen",',
            f'            "{play.world}",',
            f'            "{play.about}",',
            f"            control={play.control},",
            f"            subject={play.subject},",
            more,
            "        ),",
            "    ),",
            f'    policies="{play.policies.format(**numbers)}",',
            f'    mock=("--lifetime", "{how.lifetime:g}"),',
            "    load=Load(users=9, seconds=10),",
            ")",
            "",
            "stage(SCENARIO, globals())",
            "",
        ]
    )
