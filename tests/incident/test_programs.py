"""What happened is shown in the file of whatever program wrote it, in the words of whatever server said it."""

import base64
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from diagnosing import diagnosed, standing_as
from exports import Browser, Har, local, oauth

Case = Callable[[], Har]


def reused(b: Browser) -> Browser:
    """Two refreshes at once by one token: granted, and refused; the winner goes on."""
    b.refresh(3600, "r0", "r1", "a1", took=0.2)
    b.refused(3600.05, "r0", took=0.2)
    b.call(3601, "/rest/v1/contacts", token="a1")
    return b


def firefox() -> Har:
    """Local time, whole milliseconds, in no order."""
    told = local(reused(Browser().begun()).har())
    told["log"]["entries"].reverse()
    return told


def safari() -> Har:
    told = local(reused(Browser().begun()).har(), 0)
    told["log"]["creator"] = {"name": "WebKit Web Inspector", "version": "1.0"}
    for each in told["log"]["entries"]:
        each["request"]["bodySize"] = -1
        each["_fetchType"] = "Network Load"
    return told


def charles() -> Har:
    told = reused(Browser().begun()).har("Charles Proxy")
    for each in told["log"]["entries"]:
        each.pop("pageref")
        for side in ("request", "response"):
            for header in each[side]["headers"]:
                header["name"] = header["name"].title()
        if text := each["response"]["content"].get("text"):
            each["response"]["content"] |= {"encoding": "base64", "text": base64.b64encode(text.encode()).decode()}
    return told


def fiddler() -> Har:
    """Seven digits of a second, and timings of -1."""
    told = local(reused(Browser().begun()).har(), -7)
    told["log"] |= {"creator": {"name": "Fiddler", "version": "5.0"}, "comment": "exported", "pages": []}
    for each in told["log"]["entries"]:
        each["startedDateTime"] = each["startedDateTime"].replace("-07:00", "4567-07:00")
        each.pop("pageref")
        each["timings"] = {
            "connect": -1,
            "blocked": -1,
            "ssl": -1,
            "dns": -1,
            "wait": each["time"],
            "send": 0,
            "receive": 0,
        }
    return told


def playwright() -> Har:
    """`record_har` with `content="embed"`: headers of HTTP/2 with their colons, no sizes."""
    told = reused(Browser().begun()).har("Playwright")
    told["log"]["browser"] = {"name": "chromium", "version": "136.0"}
    for each in told["log"]["entries"]:
        request = each["request"]
        pseudo = [{"name": f":{name}", "value": "x"} for name in ("authority", "method", "path", "scheme")]
        request["headers"] = [*pseudo, *request["headers"]]
        each.pop("_resourceType")
        each |= {"_frameref": "frame@1", "_monotonicTime": 1.5, "pageref": "page@1"}
        each["timings"] = {"send": 0, "wait": each["time"], "receive": 0, "dns": -1, "connect": -1, "ssl": -1}
    return told


def http_toolkit() -> Har:
    """Bodies' lengths by header alone; the query listed beside the address."""
    told = reused(Browser().begun()).har("HTTP Toolkit")
    for each in told["log"]["entries"]:
        each.pop("pageref")
        each["request"]["bodySize"] = -1
    return told


def without_a_creator() -> Har:
    told = reused(Browser().begun()).har()
    entries = told["log"].pop("entries")
    return {"log": {"entries": entries} | told["log"]}


def postman() -> Har:
    """A form's fields as parameters, no text."""
    told = oauth("/oauth/token")
    for each in told["log"]["entries"]:
        if (post := each["request"].get("postData")) is not None:
            pairs = [pair.split("=") for pair in post.pop("text").split("&")]
            post["params"] = [{"name": name, "value": value} for name, value in pairs]
            post["mimeType"] = "application/x-www-form-urlencoded"
    return told


def okta() -> Har:
    return oauth("/oauth2/default/v1/token", words="The refresh token is invalid or expired.")


def entra() -> Har:
    return oauth("/contoso.example/oauth2/v2.0/token", words="AADSTS70000: The provided grant has been revoked")


def auth0() -> Har:
    return oauth("/oauth/token", status=403, words="Unknown or invalid refresh token.")


def keycloak() -> Har:
    path = "/realms/main/protocol/openid-connect/token"
    return oauth(path, words="Maximum allowed refresh token reuse exceeded")


def authentik() -> Har:
    return oauth("/application/o/token/")


def zitadel() -> Har:
    return oauth("/oauth/v2/token")


def logto() -> Har:
    return oauth("/oidc/token", words="refresh token already used")


def ones_own() -> Har:
    """A path of nobody's, in the words of RFC 6749."""
    return oauth("/api/v2/session/renewal")


def cookies() -> Har:
    """Both tokens in cookies, which the script never sees."""
    b = Browser(host="app.example.com")
    jar = "access_token={0}; refresh_token={1}"
    set_ = "access_token={0}; Path=/; HttpOnly\nrefresh_token={1}; Path=/api/auth; HttpOnly"
    b.call(
        1, "POST /api/auth/login", body={"email": "ann@example.com"}, answers={"set-cookie": set_.format("a0", "r0")}
    )
    b.call(2, "/api/me", sends={"cookie": jar.format("a0", "r0")})
    for path in ("me", "news"):
        b.call(900, f"/api/{path}", 401, sends={"cookie": jar.format("a0", "r0")})
    b.call(900.1, "POST /api/auth/refresh", sends={"cookie": jar.format("a0", "r0")}, took=0.2,
           answers={"set-cookie": set_.format("a1", "r1")})  # fmt: skip
    b.call(900.15, "POST /api/auth/refresh", 401, sends={"cookie": jar.format("a0", "r0")}, took=0.2)
    b.call(901, "/api/me", sends={"cookie": jar.format("a1", "r1")})
    return b.har()


CASES: tuple[Case, ...] = (
    firefox, safari, charles, fiddler, playwright, http_toolkit, without_a_creator, postman, okta, entra, auth0,
    keycloak, authentik, zitadel, logto, ones_own, cookies,
)  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_a_refused_reuse_is_shown_and_nothing_else(tmp_path: Path, case: Case) -> None:
    """And the file is read whole."""
    found = diagnosed(tmp_path, json.loads(json.dumps(case())))
    assert found.evidence.sources[0].kept == found.evidence.sources[0].rows
    assert standing_as(found, "shown") == {"reuse-refused"}
