"""What would lead a client around the proxy: it passes as it is, or is rewritten where that is asked for."""

import asyncio
from pathlib import Path

import httpx
import pytest
from bothways import Scripted, both_ways
from bounds import HANG
from proxied import bytes_at, connected, proxy_at
from rawtraffic import corpus
from shares import share

from race401.harness.judge.evidence import load
from race401.harness.proxy.rewriting import LONGEST, Rewriting
from race401.harness.proxy.serving import target_of

CORPUS = corpus()
HERE = "http://127.0.0.1:5000"
AUTH = "http://127.0.0.1:5001"
API = Rewriting(
    {
        HERE: target_of(httpx.URL("https://api.example.com/v1")),
        AUTH: target_of(httpx.URL("http://auth.example.com:8080")),
    }
)


def answer(*headers: str) -> bytes:
    """The head of one."""
    return "\r\n".join(["HTTP/1.1 302 Found", *headers, "", ""]).encode()


def rewritten(line: str, rewriting: Rewriting = API) -> str:
    """A header's line as a client gets it."""
    return rewriting.head(answer(line))[0].decode().split("\r\n")[1]


@pytest.mark.parametrize(
    ("url", "here"),
    [
        ("https://api.example.com/v1/me?a=1#b", f"{HERE}/me?a=1#b"),
        ("https://api.example.com/v1", HERE),
        ("HTTPS://API.example.com:443/v1/me", f"{HERE}/me"),
        ("http://api.example.com/v1/me", f"{HERE}/me"),  # TLS ended before the server that writes it
        ("//api.example.com/v1/me", f"{HERE}/me"),
        ("/v1/me", "/me"),  # the client's paths have no prefix
        ("http://auth.example.com:8080/login", f"{AUTH}/login"),
    ],
)
def test_a_redirect_to_a_target_leads_to_the_proxy(url: str, here: str) -> None:
    assert rewritten(f"Location: {url}") == f"Location: {here}"


@pytest.mark.parametrize(
    "url",
    [
        "https://api.example.com.evil.test/v1/me",
        "https://other.example.com/v1/me",
        "https://api.example.com/v10/me",
        "https://api.example.com/other",
        "https://api.example.com:8443/v1/me",
        "http://auth.example.com/login",  # another port
        "https://idp.test/login?next=https://api.example.com/v1/me",
        "/v10/me",
        "me",
    ],
)
def test_a_redirect_to_elsewhere_stays(url: str) -> None:
    """Near misses: a host, a port or a path that only looks like a target's."""
    assert rewritten(f"Location: {url}") == f"Location: {url}"


@pytest.mark.parametrize(
    ("cookie", "here"),
    [
        ("a=1; Domain=example.com; Path=/; Secure; HttpOnly", "a=1; Path=/; HttpOnly"),
        ("a=1; secure; SameSite=None", "a=1"),  # which without Secure is for nobody
        ("a=1; SameSite=Lax", "a=1; SameSite=Lax"),
        ("a=domain; Path=/secure", "a=domain; Path=/secure"),
        ("secure=1", "secure=1"),
    ],
)
def test_a_cookie_is_for_the_proxy(cookie: str, here: str) -> None:
    """Which is another host, and speaks no TLS."""
    assert rewritten(f"Set-Cookie: {cookie}") == f"Set-Cookie: {here}"


def test_a_secure_cookie_stays_secure_where_the_proxy_speaks_tls() -> None:
    tls = Rewriting({"https://localhost:5000": target_of(httpx.URL("http://api.example.com"))})
    line = "Set-Cookie: a=1; Domain=example.com; Secure; SameSite=None"
    assert rewritten(line, tls) == "Set-Cookie: a=1; Secure; SameSite=None"


def test_a_challenge_names_the_proxys_metadata() -> None:
    """A client of MCP begins there."""
    line = 'WWW-Authenticate: Bearer resource_metadata="https://api.example.com/v1/.well-known/x", scope="a"'
    assert rewritten(line) == f'WWW-Authenticate: Bearer resource_metadata="{HERE}/.well-known/x", scope="a"'


# --- on the wire ----------------------------------------------------------------------------------


DISCOVERY = b"GET /.well-known/openid-configuration HTTP/1.1\r\nHost: proxy\r\nAccept-Encoding: gzip\r\n\r\n"
JSON = b"Content-Type: application/json\r\n"


def passed(folder: Path, request: bytes, answer: str, *, rewrite: bool, ends: bool = False) -> tuple[str, str, str]:
    """What a client is answered, TARGET and PROXY in place of URLs; what the target got; what is recorded."""

    async def run() -> tuple[str, str]:
        got = b""

        async def target(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal got
            got = await reader.readuntil(b"\r\n\r\n")
            writer.write(answer.replace("TARGET", url.replace("http:", "https:")).encode("latin-1"))
            if ends:
                writer.write_eof()
            await reader.read()

        async with (
            asyncio.timeout(HANG),
            bytes_at(target) as url,
            proxy_at(url, folder / "traffic.jsonl", rewrite=rewrite) as proxy,
        ):
            reader, writer = await connected(proxy)
            writer.write(request)
            writer.write_eof()
            raw = (await reader.read()).decode("latin-1")
            writer.close()
        return raw.replace(url.replace("http:", "https:"), "TARGET").replace(proxy, "PROXY"), got.decode()

    raw, got = asyncio.run(run())
    (entry,) = load(folder / "traffic.jsonl").entries
    return raw, got, entry.rewritten or ""


DOCUMENT = '{"issuer": "TARGET", "token_endpoint": "TARGET/token", "x": "https:\\/\\/a"}'


def whole(body: str, *, ends: bool = False) -> str:
    """An answer of JSON, with its length or up to the connection's end."""
    size = len(body.replace("TARGET", "https://127.0.0.1:50000"))
    length = "" if ends else f"Content-Length: {size}\r\n"
    return f"HTTP/1.1 200 OK\r\n{JSON.decode()}{length}\r\n{body}"


def chunked(body: str) -> str:
    """The same in chunks."""
    size = len(body.replace("TARGET", "https://127.0.0.1:50000"))
    return f"HTTP/1.1 200 OK\r\n{JSON.decode()}Transfer-Encoding: chunked\r\n\r\n{size:x}\r\n{body}\r\n0\r\n\r\n"


@pytest.mark.parametrize(("answer", "ends"), [(whole(DOCUMENT), False), (chunked(DOCUMENT), False)])
def test_a_discovery_document_leads_to_the_proxy(tmp_path: Path, answer: str, *, ends: bool) -> None:
    """Its length is its own again, and the record says that it was changed."""
    raw, got, rewritten = passed(tmp_path, DISCOVERY, answer, rewrite=True, ends=ends)
    head, _, body = raw.partition("\r\n\r\n")
    assert body == DOCUMENT.replace("TARGET", "PROXY")
    assert f"Content-Length: {len(body.replace('PROXY', 'http://127.0.0.1:50000'))}" in head
    assert "chunked" not in head
    assert "Accept-Encoding: identity" in got
    assert rewritten == "document"


def test_one_that_ends_with_its_connection_too(tmp_path: Path) -> None:
    raw, _, rewritten = passed(tmp_path, DISCOVERY, whole(DOCUMENT, ends=True), rewrite=True, ends=True)
    assert raw.endswith(DOCUMENT.replace("TARGET", "PROXY"))
    assert rewritten == "document"


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        (DISCOVERY, whole('{"issuer": "https://elsewhere.test"}')),
        (DISCOVERY, whole(DOCUMENT).replace("application/json", "text/plain")),
        (DISCOVERY, whole(DOCUMENT).replace("200 OK", "404 Not Found")),
        (DISCOVERY, whole('{"a": "' + "x" * LONGEST + '", "b": "TARGET"}')),
        (DISCOVERY.replace(b".well-known", b"well-known"), whole(DOCUMENT)),
    ],
    ids=["it names no target", "no JSON", "an error", "too long", "another path"],
)
def test_what_is_no_discovery_document_stays_as_it_is(tmp_path: Path, request_: bytes, answer: str) -> None:
    """Near misses, byte for byte."""
    raw, _, rewritten = passed(tmp_path, request_, answer, rewrite=True)
    assert (raw, rewritten) == (answer, "")


@pytest.mark.parametrize("answer", [whole(DOCUMENT), chunked(DOCUMENT)])
def test_without_being_asked_it_changes_nothing(tmp_path: Path, answer: str) -> None:
    """The same documents, redirects and cookies arrive byte for byte; nor is another encoding asked for."""
    headers = "Location: TARGET/me\r\nSet-Cookie: a=1; Domain=example.com; Secure\r\n"
    answer = answer.replace("\r\n", "\r\n" + headers, 1)
    raw, got, rewritten = passed(tmp_path, DISCOVERY, answer, rewrite=False)
    assert (raw, rewritten) == (answer, "")
    assert "Accept-Encoding: gzip" in got


def test_a_document_that_breaks_off_breaks_off(tmp_path: Path) -> None:
    """What came of it arrives as it came."""
    answer = whole(DOCUMENT)[:-5]
    raw, _, rewritten = passed(tmp_path, DISCOVERY, answer, rewrite=True, ends=True)
    assert (raw, rewritten) == (answer, "")


@pytest.mark.parametrize("cases", share(len(CORPUS) // 3, len(CORPUS)))
def test_what_names_no_target_passes_byte_for_byte(tmp_path: Path, cases: int) -> None:
    """All that passes the exact proxy unharmed, but for cookies that are Secure, passes the rewriting one."""

    async def run() -> list[bytes]:
        scripted, differ = Scripted(), []
        async with bytes_at(scripted) as target, proxy_at(target, tmp_path / "a.jsonl", rewrite=True) as proxy:
            for case in CORPUS[:: len(CORPUS) // cases]:
                async with asyncio.timeout(HANG):
                    past, through = await both_ways(target, proxy, scripted, case)
                if past != through and b"secure" not in case[1].lower():
                    differ.append(case[1])
        return differ

    assert asyncio.run(run()) == []
