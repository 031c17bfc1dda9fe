"""TOML files as people write them: read whole, or refused in one line, whoever wanted them."""

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any


def tables(path: Path, refusal: Callable[[str], Exception]) -> dict[str, Any]:
    """Return what the file says; raises what `refusal` makes of the line that says why it cannot be read."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise refusal(f"{path}: {error.strerror}") from None
    except ValueError as error:  # no TOML, or no UTF-8
        raise refusal(f"{path}: not TOML: {error}") from None
