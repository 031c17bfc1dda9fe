"""A body is refused while it arrives, and what is read is strict JSON."""

from typing import Any

import msgspec
import pytest
from mocks import Mock, run

from race401.mock_api.http.body import LARGEST
from race401.mock_api.strict_json import DEEPEST, BadBody, parsed

CHUNK = 64_000  # bytes
ROUTES = [
    ("POST", "/auth/v1/signup", "error_code"),
    ("POST", "/supabase/auth/v1/token?grant_type=password", "error_code"),
    ("POST", "/oauth/token", "error_description"),
    ("POST", "/oauth/revoke", "error_description"),
    ("POST", "/messages", "message"),
    ("POST", "/_race401/sessions", "message"),
    ("POST", "/_race401/faults", "message"),
    ("POST", "/_race401/programs", "message"),
    ("POST", "/_race401/clock", "message"),
]


class Arriving:
    """A body that comes in chunks, and how many were taken."""

    def __init__(self, chunks: int) -> None:
        self.taken, self._left = 0, chunks

    async def receive(self) -> dict[str, Any]:
        """The next chunk."""
        self.taken += 1
        self._left -= 1
        return {"type": "http.request", "body": b" " * CHUNK, "more_body": self._left > 0}


def post(method: str, target: str, arriving: Arriving, *headers: tuple[bytes, bytes]) -> tuple[int, Any]:
    """The answer to a request whose body arrives so."""
    mock, answer = Mock(), list[Any]()
    path, _, query = target.partition("?")
    bearer = (b"authorization", f"Bearer {mock.sign_in()['access_token']}".encode())
    scope = {
        "type": "http",
        "http_version": "1.1",
        "scheme": "http",
        "root_path": "",
        "client": ("127.0.0.1", 1),
        "method": method,
        "path": path,
        "query_string": query.encode(),
        "state": {},
        "headers": [(b"host", b"127.0.0.1"), (b"content-type", b"application/json"), bearer, *headers],
    }

    async def send(message: Any) -> None:
        answer.append(message)

    run(mock.app(scope, arriving.receive, send))
    return answer[0]["status"], msgspec.json.decode(answer[1]["body"])


@pytest.mark.parametrize(("method", "target", "field"), ROUTES)
def test_a_body_without_an_end_is_refused_once_it_is_too_large(method: str, target: str, field: str) -> None:
    arriving = Arriving(1_000_000)
    status, told = post(method, target, arriving)
    assert (status, arriving.taken) == (413, LARGEST // CHUNK + 1)
    assert field in told, "in the words of whoever is asked"


@pytest.mark.parametrize(("method", "target", "field"), ROUTES)
def test_a_body_that_says_it_is_too_large_is_refused_unread(method: str, target: str, field: str) -> None:
    arriving = Arriving(1_000_000)
    status, told = post(method, target, arriving, (b"content-length", str(LARGEST + 1).encode()))
    assert (status, arriving.taken) == (413, 0)
    assert field in told


def test_a_body_of_just_that_size_is_read() -> None:
    arriving = Arriving(LARGEST // CHUNK)
    status, _ = post("POST", "/auth/v1/signup", arriving, (b"content-length", str(LARGEST).encode()))
    assert (status, arriving.taken) == (400, LARGEST // CHUNK), "spaces are no JSON"


@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}")])
def test_json_is_read_to_a_depth_that_every_encoder_can_write_again(opening: bytes, closing: bytes) -> None:
    def nested(deep: int) -> bytes:
        return opening * deep + (b"1" if opening != b"[" else b"") + closing * deep

    parsed(nested(DEEPEST), object)
    for deep in (DEEPEST + 1, 250, 990, 100_000):
        with pytest.raises(BadBody, match=f"nested deeper than {DEEPEST}"):
            parsed(nested(deep), object)


def test_what_is_wide_is_not_deep() -> None:
    assert len(parsed(b"[" + b",".join([b"[]"] * 1000) + b"]", list)) == 1_000


@pytest.mark.parametrize(
    "raw", [b"", b"NaN", b"1e400", b'"\\ud800"', b'"\xff"', b'{"a":"\xed\xa0\x80"}', b"\xef\xbb\xbf{}", b"{}{}"]
)
def test_what_cannot_be_written_again_is_not_read(raw: bytes) -> None:
    with pytest.raises(BadBody):
        parsed(raw, object)
