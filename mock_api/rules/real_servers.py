"""
Real servers as settings: what each does that the world which it is like does not.

*Measured* are those that were started and asked, over loopback, with PostgreSQL where they keep sessions in a
database: a second use, five uses at once, the old access token after a refresh, the revocation of a consumed token.
*Documented* are those of which only the documentation was read; what it does not say is as in the world that they
are like.
"""

from typing import Any, NamedTuple


class Server(NamedTuple):
    """One configuration of a server."""

    like: str  # the world that it is like
    summary: str
    settings: dict[str, Any]  # what differs


_OAUTH = {"refusal_body": "oauth", "access_format": "opaque"}
_DOT = {
    **_OAUTH,
    "unauthorized_status": 403,
    "losers_get": "same",
    "refresh_ends_access_tokens": "at_once",
    "revoke_ends": "token",
}
_BETTER = {"refusal_body": "oauth", "losers_get": "refusal", "on_reuse": "delete_all"}

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
        {"losers_get": "sibling", "revoke_ends": "token", "refusal_status": 401, "refresh_format": "jwt"},
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
    "keycloak": Server("rotate-strict", "Keycloak, Revoke Refresh Token on, Max Reuse 0; documented", {}),
    "auth0": Server("rfc9700", "Auth0, rotation on, an overlap period of 0; documented", {}),
    "okta": Server("overlap-new-sibling", "Okta, rotation on, a grace period of 30 s; documented", {}),
    "cognito": Server(
        "rotate-strict",
        "Amazon Cognito, rotation on, a retry grace period of 60 s; documented",
        {"reuse_interval": 60.0, "reuse_slides": False},
    ),
    "workos": Server("overlap-same-pair", "WorkOS, a grace period of 30 s; documented", {}),
    "duende": Server("rotate-strict", "Duende IdentityServer, OneTimeOnly; documented", {}),
}
