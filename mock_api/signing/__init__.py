"""Keys, and the JWTs that they sign."""

from typing import Literal, TypeAlias

Algorithm: TypeAlias = Literal["HS256", "RS256", "ES256"]
