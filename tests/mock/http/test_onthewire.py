"""Whatever comes over a connection, no answer is a server error, no connection hangs, and memory stays as it was."""

import random
import resource
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from onthewire import Wire, served

from race401.mock_api.http.wire import PIPELINED

MB = 1_000_000
ROOM = 5 * MB  # bytes that any number of requests may add
LOT = 200  # connections at once
PLANTED_ERROR = "import race401.mock_api.api.supabase.signup as planted; planted.checked_email = None"
PLANTED_GROWTH = """
from race401.mock_api.http.wire import Protocol
kept, made = [], Protocol.connection_made
def grows(self, transport):
    kept.append(bytearray(8_000))
    made(self, transport)
Protocol.connection_made = grows
"""
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="memory is told by glibc")

HOST = b"host: 127.0.0.1\r\n"
GET = b"GET /contacts?limit=1 HTTP/1.1\r\n" + HOST + b"authorization: Bearer a.b.c\r\n\r\n"
LAST = GET.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n")
SIGN_UP = b'{"email":"raw@race401.test","password":"correct horse"}'
POSTS = [
    (b"/auth/v1/signup", b"application/json", SIGN_UP),
    (b"/auth/v1/token?grant_type=refresh_token", b"application/json", b'{"refresh_token":"abc"}'),
    (b"/oauth/token", b"application/x-www-form-urlencoded", b"grant_type=refresh_token&refresh_token=abc"),
    (b"/_race401/clock", b"application/json", b'{"ahead_s":0}'),
    (b"/_race401/sessions", b"application/json", SIGN_UP),
]
ODD = [
    *(b"\0", b"\r", b"\n", b"\r\n", b"\r\n\r\n", b" ", b":", b"\xff\xfe", b"%00", b"%ed%a0%80", b"//", b"?", b"#"),
    *(b"HTTP/9.9", b"HTTP/1.0", b"CONNECT ", b"PRI * HTTP/2.0", b"\x16\x03\x01\x02\x00", b"A" * 9_000),
    *(b"transfer-encoding: chunked\r\n", b"content-length: -1\r\n", b"content-length: 99999999999999999999\r\n"),
    *(b"content-length: 5\r\n", b"upgrade: websocket\r\nconnection: upgrade\r\n", b"expect: 100-continue\r\n"),
    *(b"a: b\r\n" * 500, b"ffffffffffffffff\r\n", b"-1\r\n", b"host: evil\r\n", b"connection: close\r\n"),
]


def whole() -> list[bytes]:
    """Requests as they should be."""
    posts = [
        b"POST %b HTTP/1.1\r\n%bcontent-type: %b\r\ncontent-length: %d\r\n\r\n%b"
        % (path, HOST, kind, len(body), body)
        for path, kind, body in POSTS
    ]
    return [GET, *posts]


def raw(count: int) -> Iterator[bytes]:
    """Requests that are cut, bent, mixed, piled up and flooded; the same in every run."""
    draw = random.Random(401)  # noqa: S311 - the same in every run
    requests = whole()
    for _ in range(count):
        sent = draw.choice(requests)
        for _ in range(draw.randrange(4)):
            at = draw.randrange(len(sent) + 1)
            bent = draw.randrange(5)
            if bent == 0:
                sent = sent[:at]
            elif bent == 1:
                sent = sent[:at] + draw.choice(ODD) + sent[at:]
            elif bent == 2:
                sent = sent[:at] + draw.randbytes(draw.randrange(1, 9)) + sent[at + 1 :]
            elif bent == 3:
                sent += draw.choice(requests)
            else:
                sent *= draw.choice([2, 3, 150])
        yield sent[:300_000]


def throw(mock: Wire, count: int) -> None:
    """Send so many, and hold every answer to what it may be."""
    lot: list[bytes] = []
    for number, each in enumerate(raw(count), 1):
        lot.append(each)
        if len(lot) == LOT or number == count:
            for sent, statuses in zip(lot, mock.statuses(lot), strict=True):
                assert all(status < 500 for status in statuses), (statuses, sent[:300])
            lot = []
    assert "Traceback" not in mock.said()


def grown(mock: Wire, count: int) -> int:
    """By how many bytes a lot of raw requests makes what the mock holds grow, from its first request."""
    before = mock.held()
    throw(mock, count)
    return mock.held() - before


def opened(mock: Wire, count: int) -> None:
    """Open so many connections, as many at once as we may; half of them say half a request."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[0] - 100
    for first in range(0, count, most):
        held = [mock.connect() for _ in range(min(most, count - first))]
        for each in held[::2]:
            each.sendall(GET[:40])
        assert mock.heard(LAST) == [401]
        for each in held:
            each.close()


def grown_by_connections(mock: Wire, count: int) -> int:
    """By how many bytes so many connections, open and closed, make what the mock holds grow, from its first one."""
    before = mock.held()
    opened(mock, count)
    return mock.held() - before


@pytest.fixture(scope="module", autouse=True)
def room_for_files() -> Iterator[None]:
    """As many open files as the machine lets us have, for the mocks too."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.fixture(scope="module")
def the_mock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wire]:
    """A mock for all that spoils none."""
    with served(tmp_path_factory.mktemp("mock")) as mock:
        yield mock


@pytest.fixture(scope="module")
def spoiled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wire]:
    """One with a server error, and whose connections leave something behind."""
    with served(tmp_path_factory.mktemp("spoiled"), PLANTED_ERROR + PLANTED_GROWTH) as mock:
        yield mock


SPACES = b"100000\r\n%b\r\n" % (b" " * 0x100000)  # a chunk of 1 MB
FLOODS = {
    "headers": (b"GET /contacts HTTP/1.1\r\n" + b"a: b\r\n" * 300_000, [431]),
    "a header": (b"GET /contacts HTTP/1.1\r\na: " + b"b" * MB, [431]),
    "a path": (b"GET /" + b"a" * MB, [431]),
    "a body": (
        b"POST /auth/v1/signup HTTP/1.1\r\n"
        + HOST
        + b"transfer-encoding: chunked\r\n\r\n"
        + SPACES * 5
        + b"0\r\n\r\n"
        + LAST,
        [413, 401],  # the connection is of use again
    ),
}


@pytest.mark.parametrize("flood", FLOODS)
def test_a_flood_is_refused_while_it_comes(the_mock: Wire, flood: str) -> None:
    sent, statuses = FLOODS[flood]
    assert the_mock.heard(sent) == statuses


def test_requests_that_are_piled_up_on_a_connection_are_answered_up_to_a_number(the_mock: Wire) -> None:
    assert the_mock.heard(GET * (PIPELINED - 1) + LAST) == [401] * PIPELINED
    answered = the_mock.heard(GET * 10_000)
    assert answered[-1:] in ([400], [401], [])
    assert len(answered) < 10_000


def test_raw_requests_make_no_server_error(the_mock: Wire) -> None:
    throw(the_mock, 400)


def test_a_server_error_among_them_would_be_seen(spoiled: Wire) -> None:
    with pytest.raises(AssertionError, match="500"):
        throw(spoiled, 400)


@pytest.mark.slow
def test_ten_thousand_raw_requests_make_no_server_error_and_leave_memory_as_it_was(tmp_path: Path) -> None:
    with served(tmp_path) as mock:
        assert grown(mock, 10_000) < ROOM


@pytest.mark.slow
def test_ten_thousand_open_connections_leave_memory_as_it_was(tmp_path: Path) -> None:
    """What its objects hold, the first lot counted.

    Not the pages: of so many at once both allocators keep some, as one small object of a request that was served
    meanwhile keeps a whole MB. The process grew by 3 to 6 MB a lot in the four lots that were measured, depending on
    what else ran; whether that ends was not seen.
    """
    with served(tmp_path) as mock:
        assert grown_by_connections(mock, 10_000) < ROOM


def test_a_thousand_open_connections_leave_memory_as_it_was(the_mock: Wire) -> None:
    assert grown_by_connections(the_mock, 1_000) < ROOM


def test_growth_by_connections_would_be_seen(spoiled: Wire) -> None:
    assert grown_by_connections(spoiled, 1_000) > ROOM
