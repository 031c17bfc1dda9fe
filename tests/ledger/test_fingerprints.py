"""Fingerprints: the same secret is the same one under the same key, and the key is its owner's alone."""

import re
import stat
from pathlib import Path

import pytest

from race401.ledger import fingerprints
from race401.ledger.fingerprints import Fingerprints, KeyFileError, from_key_file


def test_the_same_secret_has_the_same_fingerprint_under_the_same_key_alone() -> None:
    mine, again, other = Fingerprints(b"a" * 32), Fingerprints(b"a" * 32), Fingerprints(b"b" * 32)
    assert mine.fingerprint("a token") == again.fingerprint("a token") != other.fingerprint("a token")
    assert mine.fingerprint("a token") != mine.fingerprint("another")
    assert re.fullmatch(r"[0-9a-f]{16}", mine.fingerprint("a token"))


def test_the_key_id_tells_two_keys_apart_and_is_nothing_s_fingerprint() -> None:
    mine, again, other = Fingerprints(b"a" * 32), Fingerprints(b"a" * 32), Fingerprints(b"b" * 32)
    assert mine.key_id == again.key_id != other.key_id
    assert mine.key_id not in (mine.fingerprint(""), mine.fingerprint("race401 key id"))


def test_without_a_key_each_has_one_of_its_own() -> None:
    assert Fingerprints().fingerprint("a token") != Fingerprints().fingerprint("a token")


def test_a_secret_is_hashed_once_and_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    hashed: list[str] = []

    def upper(_: Fingerprints, secret: str) -> str:
        hashed.append(secret)
        return secret.upper()

    monkeypatch.setattr(fingerprints, "REMEMBERED", 2)
    monkeypatch.setattr(Fingerprints, "_hashed", upper)
    mine = Fingerprints()
    for secret in ("a", "a", "b", "a", "c", "a", "b"):
        assert mine.fingerprint(secret) == secret.upper()
    assert hashed == ["a", "b", "c", "b"]


def test_any_text_of_a_body_has_a_fingerprint() -> None:
    """JSON may bring half a surrogate pair, which no encoding of text takes."""
    assert len(Fingerprints().fingerprint("\ud800")) == 16


def test_a_key_file_is_made_for_its_owner_alone_and_read_again(tmp_path: Path) -> None:
    path = tmp_path / "key"
    first = from_key_file(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert from_key_file(path).fingerprint("a token") == first.fingerprint("a token")


def test_a_key_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "key"
    from_key_file(path)
    path.chmod(0o640)
    with pytest.raises(KeyFileError, match="others can read or write it; chmod 600"):
        from_key_file(path)


@pytest.mark.parametrize("content", ["", "hush", "0" * 63, "0" * 65, f"{'0' * 64}\nmore"])
def test_a_file_that_is_no_key_is_refused_and_left_alone(tmp_path: Path, content: str) -> None:
    path = tmp_path / "key"
    path.touch(0o600)
    path.write_text(content)
    with pytest.raises(KeyFileError, match="expected a key, 64 hexadecimal digits"):
        from_key_file(path)
    assert path.read_text() == content


def test_a_run_s_folder_holds_no_key(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").touch()
    with pytest.raises(KeyFileError, match="a run's folder is handed on"):
        from_key_file(tmp_path / "key")
    assert not (tmp_path / "key").exists()
