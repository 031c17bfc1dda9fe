"""
The scenario of an incident: a locustfile that plays its mechanism, by the clients that have it and those that don't.

What is played is one condition: the world, what a token has left, and what happens there, as it was seen. A mechanism
that none of race401's clients has under load is played by a script: see there.
"""

from textwrap import dedent, fill, indent

from race401.harness.incident import script
from race401.harness.incident.circumstances import Circumstances
from race401.harness.incident.mechanisms.mechanism import Mechanism

WIDE = 100  # characters of a line
ROUNDED_S = 5.0  # an expiry is in whole seconds, and a slow machine takes some


def runs(mechanism: Mechanism) -> str:
    """Return what runs the file of a mechanism."""
    return "locust -f FILE --headless -u 9 -r 9 -t 10s" if mechanism.play else "python FILE"


def source(mechanism: Mechanism, seen: Circumstances, files: str) -> str:
    """Return the locustfile of a mechanism as it was seen in these files, or else the script that plays it."""
    if (play := mechanism.play) is None:
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
