"""The token manager: policies, the decision core, and `TokenAuth` for any httpx client."""

from race401.harness.tokens.auth import TRACE, TokenAuth
from race401.harness.tokens.clock import Clock, skewed, system_clock
from race401.harness.tokens.errors import AuthError, RefreshRefused, RefreshUnavailable
from race401.harness.tokens.exchange import AuthServer, Exchanger
from race401.harness.tokens.model import Change, TokenPair, Trace
from race401.harness.tokens.narrate import narrate
from race401.harness.tokens.policy import FIXED, HARDENED, POLICIES, PRE_FIX, Policy
from race401.harness.tokens.store import MemoryStore, SessionStore

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
