"""The key under which a command keeps fingerprints: of the file that the user names, or of this process alone."""

from pathlib import Path

from race401.harness.commands.errors import CommandError
from race401.ledger.fingerprints import Fingerprints, KeyFileError, kept


def keyed(path: Path | None) -> Fingerprints:
    """Return the fingerprints of `--key-file`; without one, of a key that dies with the process."""
    if path is None:
        return Fingerprints()
    try:
        return kept(path)
    except OSError as error:
        raise CommandError(f"--key-file {path}: {error.strerror}") from None
    except KeyFileError as error:
        raise CommandError(f"--key-file {error}") from None
