"""A dialect: how one kind of system says what all of them say. Data alone; `reading` applies it."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

Place: TypeAlias = Literal["body", "query", "cookie", "bearer"]
UNJUDGED = (  # RFC 6749 s.5.2, all but `invalid_grant`: the refresh token was not looked at
    "invalid_request",
    "invalid_client",
    "unauthorized_client",
    "unsupported_grant_type",
    "invalid_scope",
)


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """
    Paths are patterns, in which `*` stands for anything, `/` included.

    Names are of fields in a form or in JSON, `a.b` of one within another, `*` any of a list; those of an answer are
    of cookies as well. Of several, the first that is there counts.
    """

    name: str
    summary: str
    # which requests
    token_paths: tuple[str, ...] = ()  # exchanges and sign-ins, told apart by their grant
    exchange_paths: tuple[str, ...] = ()
    sign_in_paths: tuple[str, ...] = ()
    sign_out_paths: tuple[str, ...] = ()
    auth_paths: tuple[str, ...] = ()  # the auth server's other requests: none of the app's API
    action_header: str = ""  # says what a path does not; a path is then `PATH#VALUE` in the patterns
    # where the tokens are
    grant: tuple[str, ...] = ("grant_type",)  # the field or parameter that says what is asked for
    refresh_grants: tuple[str, ...] = ("refresh_token",)  # its values that ask for a refresh
    client_grants: tuple[str, ...] = ("client_credentials",)  # those by which a client signs in as itself
    refresh_in: tuple[Place, ...] = ("body",)  # where a request has the refresh token
    refresh: tuple[str, ...] = ("refresh_token",)  # its name there
    access_cookies: tuple[str, ...] = ()  # have the access token where no Authorization does
    new_access: tuple[str, ...] = ("access_token",)  # its name in an answer
    new_refresh: tuple[str, ...] = ("refresh_token",)
    lifetime: tuple[str, ...] = ("expires_in",)  # of the access token, in s
    # which answers refuse
    refused: tuple[int, ...] = (400, 401, 403, 419, 422)  # statuses by which a token endpoint refuses a refresh token
    errors: tuple[str, ...] = ()  # fields of a 2xx that refuse it, too
    unjudged: tuple[str, ...] = UNJUDGED  # error codes that say nothing of the refresh token
    unauthorized: tuple[int, ...] = (401,)  # statuses by which the API refuses an access token
    code_paths: tuple[str, ...] = ()  # of the API, where an answer of any status may refuse it in its body
    codes: tuple[str, ...] = ()  # by these codes
    code: tuple[str, ...] = ("errors.*.extensions.code",)  # which are here
