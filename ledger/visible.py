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
        said = decoded(name)
        secret, place = secret_by_name(said), place or is_place(said)
        return f"{self._value(name, secret=False)}={self._value(value, secret=secret, place=place)}"

    def _value(self, raw: str, *, secret: bool, place: bool = False) -> str:
        said = decoded(raw)
        if said and (secret or (place and not is_spoken(said))):
            return self._fingerprint(said)
        masked = self.text(said)
        return raw if masked == said else quote(masked, KEPT)

    def text(self, text: str, depth: int = 0) -> str:
        """Return any text masked, however it is laid out; `depth`: within so many others."""
        if depth > DEEPEST:
            return self._fingerprint(text)
        masked = JWT.sub(lambda found: self._fingerprint(found[0]), USERINFO.sub(self._userinfo, text))
        if masked[:1] in ("{", "["):
            try:
                told = json.loads(masked)
                hidden = self._json(told, depth)
            except (ValueError, RecursionError):  # torn, or no JSON at all
                pass
            else:
                return masked if hidden == told else json.dumps(hidden, separators=(",", ":"), ensure_ascii=False)
        masked = PAIR.sub(lambda found: self._pair(found, depth), masked)
        return BASE64.sub(lambda found: self._base64(found[0], depth), masked)

    def _json(self, told: Any, depth: int, *, secret: bool = False) -> Any:
        if isinstance(told, dict):
            return {
                name: self._json(value, depth + 1, secret=secret or secret_by_name(name))
                for name, value in told.items()
            }
        if isinstance(told, list):
            return [self._json(value, depth + 1, secret=secret) for value in told]
        if secret and told not in (None, ""):
            return self._fingerprint(told if isinstance(told, str) else json.dumps(told))
        return self.text(decoded(told), depth + 1) if isinstance(told, str) else told

    def _pair(self, found: re.Match[str], depth: int) -> str:
        name, between, value = found.groups()
        said = value.strip("\"'")
        bare = ":" in between and between[0] not in "\"'"  # `key:red` is a search; `refresh_token:red` is not
        if said and secret_by_name(name) and (not bare or CERTAIN.search(name.lower())):
            return name + between + value.replace(said, self._fingerprint(said))
        return name + between + self.text(value, depth + 1)

    def _base64(self, run: str, depth: int) -> str:
        """Return it as it is, or its fingerprint, if it is base64 of a text that holds a secret."""
        plain = run.rstrip("=").replace("+", "-").replace("/", "_")
        try:
            said = base64.urlsafe_b64decode(plain + "=" * (-len(plain) % 4)).decode()
        except ValueError:
            return run
        return run if self.text(said, depth + 1) == said else self._fingerprint(run)

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
