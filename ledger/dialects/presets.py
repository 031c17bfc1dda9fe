"""The dialects of systems that many use, each as its documentation has it."""

from dataclasses import replace

from race401.ledger.dialects.dialect import UNJUDGED, Dialect

OAUTH = Dialect(
    name="oauth",
    summary="RFC 6749 and 7009: a form or JSON at .../oauth/token or .../oauth2/token",
    token_paths=("*/oauth/token", "*/oauth2/token", "*/oauth2/v1/token", "*/connect/token"),
    sign_out_paths=("*/oauth/revoke", "*/oauth2/revoke", "*/oauth2/v1/revoke", "*/connect/revocation"),
    auth_paths=("*/oauth/*", "*/oauth2/*", "*/connect/*"),
)
SUPABASE = Dialect(
    name="supabase",
    summary="Supabase Auth: JSON at /auth/v1/token, the grant in the query",
    token_paths=("*/auth/v1/token",),
    sign_in_paths=("*/auth/v1/signup", "*/auth/v1/verify"),
    sign_out_paths=("*/auth/v1/logout",),
    auth_paths=("*/auth/v1/*",),
)
KEYCLOAK = Dialect(
    name="keycloak",
    summary="Keycloak: a form below /realms/NAME/protocol/openid-connect",
    token_paths=("*/protocol/openid-connect/token",),
    sign_out_paths=("*/protocol/openid-connect/logout", "*/protocol/openid-connect/revoke"),
    auth_paths=("*/protocol/openid-connect/*",),
)
AUTH0 = Dialect(
    name="auth0",
    summary="Auth0: JSON or a form at /oauth/token",
    token_paths=("/oauth/token",),
    sign_out_paths=("/oauth/revoke", "/v2/logout", "/oidc/logout"),
    auth_paths=("/oauth/*", "/authorize", "/co/authenticate", "/dbconnections/*"),
)
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
GITHUB = Dialect(
    name="github",
    summary="GitHub: a form at /login/oauth/access_token, which refuses in a 200",
    token_paths=("/login/oauth/access_token",),
    sign_out_paths=("/applications/*/token", "/applications/*/grant"),
    auth_paths=("/login/*",),
    errors=("error",),
    unjudged=(*UNJUDGED, "incorrect_client_credentials", "redirect_uri_mismatch", "application_suspended"),
)
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


def _literal(path: str) -> str:
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in path)
