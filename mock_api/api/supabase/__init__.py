"""Supabase Auth below `/auth/v1`: what a session needs, and for everything else the answer of an unknown route."""

from fastapi import APIRouter

from race401.mock_api.api.supabase import about, admin, codes, providers, signup, token, user
from race401.mock_api.api.supabase.answers import signed_in
from race401.mock_api.api.supabase.problems import (
    AuthProblem,
    on_lost,
    on_problem,
    on_taken,
    on_too_large,
    on_unknown,
)
from race401.mock_api.api.supabase.rules import checked_email

router = APIRouter()
for part in (token, user, signup, codes, providers, about, admin):
    router.routes.extend(part.router.routes)

__all__ = [
    "AuthProblem",
    "checked_email",
    "on_lost",
    "on_problem",
    "on_taken",
    "on_too_large",
    "on_unknown",
    "router",
    "signed_in",
]
