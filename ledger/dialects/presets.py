"""
The dialects of systems that many use.

The comment above each names the documentation or source (at a commit) that was read for it, and what is *unchecked*,
from memory.
"""

from dataclasses import replace

from race401.ledger.dialects.dialect import UNJUDGED, Dialect

# RFC 6749 s.6 and s.5: fields, grant and errors; RFC 7009 s.2: revocation; neither was read again for this. Paths are
# no part of them: /connect/token is of https://docs.duendesoftware.com/identityserver/tokens/refresh; the others are
# usual names, unchecked.
OAUTH = Dialect(
    name="oauth",
    summary="RFC 6749 and 7009: a form or JSON at .../oauth/token or .../oauth2/token",
    token_paths=("*/oauth/token", "*/oauth2/token", "*/oauth2/v1/token", "*/connect/token"),
    sign_out_paths=("*/oauth/revoke", "*/oauth2/revoke", "*/oauth2/v1/revoke", "*/connect/revocation"),
    auth_paths=("*/oauth/*", "*/oauth2/*", "*/connect/*"),
)
# github.com/supabase/auth 01951a48, internal/api/api.go: /token, /oauth/token, /signup, /verify and /logout, which
# Supabase serves below /auth/v1 (github.com/supabase/auth-js/issues/454, as is the grant in the query).
# internal/api/token_refresh.go (0369c938): refresh_token. Unchecked: the names in its answer.
SUPABASE = Dialect(
    name="supabase",
    summary="Supabase Auth: JSON at /auth/v1/token, the grant in the query",
    token_paths=("*/auth/v1/token", "*/auth/v1/oauth/token"),
    sign_in_paths=("*/auth/v1/signup", "*/auth/v1/verify"),
    sign_out_paths=("*/auth/v1/logout",),
    auth_paths=("*/auth/v1/*",),
)
# https://www.keycloak.org/securing-apps/oidc-layers: token, logout and userinfo. Revocation at .../revoke:
# github.com/louketo/louketo-proxy/issues/662, of Keycloak 10.
KEYCLOAK = Dialect(
    name="keycloak",
    summary="Keycloak: a form below /realms/NAME/protocol/openid-connect",
    token_paths=("*/protocol/openid-connect/token",),
    sign_out_paths=("*/protocol/openid-connect/logout", "*/protocol/openid-connect/revoke"),
    auth_paths=("*/protocol/openid-connect/*",),
)
# https://auth0.com/docs/secure/tokens/refresh-tokens/use-refresh-tokens and /docs/api/authentication: /oauth/token
# and its fields; /oauth/revoke: https://auth0.com/docs/tokens/guides/revoke-refresh-tokens. It refuses with 403
# `invalid_grant`: see the mock's `auth0`. Unchecked: /v2/logout, /oidc/logout, /co/authenticate and /dbconnections.
AUTH0 = Dialect(
    name="auth0",
    summary="Auth0: JSON or a form at /oauth/token",
    token_paths=("/oauth/token",),
    sign_out_paths=("/oauth/revoke", "/v2/logout", "/oidc/logout"),
    auth_paths=("/oauth/*", "/authorize", "/co/authenticate", "/dbconnections/*"),
)
# https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/: InitiateAuth (REFRESH_TOKEN_AUTH alone
# was read) and GetTokensFromRefreshToken (RefreshToken), RevokeToken, GlobalSignOut; the header and AuthParameters as
# clients send them. https://docs.aws.amazon.com/cognito/latest/developerguide/: token-endpoint, revocation-endpoint.
# Unchecked: the grant REFRESH_TOKEN, RespondToAuthChallenge, and the names in AuthenticationResult.
COGNITO = Dialect(
    name="cognito",
    summary="Amazon Cognito: InitiateAuth and GetTokensFromRefreshToken at /, or a form at /oauth2/token",
    action_header="x-amz-target",
    token_paths=("/#*.InitiateAuth", "/oauth2/token#"),
    exchange_paths=("/#*.GetTokensFromRefreshToken",),
    sign_in_paths=("/#*.RespondToAuthChallenge",),
    sign_out_paths=("/#*.GlobalSignOut", "/#*.RevokeToken", "/oauth2/revoke#"),
    auth_paths=("/#AWSCognitoIdentityProviderService.*", "/oauth2/*"),
    grant=("AuthFlow", "grant_type"),
    refresh_grants=("REFRESH_TOKEN_AUTH", "REFRESH_TOKEN", "refresh_token"),
    refresh=("AuthParameters.REFRESH_TOKEN", "RefreshToken", "refresh_token"),
    new_access=("AuthenticationResult.AccessToken", "access_token"),
    new_refresh=("AuthenticationResult.RefreshToken", "refresh_token"),
    lifetime=("AuthenticationResult.ExpiresIn", "expires_in"),
)
# github.com/jazzband/djangorestframework-simplejwt: docs/getting_started.rst (134d48e7) has the paths and
# rest_framework_simplejwt/serializers.py (0082565a) the fields. Paths are the project's own choice. Unchecked: that
# the blacklist's view is usually at token/blacklist/.
SIMPLEJWT = Dialect(
    name="simplejwt",
    summary='djangorestframework-simplejwt: {"refresh"} at .../token/refresh/ brings {"access", "refresh"}',
    exchange_paths=("*/token/refresh", "*/token/refresh/"),
    sign_in_paths=("*/token", "*/token/"),
    sign_out_paths=("*/token/blacklist", "*/token/blacklist/"),
    auth_paths=("*/token/verify", "*/token/verify/"),
    refresh=("refresh",),
    new_access=("access",),
    new_refresh=("refresh",),
)
# https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/refreshing-user-access-tokens
# and https://developer.github.com/changes/2020-04-30-expiring-user-to-server-access-tokens-for-github-apps/: path,
# grant, fields.
# https://docs.github.com/apps/managing-oauth-apps/troubleshooting-oauth-app-access-token-request-errors/: errors are
# in `error`; two of the codes below. That they come in a 200, and `bad_refresh_token`, are from clients' sources.
# Unchecked: application_suspended, and the paths of sign-out.
GITHUB = Dialect(
    name="github",
    summary="GitHub: a form at /login/oauth/access_token, which refuses in a 200",
    token_paths=("/login/oauth/access_token",),
    sign_out_paths=("/applications/*/token", "/applications/*/grant"),
    auth_paths=("/login/*",),
    errors=("error",),
    unjudged=(*UNJUDGED, "incorrect_client_credentials", "redirect_uri_mismatch", "application_suspended"),
)
# github.com/hasura/graphql-engine 11a454c2, server/src-lib/Hasura/Base/Error.hs: the codes, in extensions.code.
# github.com/nhost/hasura-auth 097174d7, go/api/openapi.yaml: /token, /signin/*, refreshToken, and the session's
# fields; below /v1:
# https://raw.githubusercontent.com/api-evangelist/nhost/main/collections/nhost-session-api.opencollection.json, as is
# /signout. Unchecked: that they come in a 200, and /v1beta1/relay.
HASURA = Dialect(
    name="hasura",
    summary="Hasura: GraphQL at .../v1/graphql, which refuses in a 200; tokens of OAuth, or of its own auth",
    token_paths=OAUTH.token_paths,
    exchange_paths=("*/v1/token",),
    sign_in_paths=("*/signin/*",),
    sign_out_paths=(*OAUTH.sign_out_paths, "*/v1/signout"),
    auth_paths=OAUTH.auth_paths,
    refresh=("refresh_token", "refreshToken"),
    new_access=("access_token", "accessToken", "session.accessToken"),
    new_refresh=("refresh_token", "refreshToken", "session.refreshToken"),
    lifetime=("expires_in", "accessTokenExpiresIn", "session.accessTokenExpiresIn"),
    code_paths=("*/v1/graphql", "*/v1beta1/relay"),
    codes=("invalid-jwt", "invalid-headers"),
)
# No system's: names and paths that are usual, from memory, unchecked; so is 419, Laravel's.
COOKIE = Dialect(
    name="cookie",
    summary="a session in cookies: the refresh token in one, the access token in another or in the answer",
    exchange_paths=("*/auth/refresh", "*/auth/token/refresh", "*/auth/refresh-token"),
    sign_in_paths=("*/auth/login", "*/auth/signin"),
    sign_out_paths=("*/auth/logout", "*/auth/signout"),
    auth_paths=("*/auth/*",),
    refresh_in=("cookie", "body"),
    refresh=("refresh_token", "refreshToken", "refresh"),
    access_cookies=("access_token", "accessToken", "access"),
    new_access=("access_token", "accessToken", "access"),
    new_refresh=("refresh_token", "refreshToken", "refresh"),
    lifetime=("expires_in", "expiresIn"),
    unauthorized=(401, 419),
)
DIALECTS = {
    dialect.name: dialect
    for dialect in (OAUTH, SUPABASE, KEYCLOAK, AUTH0, COGNITO, SIMPLEJWT, GITHUB, HASURA, COOKIE)
}
USUAL = (OAUTH, SUPABASE)


def naming(dialect: Dialect, *paths: str) -> Dialect:
    """Return the dialect with these token endpoints, too; a path has no pattern."""
    mark = "#" if dialect.action_header else ""
    return replace(dialect, token_paths=(*(f"{_literal(path)}{mark}" for path in paths), *dialect.token_paths))


def signing_in_at(dialect: Dialect, path: str) -> Dialect:
    """Return the dialect with this place of sign-ins, too."""
    mark = "#" if dialect.action_header else ""
    return replace(dialect, sign_in_paths=(f"{_literal(path)}{mark}", *dialect.sign_in_paths))


def _literal(path: str) -> str:
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in path)
