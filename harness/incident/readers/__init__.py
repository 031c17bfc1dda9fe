"""The kinds of files that can be read, told apart by what they hold."""

from race401.harness.incident.readers import har
from race401.harness.incident.readers.opening import Opened
from race401.harness.incident.readers.reader import Kind, ReadingError

KINDS: tuple[Kind, ...] = (har.KIND,)


def kind_of(opened: Opened) -> Kind:
    """Return what kind a file is of. Raises ReadingError, which names the kinds."""
    for kind in KINDS:
        if kind.fits(opened.beginning):
            return kind
    raise ReadingError(f"{opened.path}: {'it is empty' if not opened.beginning else 'of no known kind'}")
