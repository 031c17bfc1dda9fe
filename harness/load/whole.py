"""A file that is written whole, or stays as it was."""

import os
from pathlib import Path


def put(path: Path, content: bytes) -> None:
    """Write it; raises OSError, and then leaves no part of it behind."""
    fresh = path.with_name(f".{path.name}.new")
    try:
        fresh.write_bytes(content)
        os.replace(fresh, path)  # noqa: PTH105 - a Path's own says nothing of what was there
    except OSError:
        fresh.unlink(missing_ok=True)
        raise
