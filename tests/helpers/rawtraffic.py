"""Raw requests and answers, ordinary and hostile: `HOST` stands for the host that the client was given."""

from itertools import cycle

HOST = b"127.0.0.1:00000"
SHORT = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"

METHODS = (
    b"GET HEAD POST PUT PATCH DELETE OPTIONS TRACE QUERY PROPFIND MKCOL COPY LOCK REPORT PURGE M-SEARCH get X".split()
)
TARGETS = [
    *rb"""
    / /a /a/b/ /a//b //a /a/../b /a/./b /.. /../../etc /a%2Fb /a%252Fb /%ff /%00 /%C3%A9 /a%20b /a+b /a;b=c /a?b=c
    /a? /a?? /a?b#c /? /?a /a?q=%ff /a?q=a+b%2Bc /a|b /a"b /a{b} /a^b /a`b /~me /a:b/c@d /a,b!$&'()*+ * /%2e%2e/%2E%2E
    http://HOSTHOSTHOSTHOS/a?b http://elsewhere.test/a HTTPS://Elsewhere.test /a?b=%26&b=2
    /auth/v1/user /auth/v1/logout?scope=others /oauth/revoke /rest/v1/a?id=eq.1
    """.split(),
    b"/\xff\xfe",
    b"/\xc3\xa9?\xe2\x98\x83",
    b"/" + b"a" * 20_000,
    b"/a?" + b"b=1&" * 8_000,
]
HEADERS = [
    b"X-A: 1\r\nX-A: 2\r\nx-a: 3\r\n",
    b"x-LONG: " + b"v" * 30_000 + b"\r\n",
    b"".join(b"X-%d: %d\r\n" % (n, n) for n in range(500)),
    b"X-Empty:\r\nX-Space:   \r\nX-Tab:\t a \t\r\n",
    b"X-Bytes: \xff\xfe\xc3\xa9\r\n",
    b"X-Folded: a\r\n  b\r\n",
    b"X Space : a\r\n",
    b": nameless\r\n",
    b"no colon\r\n",
    b"X-Nul: a\x00b\r\n",
    b"X-Host: Host: elsewhere\r\n",
    b"Host: elsewhere.test\r\n",
    b"hOsT : HOST\r\n",
    b"Cookie: a=1; b=2\r\nCookie: c=3\r\n",
    b"Authorization: Bearer abc\r\nAuthorization: Basic YTpi\r\n",
    b"Connection: keep-alive, X-A\r\nKeep-Alive: timeout=5\r\nX-A: 1\r\n",
    b"TE: trailers\r\nTrailer: X-Sum\r\n",
    b"Proxy-Authorization: Basic YTpi\r\nProxy-Connection: close\r\n",
    b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: AAAA\r\nSec-WebSocket-Version: 13\r\n",
    b"Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAAA\r\n",
    b"Expect: 100-continue\r\n",
    b"Accept-Encoding: br, zstd\r\nAccept-Encoding: gzip;q=0\r\n",
    b"X-Forwarded-For: 1.2.3.4\r\nForwarded: for=a\r\nVia: 1.1 b\r\n",
    b'Range: bytes=0-1\r\nIf-None-Match: "a"\r\n',
    b"X-Race401-Client: me\r\nX-Race401-Attempt: me#1.1\r\n",
    b"Content-Type: text/plain\r\nContent-Type: application/json\r\n",
]
BODIES = [  # after the headers' other lines
    b"Content-Length: 0\r\n\r\n",
    b"Content-Length: 5\r\n\r\nabcde",
    b"content-length:5\r\n\r\n\x00\xff\r\n\r",
    b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nabcde",
    b"Content-Length: 5, 5\r\n\r\nabcde",
    b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
    b"Content-Length: +5\r\n\r\nabcde",
    b"Content-Length: -1\r\n\r\n",
    b"Content-Length: five\r\n\r\nabcde",
    b"Content-Length:\r\n\r\n",
    b"Content-Length: 99999999999999999999\r\n\r\nabc",
    b"Content-Length: 200000\r\n\r\n" + b"0123456789" * 20_000,
    b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"Transfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n",
    b'transfer-encoding: CHUNKED\r\n\r\n00A;x=y;z="a;b"\r\n0123456789\r\n1 \r\n!\r\n000\r\n\r\n',
    b"Transfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n1\r\na\r\n0\r\nX-Sum: 1\r\nX-B:\r\n\r\n",
    b"Transfer-Encoding: chunked\r\n\r\n1\na\n0\n\n",
    b"Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n",
    b"Transfer-Encoding: chunked\r\n\r\n-1\r\na\r\n0\r\n\r\n",
    b"Transfer-Encoding: chunked\r\n\r\n3\r\nabcdef\r\n0\r\n\r\n",
    b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\na",
    b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n1\r\na\r\n0\r\n\r\n",
    b"Transfer-Encoding: gzip, chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
    b"Transfer-Encoding: chunked, identity\r\n\r\n1\r\na\r\n0\r\n\r\n",
    b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    b"Transfer-Encoding: chunked\r\n\r\n"
    + b"".join(b"%x\r\n%s\r\n" % (n, b"c" * n) for n in range(1, 300))
    + b"0\r\n\r\n",
]
WHOLE = [  # requests of their own kind
    b"GET / HTTP/1.0\r\n\r\n",
    b"GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    b"POST /a HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc",
    b"GET / HTTP/1.1\nHost: HOST\n\n",
    b"GET / HTTP/1.1\nHost: HOST\r\n\n",
    b"\r\n\r\nGET / HTTP/1.1\r\nHost: HOST\r\n\r\n",
    b"GET  /two HTTP/1.1\r\nHost: HOST\r\n\r\n",
    b"GET /a b HTTP/1.1\r\nHost: HOST\r\n\r\n",
    b"GET\t/tab\tHTTP/1.1\r\nHost: HOST\r\n\r\n",
    b"GET / HTTP/9.9\r\nHost: HOST\r\n\r\n",
    b"GET / http/1.1\r\nHost: HOST\r\n\r\n",
    b"GET / HTTP/1.1 \r\nHost: HOST\r\n\r\n",
    b"GET /\r\n",
    b"GET\r\n\r\n",
    b"\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256)),
    b"SSH-2.0-client\r\n",
    b"G@T / HTTP/1.1\r\nHost: HOST\r\n\r\n",
    b"GET / HTTP/1.1\rHost: HOST\r\r",
    b"GET / HTTP/1.1\r\nHost: HOST\r\n",
    b"GET / HTT",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00",
    b"CONNECT elsewhere.test:443 HTTP/1.1\r\nHost: HOST\r\n\r\n",
    b"GET /a HTTP/1.1\r\nHost: HOST\r\n\r\nGET /b HTTP/1.1\r\nHost: HOST\r\n\r\n",
    b"POST /a HTTP/1.1\r\nHost: HOST\r\nContent-Length: 1\r\n\r\naGET /b HTTP/1.1\r\nHost: HOST\r\n\r\n",
    b"GET /a HTTP/1.1\r\nHost: HOST\r\n\r\n\x00garbage",
    b"GET /long HTTP/1.1\r\nHost: HOST\r\nX: " + b"x" * 300_000 + b"\r\n\r\n",
    b"A" * 70_000 + b" / HTTP/1.1\r\nHost: HOST\r\n\r\n",
]
STATUSES = [
    200,
    201,
    202,
    203,
    206,
    207,
    226,
    299,
    300,
    301,
    302,
    303,
    307,
    308,
    399,
    400,
    401,
    402,
    403,
    404,
    405,
    408,
]
STATUSES += [409, 410, 413, 415, 418, 419, 422, 425, 426, 428, 429, 431, 451, 499, 500, 501, 502, 503, 504, 511, 599]
STATUSES += [600, 999, 0, 199]
ANSWERS = [
    *(b"HTTP/1.1 %03d Why\r\nContent-Length: 3\r\nX-A: 1\r\nx-a: 2\r\n\r\nabc" % status for status in STATUSES),
    *(b"HTTP/1.1 200 OK\r\n" + headers + b"Content-Length: 1\r\n\r\na" for headers in HEADERS),
    *(b"HTTP/1.1 200 OK\r\n" + body for body in BODIES),
    b"HTTP/1.1 204 No Content\r\n\r\n",
    b"HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n",
    b"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 200 \xff\xe9\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.0 200 OK\r\n\r\nto the end",
    b"HTTP/1.1 200 OK\r\n\r\n" + b"to the end" * 20_000,
    b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\ntorn",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nto",
    b"HTTP/1.1 200 OK\r\nContent-Le",
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokbeyond its length",
    b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok",
    b"HTTP/2 200 OK\r\n\r\n",
    b"ICY 200 OK\r\n\r\nmusic",
    b"HTTP/0.9 has no head",
    b"\x00\x00\x00 no head at all",
    b"220 mail.test ESMTP\r\n",
    b"",
    b"HTTP/1.1 abc OK\r\n\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\n" + SHORT,
    b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nLink: </b>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n" + SHORT,
    b"HTTP/1.1 100 Continue\r\n\r\n",
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n\x81\x02hi\x88\x00",
    SHORT + SHORT,
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\ndata: 2\n\n",
    b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2; Secure; HttpOnly\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 302 Found\r\nLocation: http://elsewhere.test/%2F\xff\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope",
]


def _request(method: bytes, target: bytes, more: bytes = b"\r\n") -> bytes:
    return method + b" " + target.replace(b"HOSTHOSTHOSTHOS", HOST) + b" HTTP/1.1\r\nHost: " + HOST + b"\r\n" + more


def corpus() -> list[tuple[bytes, bytes]]:
    """Pairs of what a client sends and what the target answers; each request and each answer is in one or more."""
    requests = [
        *(_request(method, b"/contacts?limit=1") for method in METHODS),
        *(_request(b"GET", target) for target in TARGETS),
        *(_request(b"GET", b"/h", headers + b"\r\n") for headers in HEADERS),
        *(_request(b"POST", b"/b", body) for body in BODIES),
        *(whole.replace(b"HOST", HOST) for whole in WHOLE),
    ]
    plain = [(request, SHORT) for request in requests]
    asked = cycle([_request(method, b"/answer") for method in (b"GET", b"HEAD", b"POST", b"DELETE")])
    mixed = zip(requests, cycle(reversed(ANSWERS)), strict=False)
    return [*plain, *((next(asked), answer) for answer in ANSWERS for _ in range(2)), *mixed]
