"""The templates speak protocol 2, live through a client that throws, and shadow nothing of their language."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from race401.harness.card.calls import Call, note
from race401.harness.card.course import MESSAGE, environment
from race401.harness.card.driver import Driver
from race401.harness.card.mock import Mock

DRIVERS = Path(__file__).parents[2] / "drivers"
TEMPLATES = ["template.py", "template.mjs", "template.mts"]
STRIPS_TYPES = 22  # the first major version of Node that runs TypeScript as it is
THROWS = {
    ".py": ('"""End the session, if `can` says that you can."""', 'raise RuntimeError("no way out")'),
    ".mjs": ("async signOut() {}", 'async signOut() { throw new Error("no way out"); }'),
    ".mts": ("async signOut() {}", 'async signOut() { throw new Error("no way out"); }'),
}


@pytest.fixture(scope="module")
def mock() -> Iterator[Mock]:
    """A mock with an account."""
    with Mock(()) as running:
        running.clear("rfc9700")
        yield running


def command(path: Path) -> list[str]:
    """What runs a template here."""
    if path.suffix == ".py":
        return [sys.executable, str(path)]
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    if path.suffix == ".mts":
        said = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
        if int(said.strip("v\n").split(".")[0]) < STRIPS_TYPES:
            pytest.skip("this Node does not run TypeScript as it is")
        return [node, "--experimental-strip-types", "--no-warnings", str(path)]
    return [node, str(path)]


@pytest.mark.elsewhere
@pytest.mark.parametrize("template", TEMPLATES)
def test_a_template_drives_its_client_through_all_of_the_protocol(template: str, mock: Mock, tmp_path: Path) -> None:
    """A call that is answered, one that is not found, one with a body; and a sign-out that throws ends nothing.

    Tabs are not written yet: whoever adds them to `can` alone is not credited with one client's races.
    """
    copy = tmp_path / f"my_driver{Path(template).suffix}"
    quiet, loud = THROWS[copy.suffix]
    text = (DRIVERS / template).read_text()
    assert quiet in text
    copy.write_text(text.replace(quiet, loud))
    calls = [
        Call("/contacts?limit=1", must=True, signed_out=False),
        Call("/nowhere", must=True, signed_out=False),
        Call("/messages?caller=1", must=True, signed_out=False, body=MESSAGE),
    ]
    with Driver(command(copy), environment(f"{mock.url}/rfc9700/~me"), tmp_path / "log") as driver:
        hello: dict[str, Any] = json.loads(driver.ask("hello"))
        assert (hello["protocol"], hello["claims"], hello["can"]) == (2, [], [])
        driver.command("sign-in")
        driver.command("begin " + " ".join(map(str, calls)))
        note(driver.ask("end 60"), calls)
        assert [str(call.came_to) for call in calls] == ["200", "404", "201"]
        driver.command("sign-out")
        driver.command("begin /contacts")
        assert driver.ask("tabs 3").startswith("error ")
    assert "no way out" in (tmp_path / "log").read_text()


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_template_shadows_no_global(template: str) -> None:
    """`URL` is a class of every JavaScript runtime, and a client of yours may need it."""
    declared = set(
        re.findall(r"^(?:const |let |)(\w+)(?:, \w+)* ?(?::[^=]*)?= ", (DRIVERS / template).read_text(), re.MULTILINE)
    )
    assert declared, "the pattern finds what is declared"
    assert declared.isdisjoint(
        {"URL", "Request", "Response", "Headers", "fetch", "process", "console", "name", "input"}
    )
