"""TLS for what listens here: a certificate authority of our own, and what its clients are to be told."""

import contextlib
import os
import ssl
import tempfile
from argparse import ArgumentParser
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from race401.harness.commands.errors import CommandError

if TYPE_CHECKING:
    import trustme

IN_MEMORY = Path()
DAYS = 397  # that a leaf holds: Apple's clients take no more (https://support.apple.com/en-us/102028)
ANY = ("", "0.0.0.0", "::")  # noqa: S104 - addresses that no client says
LOOPBACK = ("localhost", "127.0.0.1", "::1")
KEY, AUTHORITY, BUNDLE = "ca-key.pem", "ca.pem", "ca-and-usual.pem"


@dataclass(frozen=True)
class Tls:
    """What is spoken. `authority`: its certificate in a file; `bundle`: that and those that are trusted usually."""

    context: ssl.SSLContext
    authority: Path
    bundle: Path

    @property
    def trust_lines(self) -> list[str]:
        """The lines that say how clients come to trust it."""
        return [
            "It speaks TLS, by a certificate authority of its own. Clients trust that with",
            f"  SSL_CERT_FILE={self.bundle}  (Python, curl, Go, Ruby)",
            f"  NODE_EXTRA_CA_CERTS={self.authority}",
        ]


def add(parser: ArgumentParser) -> None:
    """Declare the option."""
    parser.add_argument(
        "--tls",
        nargs="?",
        type=Path,
        const=IN_MEMORY,
        metavar="FOLDER",
        help="speak TLS, by a certificate authority that is made anew, or is kept in FOLDER so that it is trusted "
        "once; prints what clients need to trust it",
    )


@contextlib.contextmanager
def spoken(folder: Path | None, host: str) -> Iterator[Tls | None]:
    """Yield what is spoken for as long as it is, or nothing. Raises CommandError where the folder cannot be used."""
    if folder is None:
        yield None
        return
    import trustme  # takes long to import

    with contextlib.ExitStack() as stack:
        kept = folder != IN_MEMORY
        where = folder if kept else Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="race401-tls-")))
        try:
            authority = _authority(where) if kept else trustme.CA(organization_name="race401")
            yield _tls(authority, where, host)
        except OSError as error:
            raise CommandError(f"--tls {folder}: {error.strerror}") from None


def _tls(authority: "trustme.CA", folder: Path, host: str) -> Tls:
    """Make a leaf for this host, and write what clients need."""
    import certifi

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_alpn_protocols(["http/1.1"])
    names = [*LOOPBACK, *([] if host in (*LOOPBACK, *ANY) else [host])]
    leaf = authority.issue_cert(*names, not_after=datetime.now(UTC) + timedelta(days=DAYS))
    leaf.configure_cert(context)
    certificate = authority.cert_pem.bytes()
    _write(folder / AUTHORITY, certificate)
    _write(folder / BUNDLE, Path(certifi.where()).read_bytes() + b"\n" + certificate)
    return Tls(context, folder.resolve() / AUTHORITY, folder.resolve() / BUNDLE)


def _authority(folder: Path) -> "trustme.CA":
    """Return the authority of this folder, which is made (0700, its files 0600) if it is not there."""
    import trustme

    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    key, certificate = folder / KEY, folder / AUTHORITY
    if not key.exists():
        fresh = trustme.CA(organization_name="race401")
        _write(key, fresh.private_key_pem.bytes())
        _write(certificate, fresh.cert_pem.bytes())
        return fresh
    if key.stat().st_mode & 0o077:
        raise CommandError(f"--tls {folder}: others can read {KEY}, and be anybody to your clients; chmod 600 {key}")
    try:
        return trustme.CA.from_pem(certificate.read_bytes(), key.read_bytes())
    except ValueError:
        raise CommandError(
            f"--tls {folder}: {KEY} or {AUTHORITY} is none; empty the folder, and it is made"
        ) from None


def _write(path: Path, content: bytes) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
