"""
The guard of an incident: a pytest file that keeps its mechanism out, made of race401's fixtures.

It runs as it stands: until somebody puts a client of theirs in, it guards race401's own, which is sound.
"""

from collections.abc import Iterator
from textwrap import dedent, fill, indent

from race401.harness.incident.circumstances import Circumstances
from race401.harness.incident.mechanisms.mechanism import Mechanism
from race401.harness.incident.recipes import PARTS, RECIPES, Recipe

WIDE = 100  # characters of a line
ROUNDED_S = 5.0  # an expiry is in whole seconds, and a slow machine takes some


def source(mechanism: Mechanism, seen: Circumstances, files: str) -> str | None:
    """Return the guard against a mechanism as it was seen in these files; None: the fixtures do not play it."""
    recipe = RECIPES.get(mechanism.name)
    if recipe is None:
        return None
    parts = [
        _head(mechanism, seen, files),
        _imports(recipe),
        _numbers(seen, recipe),
        "",
        "",
        _block(PARTS[recipe.part]),
    ]
    return "\n".join([*parts, "", "", *_test(mechanism, seen, recipe)]) + "\n"


def _head(mechanism: Mechanism, seen: Circumstances, files: str) -> str:
    told = ", ".join(seen.numbers()) or "the files have no numbers"
    made = (
        f"Made by `race401 diagnose` of {files}. As it was seen: {told}; the rest is as usual. It runs as it "
        "stands; put your own client into `client_of`."
    )
    return f'"""\nKeeps out: {mechanism.title}.\n\n{fill(made, WIDE)}\n"""\n'


def _imports(recipe: Recipe) -> str:
    tabs = ["from race401.harness.tokens.tabs import FileStore"] if recipe.part == "clients over one storage" else []
    lines = [
        "import asyncio",
        *recipe.imports,
        "from dataclasses import replace",
        "",
        "import httpx",
        "import pytest",
        "from race401.harness.tokens import HARDENED, AuthServer, TokenAuth, TokenPair",
        *tabs,
        "",
    ]
    return "\n".join(lines)


def _numbers(seen: Circumstances, recipe: Recipe) -> str:
    how = seen.completed()
    assert how.calls is not None
    assert how.lifetime is not None
    assert how.left is not None
    assert how.behind is not None
    assert how.wait is not None
    left = min(how.left, how.lifetime / 2)
    used = f"{recipe.arm}\n{recipe.scene}\n{recipe.check}\n{recipe.left}"
    margin = "BEHIND / 3" if "BEHIND" in used else f"{max(0.0, left) + ROUNDED_S:g}"
    lines = {
        "CALLS": f"{how.calls}  # at once",
        "LIFE": f"{how.lifetime:g}  # s, of a token",
        "LEFT": f"{left:g}  # s of life that the token has by then",
        "BEHIND": f"{how.behind:g}  # s: the client's clock against the server's",
        "WAIT": f"{how.wait:.0f}  # s, which a 429 asks for",
        "NOTE": '{"text": "a body that has to arrive whole"}',
    }
    numbers = [f"{name} = {line}" for name, line in lines.items() if name in used]
    numbers.append(f"MARGIN = {margin}  # s of life with which the client refreshes")
    numbers.append(f"POLICY = replace(HARDENED, expiry_margin=MARGIN, {recipe.policy}, margin_share=0.0, jitter=0.0)")
    return "\n".join(numbers)


def _test(mechanism: Mechanism, seen: Circumstances, recipe: Recipe) -> Iterator[str]:
    lifetime = seen.completed().lifetime
    storage = ", tmp_path" if recipe.part == "clients over one storage" else ""
    yield f'@pytest.mark.race401(world="{recipe.world}", lifetime={lifetime:g})'
    yield f"def test_{mechanism.name.replace('-', '_')}(race401_server, race401_verdict{storage}):"
    yield f'    """{mechanism.answer}: not with this client."""'
    if recipe.arm:
        yield indent(_block(recipe.arm), "    ")
    yield f"    tokens = race401_server.signed_in(left={recipe.left})"
    yield ""
    yield "    async def incident():"
    yield indent(_block(recipe.scene), "        ")
    yield ""
    yield "    asyncio.run(incident())"
    yield indent(_block(recipe.check), "    ")


def _block(text: str) -> str:
    return dedent(text).strip("\n").rstrip()
