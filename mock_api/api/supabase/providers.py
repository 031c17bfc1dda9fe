"""Ways in by another provider's word, or a wallet: none is enabled, and each is refused as GoTrue refuses it."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from race401.mock_api.api.supabase import bodies
from race401.mock_api.api.supabase.callers import caller, limited, realm_of
from race401.mock_api.api.supabase.problems import AuthProblem

router = APIRouter(prefix="/auth/v1", tags=["auth"])

ISSUERS = {
    "google": "https://accounts.google.com",
    "facebook": "https://www.facebook.com",
    "keycloak": "",  # where it is, is configured
    "kakao": "https://kauth.kakao.com",
    "vercel_marketplace": "https://marketplace.vercel.com",
    "snapchat": "https://accounts.snapchat.com/accounts/oauth2/token",
}
MANY_ISSUERS = ("apple", "azure")  # the token says which


async def id_token(request: Request) -> AuthProblem:
    """Return what refuses the grant `id_token`."""
    body = await bodies.read(request, bodies.IdToken)
    await limited(request, realm_of(request).token_limit)
    if not body.id_token:
        return AuthProblem(400, "", "id_token required", plain="invalid request")
    if not body.provider and not (body.client_id and body.issuer):
        return AuthProblem(400, "", "provider or client_id and issuer required", plain="invalid request")
    if body.provider in MANY_ISSUERS:
        message = f"Unable to detect issuer in ID token for {body.provider.title()} provider"
        return AuthProblem(400, "validation_failed", message)
    for provider, issuer in ISSUERS.items():
        if body.provider == provider or (issuer and body.issuer == issuer):
            return AuthProblem(400, "provider_disabled", f'Provider (issuer "{issuer}") is not enabled')
    return AuthProblem(400, "validation_failed", f'Custom OIDC provider "{body.provider or ""}" not allowed')


def web3() -> AuthProblem:
    """Return what refuses the grant `web3`."""
    return AuthProblem(422, "web3_provider_disabled", "Web3 provider is disabled")


@router.get("/user/identities/authorize", summary="Link another identity")
async def link(request: Request) -> Response:
    """Manual linking is disabled."""
    raise await _unlinked(request)


@router.delete("/user/identities/{identity}", summary="Unlink an identity")
async def unlink(request: Request, identity: str) -> Response:  # noqa: ARG001 - whichever it is
    """Manual linking is disabled."""
    raise await _unlinked(request)


async def _unlinked(request: Request) -> AuthProblem:
    await caller(request)
    return AuthProblem(404, "manual_linking_disabled", "Manual linking is disabled")
