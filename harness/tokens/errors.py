"""
Why a request could not be authenticated, by whose word:

* AuthError
  x RefreshRefused        the auth server said no (RFC 6749 s.5.2); .status, .code
  x RefreshUnavailable    no answer that can be trusted; trying again may work; .status or None

No message, attribute or traceback of these contains a token.
"""


class AuthError(Exception):
    """Base of what this package raises; catch this one to catch all of it."""


class RefreshRefused(AuthError):
    """The auth server refused the grant: the same refresh token will not work again."""

    def __init__(self, message: str, *, status: int, code: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class RefreshUnavailable(AuthError):
    """The auth server gave no usable answer: the connection failed, or the status was 5xx or 429."""

    def __init__(self, message: str, *, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status
