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
    body = await _addressed(request)
    if body.phone:
        raise AuthProblem(400, "phone_provider_disabled", "Unsupported phone provider")
    realm, email = realm_of(request), checked_email(body.email or "")
    if body.create_user is not False and not realm.world.signups and await realm.accounts.find(email) is None:
        raise AuthProblem(422, "otp_disabled", "Signups not allowed for otp")
    return {}


@router.post("/resend", summary="Ask for it once more", openapi_extra=documented(bodies.Code))
async def resend(request: Request) -> dict[str, Any]:
    """The same for whoever has an account and whoever has none, so that nobody learns it."""
    if (await _addressed(request)).type not in RESENT:
        raise AuthProblem(
            400, "validation_failed", "Missing one of these types: signup, email_change, sms, phone_change"
        )
    return {}


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
    if (await caller(request)).account.confirmed_at is None:
        raise AuthProblem(422, "email_not_confirmed", "Please verify your email first.")
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


async def _addressed(request: Request) -> bodies.Code:
    """Return a body that names one address."""
    body = await bodies.read(request, bodies.Code)
    await limited(request, realm_of(request).signup_limit)
    if bool(body.email) == bool(body.phone):
        raise AuthProblem(400, "validation_failed", "Only an email address or phone number should be provided")
    if body.email:
        checked_email(body.email)
    else:
        checked_phone(body.phone or "")
    return body
