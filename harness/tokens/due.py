"""
When a pair is due, and for how long it serves: pure functions of a policy, a pair and an instant.

Rules: instants are compared in whole ms, as JavaScript's clients do, so that a margin is crossed at one of them.
"""

from math import floor

from race401.harness.tokens.model import Reason, Session, TokenPair
from race401.harness.tokens.policy import Policy


def ms(seconds: float) -> int:
    """Return whole ms, as JavaScript's `Date.now()` counts; 1 us makes up for what a float cannot hold."""
    return floor(seconds * 1000 + 1e-3)


def why_refresh(session: Session, policy: Policy, pair: TokenPair, at: float) -> Reason | None:
    """Return why the pair needs a refresh at `at`, or None."""
    if ms(expiry(policy, pair)) <= ms(at):
        return Reason.EXPIRED
    return Reason.EXPIRING if ms(at) >= due(session, policy, pair) else None


def due(session: Session, policy: Policy, pair: TokenPair) -> int:
    """Return the first ms at which the pair is to be refreshed: strictly within the margin, as the fix has it."""
    if policy.follow_refresh_in and pair.refresh_in:
        return ms(pair.received_at + pair.refresh_in)
    margin = clamped(policy, pair, policy.expiry_margin - policy.jitter * session.jitter_share)
    return ms(expiry(policy, pair)) - ms(margin) + 1


def serves(session: Session, policy: Policy, pair: TokenPair, at: float) -> bool:
    """Return whether a pair that is due may be sent while its refresh runs."""
    if policy.mandatory_margin is None or ms(at) < due(session, policy, pair):
        return False
    return ms(expiry(policy, pair)) - ms(at) >= ms(clamped(policy, pair, policy.mandatory_margin))


def expiry(policy: Policy, pair: TokenPair) -> float:
    """Return the instant at which the pair expires, in s on the client's clock as far as the policy corrects it."""
    return pair.received_at + pair.expires_in if policy.anchor_expiry and pair.expires_in else pair.expires_at


def clamped(policy: Policy, pair: TokenPair, margin: float) -> float:
    """Return the margin, in s, or the share of the pair's lifetime that the policy allows."""
    return min(margin, policy.margin_share * pair.lifetime) if policy.margin_share and pair.lifetime else margin
