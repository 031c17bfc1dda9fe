"""The token manager: policies, the decision core, and `TokenAuth` for any httpx client.

What sends requests is imported when it is asked for: the core and the policies, which the explorers and the reports
need, do without httpx and the 0.3 s of CPU that it takes to import.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from race401.harness.tokens.clock import Clock, skewed, system_clock
from race401.harness.tokens.errors import AuthError, RefreshRefused, RefreshUnavailable
from race401.harness.tokens.model import Change, TokenPair, Trace
from race401.harness.tokens.narrate import narrate
from race401.harness.tokens.policy import FIXED, HARDENED, POLICIES, PRE_FIX, Policy
from race401.harness.tokens.store import MemoryStore, SessionStore

if TYPE_CHECKING:
    from race401.harness.tokens.auth import TRACE, TokenAuth
    from race401.harness.tokens.exchange import AuthServer, Exchanger

__all__ = [
    "FIXED",
    "HARDENED",
    "POLICIES",
    "PRE_FIX",
    "TRACE",
    "AuthError",
    "AuthServer",
    "Change",
    "Clock",
    "Exchanger",
    "MemoryStore",
    "Policy",
    "RefreshRefused",
    "RefreshUnavailable",
    "SessionStore",
    "TokenAuth",
    "TokenPair",
    "Trace",
    "narrate",
    "skewed",
    "system_clock",
]


def __getattr__(name: str) -> Any:
    """Import what needs httpx, once somebody wants it."""
    if name in ("TRACE", "TokenAuth"):
        return getattr(import_module("race401.harness.tokens.auth"), name)
    if name in ("AuthServer", "Exchanger"):
        return getattr(import_module("race401.harness.tokens.exchange"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
