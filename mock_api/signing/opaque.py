"""Opaque access tokens: what a client cannot read, and any process that has the keys can."""

import base64

PREFIX = "opaque_"


def closed(jwt: str) -> str:
    """Return the opaque token that stands for this JWT."""
    return PREFIX + base64.urlsafe_b64encode(jwt.encode()).decode().rstrip("=")


def opened(token: str) -> str:
    """Return the JWT that an opaque token stands for; of what is none, nothing that could be one."""
    if not token.startswith(PREFIX):
        return ""
    encoded = token[len(PREFIX) :]
    try:
        return base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode("ascii")
    except ValueError:
        return ""
