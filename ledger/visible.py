"""
What a text itself shows to be a secret, masked: by a name or place (`secrecy`), or by shape, a JWT.

In clear, percent-encoded, in JSON, whole or torn, in a URL within a URL, in base64. What is no secret stays as it
was, byte for byte.
"""

import base64
import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, unquote

from race401.ledger.secrecy import CERTAIN, is_place, is_spoken, secret_by_name

ENCODED, DEEPEST = 3, 6  # so often is a text percent-encoded, so deep is one within another; what is deeper is masked
KEPT = "/:,;=?@{}[]\"'"  # what needs no encoding to be read

JWT = re.compile(r"(?<![\w-])e[yw][\w-]{6,}(?:\.[\w-]*){2,4}", re.ASCII)  # base64url of `{"` or `{` and white space
USERINFO = re.compile(r"//([^/@\s?&#]+)@")
BASE64 = re.compile(r"(?<![\w+/-])[\w+/-]{16,}={0,2}", re.ASCII)
PAIR = re.compile(  # name=value, "name": "value", name: 'value'
    r"""(?<![\w.\-\[\]])([\w.\-\[\]]+)(["']?\s*[=:]\s*)("(?:[^"\\]|\\.)*"?|'[^']*'?|[^&;,\s"'}\]]+)""", re.ASCII
)


class Visible:
    """Masks by these fingerprints. Takes time in proportion to the text, whatever it is."""

    def __init__(self, fingerprint: Callable[[str], str]) -> None:
        self._fingerprint = fingerprint

    def target(self, target: str) -> str:
        """Return a path with its query masked."""
        path, mark, query = USERINFO.sub(self._userinfo, target).partition("?")
        pieces, place = [], False
        for piece in re.split("([/;])", path):
            pieces.append(piece if piece in "/;" else self._piece(piece, place=place))
            place = place or is_place(piece)
        return "".join(pieces) + mark + "&".join(map(self._piece, query.split("&")))

    def _piece(self, piece: str, *, place: bool = False) -> str:
        """Return a segment, or a parameter with its name, masked."""
        name, equals, value = piece.partition("=")
        if not value:
            return self._value(name, secret=False, place=place) + equals
        plain_text = decoded(name)
        secret, place = secret_by_name(plain_text), place or is_place(plain_text)
        return f"{self._value(name, secret=False)}={self._value(value, secret=secret, place=place)}"

    def _value(self, raw: str, *, secret: bool, place: bool = False) -> str:
        plain_text = decoded(raw)
        if plain_text and (secret or (place and not is_spoken(plain_text))):
            return self._fingerprint(plain_text)
        masked = self.text(plain_text)
        return raw if masked == plain_text else quote(masked, KEPT)

    def text(self, text: str, depth: int = 0) -> str:
        """Return any text masked, however it is laid out; `depth`: within so many others."""
        if depth > DEEPEST:
            return self._fingerprint(text)
        masked = JWT.sub(lambda found: self._fingerprint(found[0]), USERINFO.sub(self._userinfo, text))
        if masked[:1] in ("{", "["):
            try:
                content = json.loads(masked)
                hidden = self._json(content, depth)
            except (ValueError, RecursionError):  # torn, or no JSON at all
                pass
            else:
                return masked if hidden == content else json.dumps(hidden, separators=(",", ":"), ensure_ascii=False)
        masked = PAIR.sub(lambda found: self._pair(found, depth), masked)
        return BASE64.sub(lambda found: self._base64(found[0], depth), masked)

    def _json(self, content: Any, depth: int, *, secret: bool = False) -> Any:
        if isinstance(content, dict):
            return {
                name: self._json(value, depth + 1, secret=secret or secret_by_name(name))
                for name, value in content.items()
            }
        if isinstance(content, list):
            return [self._json(value, depth + 1, secret=secret) for value in content]
        if secret and content not in (None, ""):
            return self._fingerprint(content if isinstance(content, str) else json.dumps(content))
        return self.text(decoded(content), depth + 1) if isinstance(content, str) else content

    def _pair(self, found: re.Match[str], depth: int) -> str:
        name, between, value = found.groups()
        plain_text = value.strip("\"'")
        bare = ":" in between and between[0] not in "\"'"  # `key:red` is a search; `refresh_token:red` is not
        if plain_text and secret_by_name(name) and (not bare or CERTAIN.search(name.lower())):
            return name + between + value.replace(plain_text, self._fingerprint(plain_text))
        return name + between + self.text(value, depth + 1)

    def _base64(self, run: str, depth: int) -> str:
        """Return it as it is, or its fingerprint, if it is base64 of a text that holds a secret."""
        plain = run.rstrip("=").replace("+", "-").replace("/", "_")
        try:
            plain_text = base64.urlsafe_b64decode(plain + "=" * (-len(plain) % 4)).decode()
        except ValueError:
            return run
        return run if self.text(plain_text, depth + 1) == plain_text else self._fingerprint(run)

    def _userinfo(self, found: re.Match[str]) -> str:
        return f"//{self._fingerprint(found[1])}@"


def anonymous(url: str) -> str:
    """Return a URL without the user and password that it may name, to be shown."""
    return USERINFO.sub("//", url)


def decoded(raw: str) -> str:
    """Return it without its percent-encoding, that of an encoded text too."""
    for _ in range(ENCODED):
        if "%" not in raw:
            break
        raw = unquote(raw)
    return raw
