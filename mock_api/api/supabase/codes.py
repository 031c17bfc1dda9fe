"""What would send a code by mail or SMS: it is asked for and answered, and nobody ever gets one."""

from typing import Any

from fastapi import APIRouter, Request

from race401.mock_api.api.supabase import bodies
from race401.mock_api.api.supabase.callers import caller, limited, realm_of
from race401.mock_api.api.supabase.problems import AuthProblem
from race401.mock_api.api.supabase.rules import checked_email, checked_phone
from race401.mock_api.http.body import documented

router = APIRouter(prefix="/auth/v1", tags=["auth"])
RESENT = frozenset({"signup", "email_change", "sms", "phone_change"})


@router.post("/otp", summary="Ask for a code or a link", openapi_extra=documented(bodies.Code))
async def otp(request: Request) -> dict[str, Any]:
    """No account is made; there is no SMS provider."""
    realm, body = realm_of(request), await bodies.read(request, bodies.Code)
    await limited(request, realm.signup_limit)
    if body.email and body.phone:
        raise AuthProblem(400, "validation_failed", "Only an email address or phone number should be provided")
    if not body.email and not body.phone:
        raise AuthProblem(400, "validation_failed", "One of email or phone must be set")
    known = await realm.accounts.find(checked_email(body.email)) if body.email else None
    if known is None and body.create_user is False:
        raise AuthProblem(422, "otp_disabled", "Signups not allowed for otp")
    if body.phone:
        raise AuthProblem(400, "phone_provider_disabled", "Unsupported phone provider")
    if known is None and not realm.world.signups:
        raise AuthProblem(422, "signup_disabled", "Signups not allowed for this instance")
    return {}


@router.post("/resend", summary="Ask for it once more", openapi_extra=documented(bodies.Code))
async def resend(request: Request) -> dict[str, Any]:
    """The same for whoever has an account and whoever has none, so that nobody learns it."""
    body = await bodies.read(request, bodies.Code)
    await limited(request, realm_of(request).signup_limit)
    if (wrong := _wrong(body)) is not None:
        raise AuthProblem(400, "validation_failed", wrong)
    if body.phone:
        raise AuthProblem(400, "phone_provider_disabled", "Phone logins are disabled")
    checked_email(body.email or "")
    return {}


def _wrong(body: bodies.Code) -> str | None:
    """Return what is wrong with what is to be sent once more."""
    if body.type not in RESENT:
        return "Missing one of these types: signup, email_change, sms, phone_change"
    if body.type == "signup" and not body.email:
        return "Type provided requires an email address"
    if body.type == "sms" and not body.phone:
        return "Type provided requires a phone number"
    if body.email and body.phone:
        return "Only an email address or phone number should be provided."
    return None if body.email or body.phone else "Missing email address or phone number"


@router.post("/recover", summary="Ask for a new password", openapi_extra=documented(bodies.Code))
async def recover(request: Request) -> dict[str, Any]:
    """The same for whoever has an account and whoever has none, so that nobody learns it."""
    body = await bodies.read(request, bodies.Code)
    await limited(request, realm_of(request).signup_limit)
    if not body.email:
        raise AuthProblem(400, "validation_failed", "Password recovery requires an email")
    checked_email(body.email)
    return {}


@router.get("/reauthenticate", summary="Ask for a code before a change of the password")
async def reauthenticate(request: Request) -> dict[str, Any]:
    """Of an account whose address is confirmed."""
    account = (await caller(request)).account
    if not account.email:
        message = "Reauthentication requires the user to have an email or a phone number"
        raise AuthProblem(422, "validation_failed", message)
    if account.confirmed_at is None:
        raise AuthProblem(400, "email_not_confirmed", "Please verify your email first.")
    return {}


@router.post("/verify", summary="Present a code", openapi_extra=documented(bodies.Code))
async def verify(request: Request) -> dict[str, Any]:
    """Since none was sent, none is good."""
    body = await bodies.read(request, bodies.Code)
    await limited(request, realm_of(request).signup_limit)
    if not body.type:
        raise AuthProblem(400, "validation_failed", "Verify requires a verification type")
    if body.phone:
        checked_phone(body.phone)
    raise AuthProblem(403, "otp_expired", "Token has expired or is invalid")


@router.post("/sso", summary="Sign in by SAML")
async def sso() -> dict[str, Any]:
    """It is disabled here."""
    raise AuthProblem(404, "saml_provider_disabled", "SAML 2.0 is disabled")
