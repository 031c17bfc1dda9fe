"""Refresh tokens: the two formats of Supabase Auth, byte by byte."""

import base64
import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from race401.mock_api.rules import refresh_tokens
from race401.mock_api.rules.refresh_tokens import Counted, counted, parse, well_formed

KEY, SESSION = b"k" * 32, "00112233-4455-6677-8899-aabbccddeeff"


def test_a_chance_token() -> None:
    tokens = {refresh_tokens.chance() for _ in range(100)}
    assert len(tokens) == 100
    assert all(len(token) == 12 and set(token) <= set("abcdefghijklmnopqrstuvwxyz234567") for token in tokens)


@pytest.mark.parametrize(
    ("counter", "length", "varint"), [(0, 51, "00"), (127, 51, "7f"), (128, 52, "8001"), (300, 52, "ac02")]
)
def test_a_counted_token_byte_by_byte(counter: int, length: int, varint: str) -> None:
    token = counted(KEY, SESSION, counter)
    said = bytes.fromhex("00" + SESSION.replace("-", "") + varint)
    signed = said + hmac.new(KEY, said, "sha256").digest()[:16]
    raw = signed + hashlib.sha256(signed).digest()[:4]
    assert token == base64.urlsafe_b64encode(raw).decode().rstrip("=")
    assert len(token) == length


@given(st.uuids(), st.integers(0, 2**63 - 1))
def test_it_says_what_was_said(session: object, counter: int) -> None:
    token = counted(KEY, str(session), counter)
    said = parse(token)
    assert said is not None
    assert (said.session, said.counter) == (str(session), counter)
    assert refresh_tokens.genuine(KEY, said)
    assert not refresh_tokens.genuine(b"x" * 32, said)
    assert well_formed(token)


@given(st.text(max_size=80) | st.binary(max_size=60).map(lambda raw: base64.urlsafe_b64encode(raw).decode()))
def test_whatever_else_is_no_token(text: str) -> None:
    """No text raises; one that parses has its checksum right, which chance does not."""
    assert parse(text) is None


def broken(change: dict[int, int]) -> str:
    """A token with these bytes changed, and its checksum made right again."""
    raw = bytearray(base64.urlsafe_b64decode(counted(KEY, SESSION, 5) + "="))
    for place, byte in change.items():
        raw[place] = byte
    signed = bytes(raw[:-4])
    return base64.urlsafe_b64encode(signed + hashlib.sha256(signed).digest()[:4]).decode().rstrip("=")


FORMED: dict[str, tuple[object, bool]] = {
    "v1": ("abcdefghij27", True),
    "v1, with digits that GoTrue never writes": ("0123456789ab", True),
    "v1, upper case": ("ABCDEFGHIJ27", False),
    "shorter": ("a" * 11, False),
    "longer, and not v2": ("a" * 13, False),
    "22 characters, as deployments of 2022 had": ("a" * 22, False),
    "v2": (counted(KEY, SESSION, 5), True),
    "v2, signed by another": (counted(b"x", SESSION, 5), True),
    "v2, of another version": (broken({0: 1}), False),
    "v2, a varint that does not end": (broken({17: 0x80}), False),
    "v2, checksum wrong": (counted(KEY, SESSION, 5)[:-2] + "AA", False),
    "v2, padded": (counted(KEY, SESSION, 5) + "=", False),
    "empty": ("", False),
    "not a text": (12, False),
    "not ASCII": ("é" * 12, False),
}


@pytest.mark.parametrize("case", FORMED)
def test_what_is_looked_for_at_all(case: str) -> None:
    token, expected = FORMED[case]
    assert well_formed(token) is expected


def test_two_tokens_are_told_apart_by_what_they_say() -> None:
    assert parse(counted(KEY, SESSION, 1)) != parse(counted(KEY, SESSION, 2))
    assert isinstance(parse(counted(KEY, SESSION, 1)), Counted)
