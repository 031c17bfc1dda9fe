"""
Real servers as settings: what each does that the world which it is like does not.

*Measured* are those that were started and asked, over loopback, with PostgreSQL where they keep sessions in a
database: a second use, five uses at once, the old access token after a refresh, the revocation of a consumed token.
*Documented* are those of which only documentation or source was read, never the server: the comment above each says
which, and what of it is *unchecked*. What a source does not say is as in the world that they are like; for all six
that is what uses *at once* get, and whether a consumed token that is revoked ends its session, unless their comment
says it. That they refuse in RFC 6749's words, with 400 unless said otherwise, is its s.5.2.
"""

from typing import Any, NamedTuple


class Server(NamedTuple):
    """One configuration of a server."""

    like: str  # the world that it is like
    summary: str
    settings: dict[str, Any]  # what differs


_INVALID_GRANT = {"refusal_body": "oauth"}
_OAUTH = {"refusal_body": "oauth", "access_format": "opaque"}
_DOT = {
    **_OAUTH,
    "unauthorized_status": 403,
    "losers_get": "same",
    "refresh_ends_access_tokens": "at_once",
    "revoke_ends": "token",
}
_BETTER = {
    **_OAUTH,
    "losers_get": "refusal",
    "on_reuse": "delete_all",
    "revoke_of_consumed": "reuse",
    "check_session": True,
}

REAL_SERVERS = {
    "oidc-provider": Server(
        "rfc9700",
        "oidc-provider 9.13.3, its adapter in memory; measured",
        {**_OAUTH, "check_session": True},
    ),
    "oidc-provider-database": Server(
        "rfc9700",
        "oidc-provider 9.13.3, an adapter over a database in the documented shape; measured",
        {**_OAUTH, "check_session": True, "losers_get": "sibling"},
    ),
    "django-oauth-toolkit": Server(
        "rfc9700",
        "django-oauth-toolkit 3.4.1, reuse protection on, no grace period; measured",
        _DOT,
    ),
    "django-oauth-toolkit-grace": Server(
        "rfc9700",
        "django-oauth-toolkit 3.4.1, reuse protection on, a grace period of 3 s; measured",
        {**_DOT, "reuse_interval": 3.0, "reuse_slides": False, "reuse_brings": "same", "reuse_of": "parent"},
    ),
    "django-oauth-toolkit-unprotected": Server(
        "rotate-strict",
        "django-oauth-toolkit 3.4.1, reuse protection off; measured",
        _DOT,
    ),
    "authlib": Server(
        "rotate-strict",
        "Authlib 1.9.10, SQLAlchemy as documented; measured",
        {**_OAUTH, "losers_get": "sibling", "refresh_ends_access_tokens": "at_once", "revoke_ends": "token"},
    ),
    "simplejwt": Server(
        "rotate-strict",
        "djangorestframework-simplejwt 5.5.1, rotation and blacklist; measured",
        {
            "losers_get": "sibling",
            "revoke_ends": "token",
            "revoke_of_consumed": "refusal",
            "refusal_status": 401,
            "refresh_format": "jwt",
        },
    ),
    "oauth2-server": Server(
        "rotate-strict",
        "@node-oauth/oauth2-server 5.3.0, a model that deletes; measured",
        {**_OAUTH, "refresh_ends_access_tokens": "at_once"},
    ),
    "better-auth": Server("rotate-strict", "better-auth 1.7.25 with oauth-provider 1.7.5; measured", _BETTER),
    "better-auth-interval": Server(
        "rotate-strict",
        "better-auth 1.7.25 with oauth-provider 1.7.5, refreshTokenReuseInterval 3; measured",
        {**_BETTER, "reuse_interval": 3.0, "reuse_slides": False, "reuse_brings": "same"},
    ),
    "doorkeeper": Server(
        "rotate-strict",
        "Doorkeeper 5.5.0 on Rails 6.1: a token is retired when the new access token is first used; measured",
        {
            **_OAUTH,
            "losers_get": "sibling",
            "unacknowledged_brings": "sibling",
            "acknowledged_by": "use",
            "refresh_ends_access_tokens": "at_first_use",
            "revoke_ends": "token",
        },
    ),
    # Source: github.com/keycloak/keycloak b566b9d4, services/.../oidc/refresh/AbstractRefreshTokenProvider.java: a
    # use too many is refused (`invalid_grant`) and detaches the client's session, so that its newest token is dead as
    # well; since pull request 8130 of 2021. Unless set, it is off and Max Reuse 0: pull request 4510.
    # Uses at once wait for each other, by a lock in newer versions of the file.
    "keycloak": Server("rfc9700", "Keycloak, Revoke Refresh Token on, Max Reuse 0; documented", _INVALID_GRANT),
    # https://auth0.com/docs/secure/tokens/refresh-tokens/configure-refresh-token-rotation: within the overlap period
    # the previous token brings a new one, an older one is a breach; rotation is a choice. 403:
    # https://support.auth0.com/center/s/article/troubleshoot-refresh-token-unknown-or-invalid-before-expiry-403-unknown-or-invalid-refresh-token
    # Unchecked: that a breach revokes the family (others say it of Auth0, the page speaks of detection alone), and
    # that 0 is the default (a copy of the API's schema says it).
    "auth0": Server(
        "rfc9700", "Auth0, rotation on, an overlap period of 0; documented", {**_INVALID_GRANT, "refusal_status": 403}
    ),
    # https://developer.okta.com/docs/guides/refresh-tokens/refresh-token-rotation/: 0 to 60 s, 30 unless set;
    # rotation is what a single-page app begins with. A reuse ends the newest refresh token and all access tokens,
    # which a resource that verifies the JWT alone does not see. Unchecked: that a second use in time brings another
    # token, not the same (the page says only that the previous token stays valid).
    "okta": Server("overlap-new-sibling", "Okta, rotation on, a grace period of 30 s; documented", _INVALID_GRANT),
    # https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_RefreshTokenRotationType.html:
    # rotation is off unless enabled; 0 to 60 s, and no default is told: 60 s is the longest. A later use is a
    # RefreshTokenReuseException (same reference), a body that this world has not. Unchecked: that a second use in
    # time brings another token, and that a later one leaves the session alive.
    "cognito": Server(
        "rotate-strict",
        "Amazon Cognito, rotation on, a retry grace period of 60 s; documented",
        {**_INVALID_GRANT, "reuse_interval": 60.0, "reuse_slides": False},
    ),
    # https://workos.com/docs/authkit/session-resilience: each use retires the token, with a replay grace period; that
    # it has 30 s and brings the same pair, and later a 400 `invalid_grant`, is from others who quote that page.
    # https://workos.com/docs/reference/workos-connect/revocation: revoking a token revokes those that it was rotated
    # into, and access tokens live on. Unchecked: that a late use ends the session.
    "workos": Server("overlap-same-pair", "WorkOS, a grace period of 30 s; documented", _INVALID_GRANT),
    # https://docs.duendesoftware.com/identityserver/tokens/refresh: since 7.0 tokens are reused unless set to
    # OneTime(Only), and the default service rejects consumed ones; to revoke more is left to whoever extends it.
    # There is no leeway.
    "duende": Server("rotate-strict", "Duende IdentityServer, OneTimeOnly; documented", _INVALID_GRANT),
}
