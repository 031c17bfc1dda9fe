"""
Notes every token, key and password of a process at its creation; Python imports this first, off PYTHONPATH.

CAUGHT names the file that they go to, one a line, as JSON. PRINTED names the file that gets what the process prints,
and REMOVED the folder for the files that it removes: those are searched as well. PLANTED=1 switches masking off, so
that the tests' search is shown to find what it looks for.
"""

import fcntl
import importlib.abc
import importlib.machinery
import json
import os
import sys
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any


def appended(path: str) -> int:
    """A file to append to, never in the place of a standard stream that is closed."""
    opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    kept = fcntl.fcntl(opened, fcntl.F_DUPFD_CLOEXEC, 3)
    os.close(opened)
    return kept


CAUGHT, PRINTED, REMOVED = appended(os.environ["CAUGHT"]), appended(os.environ["PRINTED"]), os.environ["REMOVED"]
NOTED: set[str] = set()


def write(file: int, said: bytes) -> None:
    """Append it; a process whose files a test keeps small goes on without."""
    with suppress(OSError):
        os.write(file, said)


def note(secret: str) -> None:
    """Write it down, once."""
    if secret and secret not in NOTED:
        NOTED.add(secret)
        write(CAUGHT, json.dumps(secret).encode() + b"\n")


def returned(owner: Any, name: str, read: Callable[[Any], Sequence[str]] = lambda made: (made,)) -> None:
    """Note what a function returns."""
    make = getattr(owner, name)

    def noting(*args: Any, **more: Any) -> Any:
        made = make(*args, **more)
        for secret in read(made):
            note(secret)
        return made

    setattr(owner, name, noting)


def taken(owner: Any, name: str) -> None:
    """Note the last argument of a function."""
    take = getattr(owner, name)

    def noting(*args: Any) -> Any:
        note(args[-1])
        return take(*args)

    setattr(owner, name, noting)


def printed(stream: Any) -> None:
    """Write down what a stream is given, too: what a test captures is not in what its run prints."""
    told = stream.write

    def noting(*args: Any) -> Any:
        write(PRINTED, args[-1].encode(errors="surrogatepass"))
        return told(*args)

    stream.write = noting


def removed(event: str, args: tuple[Any, ...]) -> None:
    """Keep a file that is removed, by a second link."""
    if event == "os.remove":
        path, folder = args
        with suppress(OSError):
            name = f"{uuid.uuid4()}-{Path(os.fsdecode(path)).name}"
            os.link(path, f"{REMOVED}/{name}", src_dir_fd=None if folder == -1 else folder, follow_symlinks=False)


def _private(keys: Any) -> list[str]:
    told = [key.as_dict(private=True) for key in keys]
    return [jwk[part] for jwk in told for part in ("k", "d") if part in jwk]


def _jwt(module: ModuleType) -> None:
    returned(module.Keys, "sign")


def _refresh_tokens(module: ModuleType) -> None:
    returned(module, "chance")
    returned(module, "counted")


def _keys(module: ModuleType) -> None:
    returned(module, "generated", _private)
    taken(module, "from_secret")


def _accounts(module: ModuleType) -> None:
    taken(module, "digest")


def _fingerprints(module: ModuleType) -> None:
    begin = module.Fingerprints.__init__

    def noting(self: Any, *args: Any) -> None:
        begin(self, *args)
        note(self.key.hex())

    module.Fingerprints.__init__ = noting


def _capturing(module: ModuleType) -> None:
    printed(module.EncodedFile)
    printed(module.CaptureIO)


def _masking(module: ModuleType) -> None:
    if os.environ.get("PLANTED"):
        module.Masking.mask = lambda *_: None


HOOKS = {
    "_pytest.capture": _capturing,
    "race401.mock_api.signing.jwt": _jwt,
    "race401.mock_api.rules.refresh_tokens": _refresh_tokens,
    "race401.mock_api.signing.keys": _keys,
    "race401.mock_api.state.accounts": _accounts,
    "race401.ledger.fingerprints": _fingerprints,
    "race401.ledger.masking": _masking,
}


class Hooked(importlib.abc.MetaPathFinder):
    """Runs a module's hook once the module has run."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Find it as ever."""
        hook = HOOKS.get(name)
        spec = importlib.machinery.PathFinder.find_spec(name, path, target) if hook is not None else None
        if hook is not None and spec is not None and spec.loader is not None:
            run = spec.loader.exec_module

            def then_hook(module: ModuleType) -> None:
                run(module)
                hook(module)

            spec.loader.exec_module = then_hook  # type: ignore[method-assign]
        return spec


sys.meta_path.insert(0, Hooked())
sys.addaudithook(removed)
for standard in (sys.stdout, sys.stderr):
    if standard is not None:
        printed(standard)
