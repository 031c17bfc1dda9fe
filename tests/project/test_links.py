"""The links in src/race401: what they lead to, and what `make setup` says where a file system has none."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from actions import ROOT

LINKS = sorted(path for path in (ROOT / "src" / "race401").iterdir() if path.is_symlink())
NO_PYTHON = "no-such-python"  # ends the set-up before it installs anything


def refusal_of(tree: Path) -> str:
    """What `make setup` says in this tree, where it must fail."""
    outside = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}  # not `make test`'s
    given = outside | {"PYTHON": NO_PYTHON}
    done = subprocess.run(["make", "setup"], cwd=tree, env=given, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    return "\n".join(line for line in done.stderr.splitlines() if not line.startswith("make: "))


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """As much of a clone as a set-up looks at, with its links and what they lead to."""
    for name in ("Makefile", "pyproject.toml", "requirements.lock", "requirements-uv.lock"):
        shutil.copy(ROOT / name, tmp_path)
    shutil.copytree(ROOT / "src", tmp_path / "src", symlinks=True)
    for link in LINKS:
        (tmp_path / link.name).mkdir()
    return tmp_path


def test_each_leads_to_the_folder_of_its_name() -> None:
    """Beside them is `py.typed`, a plain file, and no more."""
    assert {str(link.readlink()) for link in LINKS} == {f"../../{link.name}" for link in LINKS}
    assert all(link.is_dir() for link in LINKS)
    assert {path.name for path in (ROOT / "src" / "race401").iterdir()} == {
        "py.typed",
        *(link.name for link in LINKS),
    }


def test_with_links_the_set_up_goes_on(tree: Path) -> None:
    """To what is asked next: a Python. `py.typed` is no link, and need not be."""
    assert f"race401 needs Python 3.11 or newer; {NO_PYTHON} is not." in refusal_of(tree)
    assert "symbolic" not in refusal_of(tree)


@pytest.mark.parametrize("plain", [LINKS, LINKS[-1:]], ids=["all", "one"])
def test_without_links_the_set_up_says_so_in_one_line(tree: Path, plain: list[Path]) -> None:
    """As git writes them with core.symlinks=false: plain files that hold where the links would lead."""
    for link in plain:
        here = tree / "src" / "race401" / link.name
        here.unlink()
        here.write_text(str(link.readlink()))
    assert refusal_of(tree) == (
        f"race401 is developed with symbolic links, and src/race401/{plain[0].name} is none here: clone to a file"
        " system that has them, with core.symlinks on; or only use it: pip install ."
    )
