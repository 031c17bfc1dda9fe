"""What is written of a request holds no secret, and what is no secret stays as it was."""

import base64
import json
import random
import string
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from mocks import WHO, Mock

from race401.ledger import masking
from race401.ledger.entry import received
from race401.ledger.fingerprints import Fingerprints
from race401.ledger.masking import Masking

MINE = Fingerprints(b"a key of the tests".ljust(32))
JWT = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJlX29mX3RoZV90b2tlbg"
SPACED = base64.urlsafe_b64encode(b'{ "alg": "HS256" }').decode() + ".e30.c2ln"


def target(text: str, mask: Masking | None = None) -> str:
    """The target as it is written."""
    entry = received("supabase", "GET", text, 0.0)
    (mask or Masking(MINE)).mask(entry)
    return entry.target


def named(
    client: str | None, attempt: str | None = None, mask: Masking | None = None
) -> tuple[str | None, str | None]:
    """Client and attempt as they are written."""
    entry = received("supabase", "GET", "/", 0.0, client, attempt)
    (mask or Masking(MINE)).mask(entry)
    return entry.client, entry.attempt


NAMES = """
jwt auth sig pass pwd key pin otp code token access_token refreshToken id_token apikey api-key X-Amz-Signature
X-Amz-Security-Token client_secret password SAMLassertion code_verifier jsessionid authorization ticket
""".split()  # noqa: SIM905 - a list of names


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "layout",
    [
        lambda name, secret: f"/x?a=1&{name}={quote_plus(secret)}&b=2",
        lambda name, secret: f"/x;{name}={quote(secret, safe='')}/y",
        lambda name, secret: f"/x?q={quote(json.dumps({name: secret}))}",
        lambda name, secret: f"/x?q={quote(json.dumps({'a': [{'b': {name: secret}}]}), safe='')}",
        lambda name, secret: f"/x?q={quote(json.dumps({name: secret})[:-2])}",
        lambda name, secret: f"/x?next={quote(f'https://app/cb?{name}={quote(secret)}&a=1', safe='')}",
        lambda name, secret: f"/x?next={quote(quote(f'/cb#{name}={secret}', safe=''), safe='')}",
        lambda name, secret: f"/x?state={base64.urlsafe_b64encode(json.dumps({name: secret}).encode()).decode()}",
    ],
    ids=["query", "matrix", "JSON", "nested JSON", "torn JSON", "a URL in it", "a fragment, encoded twice", "base64"],
)
def test_a_secret_is_known_by_its_name(name: str, layout: Callable[[str, str], str]) -> None:
    masked = target(layout(name, "hunter2+Zx12"))
    assert "hunter2" not in masked
    assert "Zx12" not in masked
    assert masked.startswith(layout(name, "")[:4])


@pytest.mark.parametrize("text", ["?jwt=", "?a=1&token=&b=2", "?token"])
def test_a_name_without_a_value_is_left(text: str) -> None:
    assert target(f"/x{text}") == f"/x{text}"


@pytest.mark.parametrize("token", [JWT, SPACED, JWT.rpartition(".")[0] + "."])
@pytest.mark.parametrize(
    "layout", ["/verify/{}", "/files/{}/x", "/x?{}", "/x?a={}", "/x?a=b,{},c", "/x?a=Bearer%20{}", "/x/{}?b=1", "/{}"]
)
def test_a_secret_is_known_by_its_shape(token: str, layout: str) -> None:
    masked = target(layout.format(token))
    assert masked == layout.format(MINE.fingerprint(token))
    assert named(f"me/{token}", f"a#{token}") == (f"me/{MINE.fingerprint(token)}", f"a#{MINE.fingerprint(token)}")


@pytest.mark.parametrize(
    "path", ["/reset/{}", "/verify/email/{}", "/magic/{}/done", "/reset-password/MTA4/{}", "/invite?x=1&reset={}"]
)
@pytest.mark.parametrize("token", ["482913", "abc123def456", "6f9619ff-8b86-d011-b42d-00cf4fc964ff", "qwertzuiopasd"])
def test_a_secret_is_known_by_its_place(path: str, token: str) -> None:
    assert token not in target(path.format(token))


@pytest.mark.parametrize("layout", ["https://ada:hunter2@staging", "redis://:hunter2@host/0", "//hunter2@host"])
def test_a_user_in_a_url_is_one(layout: str) -> None:
    for text in (f"/x?u={layout}", f"/x?u={quote(layout, safe='')}", f"/proxy/{layout}/x"):
        assert "hunter2" not in target(text)
        assert "ho" in target(text) or "staging" in target(text)


@pytest.mark.parametrize(
    "secret", ["abcdefghijkl", "1//0gAbCdEfGhIjKlMnOp", "v4.local.QUFBQUFBQUFBQUFB", "correct horse"]
)
def test_what_was_seen_is_known_wherever_it_comes_again(secret: str) -> None:
    """In clear or encoded, in the path, the query and the names; before it was seen it could not be told."""
    mask = Masking(MINE)
    whole = quote(secret, safe="")
    texts = [f"/p/{whole}/x", f"/p/x?a={whole}", f"/p/x?a={quote(whole, safe='')}"]
    for text in texts:
        assert target(text, mask) == text
    mask.see(secret)
    for text in texts:
        assert MINE.fingerprint(secret) in target(text, mask)
        assert target(text, mask) == target(text, mask)
    for name in named(secret, f"{secret}#3.1", mask):
        assert name is not None
        assert MINE.fingerprint(secret) in name
        assert secret[-12:] not in name


def test_the_same_secret_is_masked_the_same_whatever_tells() -> None:
    """By name, by shape and by having been seen, in clear and encoded: what is joined on it still joins."""
    mask = Masking(MINE)
    mask.see("abcdefghijkl")
    assert target("/x?token=abcdefghijkl", mask) == f"/x?token={MINE.fingerprint('abcdefghijkl')}"
    assert target("/p/%61bcdefghijkl", mask) == f"/p/{MINE.fingerprint('abcdefghijkl')}"
    assert target(f"/x?jwt={JWT}", mask).endswith(MINE.fingerprint(JWT))
    assert target(f"/verify/{JWT}", mask).endswith(MINE.fingerprint(JWT))


CLEAN = """
/contacts?limit=1000 /x?page=token-list /x?q=token /tokens/42 /u/6f9619ff-8b86-d011-b42d-00cf4fc964ff /a/1234567890
/posts/why-short-lived-tokens-expire-2025 /reset/password /verify/email /confirm/step/2 /invite/v2 /auth/v1/token
/auth/v1/token?grant_type=refresh_token /x?token_type_hint=refresh_token&max_tokens=10 /x?status_code=401&sort_key=a
/x?keyword=b&author=c&passenger=d&design=e&monkey=f /x?t=12:30:00&q=a:b /x?q={"name":"Ada","n":[1,null]} /@scope/pkg@1
/x?cursor=eyJpZCI6MTIzNDUsIm4iOjF9 /x?next=https://app.test/cb?a=1 /x?mail=ada@race401.test /x?a=%7B%22b%22%3A1%7D
/v1.2.3/eyes.on.you.png / /x? /x?& /x?= /%zz?%a=%
""".split()  # noqa: SIM905 - a list of targets


@pytest.mark.parametrize("text", CLEAN)
def test_what_is_no_secret_stays_as_it_was(text: str) -> None:
    mask = Masking(MINE)
    assert target(text, mask) == text
    assert target(text, mask) == text


@pytest.mark.parametrize(
    "name", ["run/supabase/control/0.1", "reset/verify/1.22", "20251004-215100/x#12.3", "a#1", ""]
)
def test_an_ordinary_name_stays_as_it_was(name: str) -> None:
    assert named(name, f"{name}#3.1") == (name, f"{name}#3.1")
    assert named(None, name) == (None, name)


def test_a_secret_is_not_hidden_by_where_a_client_s_name_ends() -> None:
    mask = Masking(MINE)
    mask.see("abcdef123456")
    assert named("abcdef", "abcdef123456", mask) == ("abcdef", MINE.fingerprint("abcdef123456"))


def test_of_a_jwt_its_two_own_parts_are_remembered_and_not_the_whole() -> None:
    """The whole shows itself; kept as well, it was most of what an hour of refreshes left in memory."""
    mask = Masking(MINE)
    mask.see(JWT)
    mask.see(JWT)
    _, payload, signature = JWT.split(".")
    assert list(mask._seen) == [payload, signature]
    assert target(f"/p/{signature}/x", mask) == f"/p/{MINE.fingerprint(JWT)}/x"


def test_the_oldest_that_were_seen_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory is bounded: the newest SEEN are known."""
    monkeypatch.setattr(masking, "SEEN", 3)
    mask = Masking(MINE)
    tokens = [f"abcdefghijk{letter}" for letter in "lmnop"]
    for token in tokens:
        mask.see(token)
    assert [target(f"/p/{token}", mask) == f"/p/{token}" for token in tokens] == [True, True, False, False, False]


def test_texts_that_are_not_looked_at_again_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(masking, "CLEAN_TEXTS_KEPT", 10)
    mask = Masking(MINE)
    for number in range(100):
        target(f"/things/{number}", mask)
        assert len(mask._targets.texts) <= 10
        assert len(mask._targets._holding) <= 20


def test_any_text_is_looked_at_in_bounded_depth() -> None:
    """Whatever a client sends, it costs no recursion error, and what is too deep to be looked into is masked."""
    chance = random.Random(401)  # noqa: S311 - a seed is the point
    deep = json.dumps({"token": "hush"})
    for _ in range(12):
        deep = json.dumps({"a": deep})
    texts = ["[" * 5000, '{"a":' * 5000, "a=" * 5000, "%25" * 5000 + "41", "/" * 5000, "\ud800", deep]
    texts += ["".join(chance.choices(string.printable + "%&=?;/\"'{}[]:.", k=60)) for _ in range(500)]
    for text in texts:
        assert "hush" not in target(f"/x?{text}")
        named(text, text)


def test_the_mock_s_ledger_goes_through_it(tmp_path: Path) -> None:
    """In the file, in memory and in its counts; access and refresh tokens that it issued are seen."""
    mock = Mock(tmp_path / "ledger.jsonl")
    session: dict[str, Any] = mock.sign_in()
    token, refresh = session["access_token"], session["refresh_token"]
    fresh = mock.refresh(refresh).json()["refresh_token"]
    for secret in (token, refresh, fresh):
        for path in (f"/reset/{secret}", f"/contacts;token={secret}", f"/x/{secret}", f"/contacts?sig={secret}"):
            mock.get(path, **{"X-Race401-Client": f"me/{secret}", "X-Race401-Attempt": secret})
    told = [
        (tmp_path / "ledger.jsonl").read_text(),
        mock.get("/_race401/ledger").text,
        mock.get("/_race401/counts").text,
    ]
    for text in told:
        for secret in (token, token.rpartition(".")[2], refresh, fresh, WHO["password"]):
            assert secret not in text
    assert f"me/{mock.ledger.fingerprints.fingerprint(fresh)}" in told[1]


def test_of_a_text_without_an_end_a_ledger_keeps_its_beginning_and_what_tells_it_apart() -> None:
    long = "/contacts?q=" + "a " * 50_000
    kept, other = target(long), target(long + "b")
    assert kept.startswith(long[:1_000])
    assert len(kept) < 1_100
    assert kept != other
    assert target(long) == kept
