"""What was seen: the answer to each step, and the trials of a sequence. Tokens appear as fingerprints alone."""

from typing import Literal, TypeAlias

import msgspec

from race401.ledger.visible import anonymous

UNTRUSTED = "CERTIFICATE_VERIFY_FAILED"  # as OpenSSL says it
What: TypeAlias = Literal["granted", "refused", "unknown", "unheard", "skipped"]


class Answer(msgspec.Struct, frozen=True, omit_defaults=True):
    """The answer to one step."""

    what: What  # unheard: the answer was lost; skipped: there was nothing to present, or nobody to ask
    presented: str = ""  # fingerprint of the token that was sent
    refresh: str = ""  # fingerprint of the refresh token that the client has then
    access: str = ""  # fingerprint of the access token that came
    status: int = 0
    error: str = ""  # the server's own word, or why nothing is known
    sent: float = 0.0  # s, the probe's monotonic clock: when the request's last byte left
    heard: float = 0.0  # s, likewise: when its answer was there


SKIPPED = Answer("skipped")


class Trial(msgspec.Struct, frozen=True):
    """One session, or two, in one sequence: the answers by the name of their step."""

    sequence: str
    answers: dict[str, Answer]
    delay: float = 0.0  # s that it was told to wait before the use again

    def answer_to(self, name: str) -> Answer:
        """Return the answer to this step."""
        return self.answers.get(name, SKIPPED)

    def unknown(self) -> Answer | None:
        """Return the first answer of which nobody knows what it means."""
        return next((each for each in self.answers.values() if each.what == "unknown"), None)


def place(url: str) -> str:
    """Return an address as it may be shown: without user, password and query, which may be secrets."""
    return anonymous(url.partition("?")[0])


def why(error: Exception) -> str:
    """Return an error in words; where it has none, its name."""
    said = str(error) or type(error).__name__
    return f"{said}; trust an authority of your own by SSL_CERT_FILE=ca.pem" if UNTRUSTED in said else said
