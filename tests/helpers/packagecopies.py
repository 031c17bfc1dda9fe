"""The package's source in a place of its own, to be changed and run there."""

import os
import shutil
import subprocess
import sys
from difflib import ndiff
from pathlib import Path

from actions import ROOT


class Copy:
    """The package's source in another folder, to be changed and run."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.package = folder, folder / "race401"
        self.package.mkdir(parents=True)
        for room in (each.name for each in (ROOT / "src/race401").iterdir() if each.is_dir()):
            (self.package / room).symlink_to(ROOT / room)

    def _changing(self, path: str) -> Path:
        """Return a file that may be changed: the folders on its way are the copy's own, and link to all else."""
        folder = self.package
        for name in Path(path).parts[:-1]:
            folder /= name
            if folder.is_symlink():
                there = folder.readlink()
                folder.unlink()
                folder.mkdir()
                for each in there.iterdir():
                    if each.name == "__pycache__":  # what is compiled from what is changed is the copy's own, too
                        shutil.copytree(each, folder / each.name)
                    else:
                        (folder / each.name).symlink_to(each)
        return folder / Path(path).name

    def insert(self, path: str, before: str, text: str) -> None:
        """Put a text before another, which stands in the file once."""
        file = self._changing(path)
        source = file.read_text()
        assert source.count(before) == 1
        file.unlink()
        file.write_text(source.replace(before, text + before))

    def add(self, path: str, text: str) -> None:
        """Write a file that was not there."""
        file = self._changing(path)
        assert not file.exists()
        file.write_text(text)

    def touched(self) -> dict[str, int]:
        """How many lines of each file are not as they were."""
        found = {}
        own = (each for each in self.package.rglob("*") if each.is_file() and not each.is_symlink())
        for file in (each for each in own if each.suffix != ".pyc"):
            path = file.relative_to(self.package)
            before = (ROOT / path).read_text().splitlines() if (ROOT / path).exists() else []
            after = file.read_text().splitlines()
            found[str(path)] = sum(line[:2] in {"+ ", "- "} for line in ndiff(before, after))
        return found

    def python(self, *words: str, code: int = 0) -> str:
        """Run Python with these words over the copy; return what it printed."""
        env = {**os.environ, "PYTHONPATH": str(self.folder), "COLUMNS": "150"}
        done = subprocess.run(
            [sys.executable, *words], capture_output=True, text=True, env=env, cwd=self.folder, check=False
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    def race401(self, *words: str, code: int = 0) -> str:
        """Run the command."""
        return self.python("-m", "race401.harness", *words, code=code)
