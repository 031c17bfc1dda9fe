"""What the auth server says of itself: health, settings, public keys."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from race401.mock_api.api.supabase.callers import realm_of

router = APIRouter(prefix="/auth/v1", tags=["auth"])

PROVIDERS = """
    apple azure bitbucket discord facebook snapchat figma fly github gitlab google keycloak kakao linkedin
    linkedin_oidc notion spotify slack slack_oidc workos twitch twitter phone zoom
""".split()  # noqa: SIM905 - names, as many as GoTrue has; none of them is here


@router.get("/health", summary="The server's name")
async def health() -> dict[str, str]:
    """As GoTrue answers it."""
    about = "GoTrue is a user registration and authentication API"
    return {"version": "v2.196.0", "name": "GoTrue", "description": about}


@router.get("/settings", summary="What is enabled")
async def settings(request: Request) -> dict[str, Any]:
    """Sign-up by email, anonymous sign-in, and nothing else."""
    world = realm_of(request).world
    external = dict.fromkeys(PROVIDERS, False) | {"anonymous_users": world.anonymous, "email": True}
    return {
        "external": dict(sorted(external.items())),
        "disable_signup": not world.signups,
        "mailer_autoconfirm": world.autoconfirm,
        "phone_autoconfirm": False,
        "sms_provider": "",
        "saml_enabled": False,
        "saml_private_key_next_configured": False,
        "passkeys_enabled": False,
    }


@router.get("/.well-known/jwks.json", summary="The public keys")
async def jwks(request: Request) -> Response:
    """Empty where tokens are signed with HS256, whose key is not public."""
    keys = realm_of(request).mint.keys.public()
    return JSONResponse({"keys": keys}, headers={"Cache-Control": "public, max-age=600"})
