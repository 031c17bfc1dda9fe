"""How systems say the same things: each preset as its sources have it, and one's own in TOML."""

import json
from pathlib import Path
from typing import Any

import pytest

from race401.harness.__main__ import main
from race401.ledger.dialects.dialect import Dialect
from race401.ledger.dialects.files import DialectError, load, named
from race401.ledger.dialects.presets import COGNITO, COOKIE, DIALECTS, GITHUB, HASURA, OAUTH, SIMPLEJWT, naming
from race401.ledger.dialects.reading import (
    Asked,
    Tokens,
    asks,
    brought,
    fields,
    outcome,
    presented,
    refuses,
    role,
)

PAIR = {"access_token": "a", "refresh_token": "r", "expires_in": 60}
INITIATE = "AWSCognitoIdentityProviderService.InitiateAuth"


@pytest.mark.parametrize(
    ("name", "method", "path", "action", "what"),
    [
        ("oauth", "POST", "/oauth/token", "", "token"),
        ("oauth", "POST", "/tenant/oauth/token", "", "token"),
        ("oauth", "POST", "/oauth/tokens", "", "auth"),
        ("oauth", "POST", "/api/token", "", None),
        ("oauth", "OPTIONS", "/oauth/token", "", None),
        ("oauth", "DELETE", "/oauth/token", "", "auth"),
        ("oauth", "POST", "/oauth/revoke", "", "sign_out"),
        ("supabase", "POST", "/rfc9700/auth/v1/token", "", "token"),
        ("supabase", "POST", "/auth/v1/oauth/token", "", "token"),
        ("supabase", "GET", "/auth/v1/user", "", "auth"),
        ("supabase", "GET", "/rest/v1/a", "", None),
        ("keycloak", "POST", "/realms/x/protocol/openid-connect/token", "", "token"),
        ("keycloak", "GET", "/realms/x/protocol/openid-connect/userinfo", "", "auth"),
        ("auth0", "POST", "/oauth/token", "", "token"),
        ("cognito", "POST", "/", INITIATE, "token"),
        ("cognito", "POST", "/", "AWSCognitoIdentityProviderService.GlobalSignOut", "sign_out"),
        ("cognito", "POST", "/", "", None),
        ("cognito", "POST", "/oauth2/token", "", "token"),
        ("simplejwt", "POST", "/api/token/refresh/", "", "exchange"),
        ("simplejwt", "POST", "/api/token/", "", "sign_in"),
        ("simplejwt", "POST", "/api/tokens/", "", None),
        ("github", "POST", "/login/oauth/access_token", "", "token"),
        ("hasura", "POST", "/oauth/token", "", "token"),
        ("cookie", "POST", "/auth/refresh", "", "exchange"),
        ("cookie", "POST", "/auth/logout", "", "sign_out"),
        ("cookie", "POST", "/feed/refresh", "", None),
    ],
)
def test_which_requests_are_of_the_auth_server(
    name: str, method: str, path: str, action: str, what: str | None
) -> None:
    assert role([DIALECTS[name]], method, path, action)[1] == what


def test_of_two_dialects_the_one_that_says_more_counts() -> None:
    """One that knows a path as some request of the auth server does not hide one that knows which."""
    wide = Dialect(name="wide", summary="", auth_paths=("/*",))
    assert role([wide, OAUTH], "POST", "/oauth/token") == (OAUTH, "token")
    assert role([wide, OAUTH], "POST", "/other") == (wide, "auth")


@pytest.mark.parametrize(
    ("dialect", "asked", "kind", "token"),
    [
        (OAUTH, Asked(fields(b"grant_type=refresh_token&refresh_token=r"), empty=False), "exchange", "r"),
        (OAUTH, Asked({"grant_type": "refresh_token", "refresh_token": "r"}, empty=False), "exchange", "r"),
        (OAUTH, Asked({"refresh_token": "r"}, {"grant_type": "refresh_token"}, empty=False), "exchange", "r"),
        (OAUTH, Asked({"grant_type": "password"}, empty=False), "sign_in", None),
        (OAUTH, Asked({"grant_type": "client_credentials"}, empty=False), "sign_in", None),
        (OAUTH, Asked({"grant_type": "refresh_token", "refreshToken": "r"}, empty=False), "unreadable", None),
        (OAUTH, Asked({"refreshToken": "r"}, empty=False), "unreadable", None),
        (OAUTH, Asked(cookies={"refresh_token": "r"}), "unreadable", None),
        (GITHUB, Asked({"code": "c", "client_id": "i"}, empty=False), "sign_in", None),
        (
            COGNITO,
            Asked({"AuthFlow": "REFRESH_TOKEN_AUTH", "AuthParameters": {"REFRESH_TOKEN": "r"}}, empty=False),
            "exchange",
            "r",
        ),
        (COGNITO, Asked({"AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": {}}, empty=False), "sign_in", None),
    ],
)
def test_what_a_token_endpoint_is_asked(dialect: Dialect, asked: Asked, kind: str, token: str | None) -> None:
    assert asks(dialect, "token", asked, 200) == kind
    assert presented(dialect, asked) == token


@pytest.mark.parametrize(
    ("dialect", "asked", "status", "kind"),
    [
        (SIMPLEJWT, Asked({"refresh": "r"}, empty=False), 200, "exchange"),
        (SIMPLEJWT, Asked({"refresh_token": "r"}, empty=False), 400, "unreadable"),
        (COOKIE, Asked(cookies={"refresh_token": "r"}), 200, "exchange"),
        (COOKIE, Asked(cookies={"session": "s"}), 401, "other"),  # nobody is signed in
        (COOKIE, Asked(cookies={"session": "s"}), 200, "unreadable"),  # somebody is, by what we do not know
    ],
)
def test_what_a_path_of_refreshes_alone_is_asked(dialect: Dialect, asked: Asked, status: int, kind: str) -> None:
    assert asks(dialect, "exchange", asked, status) == kind


def test_a_refresh_token_may_come_as_bearer_or_in_the_query() -> None:
    bearer = Dialect(name="bearer", summary="", refresh_in=("bearer", "query"))
    assert presented(bearer, Asked(bearer="r")) == "r"
    assert presented(bearer, Asked(query={"refresh_token": "q"})) == "q"


@pytest.mark.parametrize(
    ("dialect", "told", "cookies", "tokens"),
    [
        (OAUTH, PAIR, {}, Tokens("a", "r", 60)),
        (OAUTH, PAIR | {"expires_in": "60"}, {}, Tokens("a", "r", 60)),
        (OAUTH, PAIR | {"expires_in": "soon"}, {}, Tokens("a", "r", None)),
        *((OAUTH, PAIR | {"expires_in": endless}, {}, Tokens("a", "r", None)) for endless in (1e400, 10**400, "nan")),
        *((OAUTH, PAIR | {"refresh_token": none}, {}, Tokens("a", None, 60)) for none in (["r"], {"r": 1}, True, "")),
        (OAUTH, PAIR | {"refresh_token": 12}, {}, Tokens("a", "12", 60)),
        (OAUTH, PAIR | {"access_token": {"jwt": "a"}}, {}, Tokens(None, "r", 60)),
        (OAUTH, {"accessToken": "a"}, {}, Tokens()),
        (SIMPLEJWT, {"access": "a", "refresh": "r"}, {}, Tokens("a", "r")),
        (COOKIE, {"accessToken": "a", "expiresIn": 60}, {"refresh_token": "r"}, Tokens("a", "r", 60)),
        (COOKIE, {}, {"access_token": "a", "refresh_token": "r"}, Tokens("a", "r")),
        (
            COGNITO,
            {"AuthenticationResult": {"AccessToken": "a", "ExpiresIn": 60, "IdToken": "i"}},
            {},
            Tokens("a", None, 60),
        ),
        (HASURA, {"session": {"accessToken": "a", "refreshToken": "r"}}, {}, Tokens("a", "r")),
    ],
)
def test_what_an_answer_brings(
    dialect: Dialect, told: dict[str, Any], cookies: dict[str, str], tokens: Tokens
) -> None:
    assert brought(dialect, told, cookies) == tokens


@pytest.mark.parametrize(
    ("dialect", "status", "told", "became"),
    [
        (GITHUB, 200, {"error": "bad_refresh_token"}, "refused"),
        (GITHUB, 200, {"error": "incorrect_client_credentials"}, None),
        (GITHUB, 200, PAIR, "granted"),
        (OAUTH, 200, {"error": "bad_refresh_token"}, "unread"),
        (OAUTH, 403, {}, "refused"),
        (DIALECTS["auth0"], 403, {"error": "invalid_grant"}, "refused"),
        (OAUTH, 419, {}, "refused"),
        (OAUTH, 404, {}, "unread"),
        (OAUTH, 302, {}, "unread"),
        (SIMPLEJWT, 401, {"code": "token_not_valid"}, "refused"),
        (COGNITO, 400, {"__type": "NotAuthorizedException"}, "refused"),
    ],
)
def test_which_answers_refuse_a_refresh(
    dialect: Dialect, status: int, told: dict[str, Any], became: str | None
) -> None:
    assert outcome(dialect, status, told, brought(dialect, told, {})) == became


def graphql(*codes: str) -> dict[str, Any]:
    """An answer with these errors."""
    return {"errors": [{"message": "", "extensions": {"code": code}} for code in codes]}


@pytest.mark.parametrize(
    ("dialect", "status", "path", "told", "refused"),
    [
        (OAUTH, 401, "/a", None, True),
        (OAUTH, 403, "/a", None, False),
        (COOKIE, 419, "/a", None, True),
        (HASURA, 200, "/v1/graphql", graphql("validation-failed", "invalid-jwt"), True),
        (HASURA, 200, "/v1/graphql", graphql("validation-failed"), False),
        (HASURA, 200, "/v1/graphql", {"data": {}}, False),
        (HASURA, 200, "/elsewhere", graphql("invalid-jwt"), False),
        (OAUTH, 200, "/v1/graphql", graphql("invalid-jwt"), False),
    ],
)
def test_which_answers_of_the_api_refuse(
    dialect: Dialect, status: int, path: str, told: dict[str, Any] | None, *, refused: bool
) -> None:
    assert refuses([dialect], status, path, told) is refused


def test_a_path_that_is_named_has_no_pattern() -> None:
    mine = naming(OAUTH, "/a/[b]*")
    assert role([mine], "POST", "/a/[b]*")[1] == "token"
    assert role([mine], "POST", "/a/b")[1] is None


def test_ones_own_dialect_begins_from_another(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(
        '[mine]\nlike = "cookie"\nexchange_paths = "/renew"\nrefresh = ["rt"]\nunauthorized = [401, 403]\n'
    )
    (mine,) = named(str(file))
    assert (mine.name, mine.exchange_paths, mine.refresh, mine.unauthorized) == (
        "mine",
        ("/renew",),
        ("rt",),
        (401, 403),
    )
    assert (mine.refresh_in, mine.new_access) == (COOKIE.refresh_in, COOKIE.new_access)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no dialect in it; write a table such as [mine]"),
        ("[mine", "not TOML: "),
        ("mine = 1", "[mine] is not a table; write [mine] above its settings"),
        ('[mine]\nlike = "okta"', "[mine] like = 'okta': no such dialect; known: oauth, supabase, "),
        ('[mine]\nrefesh = "a"', "[mine] refesh: no such setting; did you mean refresh?"),
        ("[mine]\nrefresh = 1", "[mine] refresh = 1: must be texts in quotes, one or a list"),
        ('[mine]\nrefused = ["400"]', "[mine] refused = ['400']: must be statuses, whole numbers from 100 to 599"),
        ('[mine]\nrefresh_in = "header"', "must be some of 'body', 'query', 'cookie', 'bearer'"),
        ('[mine]\ntoken_paths = ["oauth/token"]', "must be paths that begin with '/', or with '*' for any beginning"),
        ("[mine]\naction_header = 1", "[mine] action_header = 1: must be a text in quotes"),
        ('["My own"]\n', "cannot be a dialect's name; use lower-case letters, digits and '-'"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "mine.toml").write_text(text)
    with pytest.raises(DialectError) as refused:
        load(tmp_path / "mine.toml")
    assert said in str(refused.value)
    assert str(refused.value).startswith(f"{tmp_path / 'mine.toml'}: ")


def test_an_unknown_dialect_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["proxy", "--target", "http://x", "--dialect", "gihub"]) == 2
    assert capsys.readouterr().err == (
        "race401: --dialect gihub: there is no such dialect; did you mean github? (or a TOML file of your own)\n"
    )
    assert main(["proxy", "--target", "http://x", "--token-path", "refresh"]) == 2
    assert capsys.readouterr().err == (
        "race401: --token-path refresh: expected a path without a query, such as /auth/refresh\n"
    )


def test_the_dialects_are_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As a table, as JSON and as Markdown, which the docs have; one's own beside them."""
    (tmp_path / "mine.toml").write_text('[mine]\nrefresh = "rt"\n')
    assert main(["dialects"]) == 0
    assert all(name in capsys.readouterr().out for name in ["cognito"])
    assert main(["dialects", "--json", "--dialects", str(tmp_path / "mine.toml")]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert list(listed) == [*DIALECTS, "mine"]
    assert listed["mine"]["refresh"] == ["rt"]
    assert main(["dialects", "--markdown"]) == 0
    assert capsys.readouterr().out in Path("docs/dialects.md").read_text()
