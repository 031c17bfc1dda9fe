"""
The scenario of a mechanism that clients under load do not have: a script with a small client that does.

It plays what the mechanism's guard plays, with the numbers that were seen, and keeps the ledger.
"""

import re
from textwrap import fill, indent

from race401.harness.incident import guard
from race401.harness.incident.circumstances import Circumstances
from race401.harness.incident.mechanisms.mechanism import Mechanism

YOURS = re.compile(r'"""Your client.*"""')
OURS = '"""race401\'s own client, by a policy that has the mechanism."""'


def source(mechanism: Mechanism, seen: Circumstances, files: str) -> str:
    """Return the script of a mechanism as it was seen in these files."""
    recipe, naive = mechanism.guard, mechanism.naive
    told = ", ".join(seen.numbers()) or "the files have no numbers"
    made = f"Made by `race401 diagnose` of {files}. As it was seen: {told}; the rest is as usual."
    title = mechanism.title[:1].upper() + mechanism.title[1:]
    storage = "tmp_path" if "tmp_path" in recipe.scene else "_tmp_path"
    lifetime = seen.completed().lifetime
    origins = f", origins={recipe.origins}" if recipe.origins else ""
    pieces = guard.client(recipe, seen, naive.policy, naive.code)
    pieces = [YOURS.sub(OURS, piece) for piece in pieces]
    pieces[0] = pieces[0].replace("import pytest\n", "from race401.harness.fixtures.playing import play\n")
    return "\n".join(
        [
            f'"""\n{title}: `python` this file.\n\n{fill(made, guard.WIDE)}\n"""\n',
            *pieces,
            f"def incident(race401_server, {storage}):",
            f'    """{mechanism.answer}."""',
            *([indent(guard.block(recipe.arm), "    ")] if recipe.arm else []),
            guard.tokens(recipe),
            "    async def calls():",
            indent(guard.block(recipe.scene), "        "),
            "",
            "    asyncio.run(calls())",
            "",
            "",
            'if __name__ == "__main__":',
            f'    play(incident, __file__, world="{recipe.world}", lifetime={lifetime:g}{origins})',
            "",
        ]
    )
