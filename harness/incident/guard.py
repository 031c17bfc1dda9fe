"""
The guard of an incident: a pytest file that keeps its mechanism out, made of race401's fixtures.

It runs as it stands: until somebody puts a client of theirs in, it guards race401's own, which is sound.
"""

import re
from collections.abc import Iterator
from textwrap import dedent, fill, indent

from race401.harness.incident.circumstances import Circumstances
from race401.harness.incident.mechanisms.mechanism import Mechanism
from race401.harness.incident.mechanisms.ways import Recipe
from race401.harness.incident.parts import PARTS

WIDE = 100  # characters of a line
SOUND = "replace(HARDENED, expiry_margin=MARGIN, {}, margin_share=0.0, jitter=0.0)"
NAMES = ("FIXED", "HARDENED", "PRE_FIX", "AuthServer", "MemoryStore", "TokenAuth", "TokenPair")
ELSEWHERE = {
    "ExchangeFailed": "race401.harness.tokens.model",
    "FileStore": "race401.harness.tokens.tabs",
}  # beside what `race401.harness.tokens` lends
ROUNDED_S = 5.0  # an expiry is in whole seconds, and a slow machine takes some


def source(mechanism: Mechanism, seen: Circumstances, files: str) -> str:
    """Return the guard against a mechanism as it was seen in these files."""
    recipe = mechanism.guard
    parts = [_head(mechanism, seen, files), *client(recipe, seen, SOUND.format(recipe.policy))]
    return "\n".join([*parts, *_test(mechanism, seen, recipe)]) + "\n"


def client(recipe: Recipe, seen: Circumstances, policy: str, code: str = "") -> list[str]:
    """Return the pieces that make a client: what it imports, the numbers of the incident, and `client_of`."""
    made = block(code or PARTS[recipe.part])
    numbers = _numbers(seen, recipe, made)
    lines = [*numbers, f"POLICY = {policy}"] if "POLICY" in made else numbers
    return [_imports(recipe, made + policy), *lines, "", "", made, "", ""]


def tokens(recipe: Recipe) -> str:
    """Return the statement that signs in, where the client does not do so by itself."""
    needed = "tokens" in recipe.scene
    return f"    tokens = race401_server.signed_in(left={recipe.left})\n" if needed else ""


def _head(mechanism: Mechanism, seen: Circumstances, files: str) -> str:
    told = ", ".join(seen.numbers()) or "the files have no numbers"
    made = (
        f"Made by `race401 diagnose` of {files}. As it was seen: {told}; the rest is as usual. It runs as it "
        "stands; put your own client into `client_of`."
    )
    return f'"""\nKeeps out: {mechanism.title}.\n\n{fill(made, WIDE)}\n"""\n'


def _imports(recipe: Recipe, code: str) -> str:
    names = [name for name in NAMES if re.search(rf"\b{name}\b", code)]
    inside = [f"from {where} import {name}" for name, where in ELSEWHERE.items() if re.search(rf"\b{name}\b", code)]
    lines = ["import asyncio", *recipe.imports, *(["from dataclasses import replace"] if "replace(" in code else [])]
    lines += ["", "import httpx", "import pytest"]
    lines += [f"from race401.harness.tokens import {', '.join(names)}"] if names else []
    return "\n".join([*lines, *inside, ""])


def _numbers(seen: Circumstances, recipe: Recipe, code: str) -> list[str]:
    how = seen.completed()
    assert how.calls is not None
    assert how.lifetime is not None
    assert how.left is not None
    assert how.behind is not None
    assert how.wait is not None
    left = min(how.left, how.lifetime / 2)
    used = f"{recipe.arm}\n{recipe.scene}\n{recipe.check}\n{recipe.left if tokens(recipe) else ''}"
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
    return [
        *numbers,
        *([f"MARGIN = {margin}  # s of life with which the client refreshes"] if "POLICY" in code else []),
    ]


def _test(mechanism: Mechanism, seen: Circumstances, recipe: Recipe) -> Iterator[str]:
    lifetime = seen.completed().lifetime
    storage = ", tmp_path" if recipe.part == "clients over one storage" else ""
    yield f'@pytest.mark.race401(world="{recipe.world}", lifetime={lifetime:g})'
    yield f"def test_{mechanism.name.replace('-', '_')}(race401_server, race401_verdict{storage}):"
    yield f'    """{mechanism.answer}: not with this client."""'
    if recipe.arm:
        yield indent(block(recipe.arm), "    ")
    yield tokens(recipe)
    yield "    async def incident():"
    yield indent(block(recipe.scene), "        ")
    yield ""
    yield "    asyncio.run(incident())"
    yield indent(block(recipe.check), "    ")


def block(text: str) -> str:
    """Return lines without what indents all of them, nor empty ones around."""
    return dedent(text).strip("\n").rstrip()
