"""
Masking: what is written of a request holds no secret, and the same secret is masked the same.

A secret is known because the text shows it (`visible`), or because whoever records has seen it. Not known is one
that nothing shows and that was never seen, or was seen before the newest SEEN.
"""

import re
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping

from race401.ledger.entry import Entry
from race401.ledger.fingerprints import Fingerprints
from race401.ledger.visible import JWT, Visible, decoded

SEEN = 10_000  # secrets and parts of them that are known by value, at about 300 bytes each
SHORTEST, LONGEST = 12, 4_096  # characters of those; GoTrue's refresh tokens have 12, and a word is often shorter
CLEAN_TEXTS_KEPT = 2_048  # texts that are not looked at again, at about 500 bytes each
REMEMBERED = 1_024  # characters of the longest of those, and of what is written of a text that is longer

RUN = re.compile(rf"[\w-]{{{SHORTEST},}}", re.ASCII)
PART = re.compile(r"[/?&=;#,|]")


class Masking:
    """By these fingerprints."""

    def __init__(self, fingerprints: Fingerprints) -> None:
        self._fingerprint, visible = fingerprints.fingerprint, Visible(fingerprints.fingerprint)
        self._seen: OrderedDict[str, str] = OrderedDict()  # fingerprint by a secret or a part of it, the oldest first
        self._targets = Clean(visible.target)
        self._names = Clean(visible.text)
        self._clean_targets, self._clean_names = (
            self._targets.texts,
            self._names.texts,
        )  # they cost each entry less so

    def see(self, secret: str) -> None:
        """Remember that this is a secret."""
        if not SHORTEST <= len(secret) <= LONGEST:
            return
        runs = RUN.findall(secret)
        own = JWT.match(secret) is not None and runs[1:]  # its header is that of many; a whole one shows itself
        for part in own or (secret, *runs):
            if part in self._seen:
                continue
            self._seen[part] = self._fingerprint(secret)
            self._targets.doubt(part)
            self._names.doubt(part)
        while len(self._seen) > SEEN:
            self._seen.popitem(last=False)

    def mask(self, entry: Entry) -> None:
        """Mask what the client chose to say in it."""
        target, client, attempt = entry.target, entry.client, entry.attempt
        if target not in self._clean_targets:
            entry.target = self._cut(self._targets.mask(target, self._seen))
        if client is not None and client not in self._clean_names:
            entry.client = self._cut(self._names.mask(client, self._seen))
        if attempt is not None and (not client or client not in self._clean_names or not _numbered(client, attempt)):
            entry.attempt = self._cut(self._names.mask(attempt, self._seen))

    def _cut(self, masked: str) -> str:
        """Keep no more of a text than anybody reads, and its fingerprint: a ledger is bounded in bytes too."""
        return masked if len(masked) <= REMEMBERED else f"{masked[:REMEMBERED]}...{self._fingerprint(masked)}"


class Clean:
    """Texts that hold no secret, as far as is known: most come again and again, and are then not looked at again."""

    def __init__(self, look: Callable[[str], str]) -> None:
        self.texts: set[str] = set()
        self._look = look
        self._holding: dict[str, list[str]] = {}  # those that hold such a part, which may yet be seen to be a secret

    def mask(self, text: str, seen: Mapping[str, str]) -> str:
        """Return it masked; remember it if it was clean."""
        masked, holds = self._look(text), dict[str, str]()
        for literal in PART.split(masked):
            plain = decoded(literal)
            holds |= {part: part if part in masked else literal for part in (plain, *RUN.findall(plain))}
        for part, literal in holds.items():
            if part in seen:
                masked = masked.replace(literal, seen[part])
        if masked == text and len(text) <= REMEMBERED:
            self._remember(text, holds)
        return masked

    def doubt(self, part: str) -> None:
        """Look again at texts that hold this."""
        self.texts.difference_update(self._holding.pop(part, ()))

    def _remember(self, text: str, holds: Iterable[str]) -> None:
        if len(self.texts) >= CLEAN_TEXTS_KEPT:
            self.texts.clear()
            self._holding.clear()
        self.texts.add(text)
        for part in holds:
            if len(part) >= SHORTEST:
                self._holding.setdefault(part, []).append(text)


def _numbered(client: str, attempt: str) -> bool:
    """Tell whether the attempt is its client's, as in `NAME#3.1`: most are, and none comes twice."""
    named, _, number = attempt.rpartition("#")
    return named == client and number.replace(".", "").isdigit()
