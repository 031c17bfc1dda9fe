"""
Refresh tokens as Supabase Auth writes them: v1 is chance, v2 says session and counter under a signature.

A v2 token is unpadded base64url of: a zero byte, the session's 16 bytes, the counter as a varint, the first 16
bytes of HMAC-SHA256 over all that, and the first 4 of SHA-256 over all that.
"""

import base64
import hashlib
import hmac
import re
import secrets
import uuid
from dataclasses import dataclass
from typing import TypeGuard

ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"  # v1; GoTrue accepts all digits
V1_LENGTH = 12
V1 = re.compile(r"[a-z0-9]{12}")
BASE64URL = re.compile(r"[A-Za-z0-9_-]+")
SIGNATURE, CHECKSUM = 16, 4  # bytes
SESSION = slice(1, 17)
LARGEST = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Counted:
    """What a v2 token says."""

    session: str
    counter: int
    signature: bytes


def chance() -> str:
    """Return a v1 token."""
    return "".join(secrets.choice(ALPHABET) for _ in range(V1_LENGTH))


def counted(key: bytes, session: str, counter: int) -> str:
    """Return the v2 token of this session's counter: always the same bytes."""
    payload = b"\0" + uuid.UUID(session).bytes + _varint(counter)
    signed = payload + _signature(key, payload)
    return base64.urlsafe_b64encode(signed + _checksum(signed)).rstrip(b"=").decode()


def parse(token: str) -> Counted | None:
    """Return what a v2 token says, whoever signed it; None if it is none."""
    if not BASE64URL.fullmatch(token) or len(token) % 4 == 1:
        return None
    raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    signed, checksum = raw[:-CHECKSUM], raw[-CHECKSUM:]
    payload, signature = signed[:-SIGNATURE], signed[-SIGNATURE:]
    if len(payload) < SESSION.stop + 1 or payload[0] or not hmac.compare_digest(_checksum(signed), checksum):
        return None
    counter = _unvarint(payload[SESSION.stop :])
    return None if counter is None else Counted(str(uuid.UUID(bytes=payload[SESSION])), counter, signature)


def genuine(key: bytes, token: Counted) -> bool:
    """Return whether this key signed it."""
    payload = b"\0" + uuid.UUID(token.session).bytes + _varint(token.counter)
    return hmac.compare_digest(_signature(key, payload), token.signature)


def well_formed(token: object) -> TypeGuard[str]:
    """Return whether GoTrue would look for it at all: v1 by its form, anything longer as v2."""
    if not isinstance(token, str) or len(token) < V1_LENGTH:
        return False
    return bool(V1.fullmatch(token)) if len(token) == V1_LENGTH else parse(token) is not None


def _signature(key: bytes, payload: bytes) -> bytes:
    return hmac.digest(key, payload, hashlib.sha256)[:SIGNATURE]


def _checksum(signed: bytes) -> bytes:
    return hashlib.sha256(signed).digest()[:CHECKSUM]


def _varint(number: int) -> bytes:
    """Return seven bits a byte, the lowest first, the eighth saying that more follow."""
    out = bytearray()
    while number > 0x7F:  # noqa: PLR2004 - seven bits
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def _unvarint(raw: bytes) -> int | None:
    """Return the number that fills all of `raw`; None if none does."""
    if len(raw) > len(_varint(LARGEST)) or any(byte < 0x80 for byte in raw[:-1]) or raw[-1] > 0x7F:  # noqa: PLR2004
        return None
    number = sum((byte & 0x7F) << 7 * place for place, byte in enumerate(raw))
    return number if number <= LARGEST else None
