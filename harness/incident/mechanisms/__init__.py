"""
The known ways into a 401, and what the evidence of an incident says of each.

To add one: a file here with its rule in its docstring, `look` and `MECHANISM`, with its ways on (what `ways.py` has),
and its line below. The order is that
in which people want to hear of them: what explains most comes first.
"""

from race401.harness.incident.mechanisms import (
    body_lost,
    clock_skew,
    ended_by_refresh,
    header_lost,
    key_change,
    late_401,
    losers_clean_up,
    lost_answer,
    missing_token,
    rate_limit_storm,
    refresh_every_call,
    reuse_forgiven,
    reuse_refused,
    reuse_revoked,
    sign_in_stampede,
    sign_out_undone,
    stale_copy,
    two_origins,
)
from race401.harness.incident.mechanisms.mechanism import Mechanism

MECHANISMS: tuple[Mechanism, ...] = (
    lost_answer.MECHANISM,
    reuse_revoked.MECHANISM,
    losers_clean_up.MECHANISM,
    reuse_refused.MECHANISM,
    sign_out_undone.MECHANISM,
    clock_skew.MECHANISM,
    key_change.MECHANISM,
    header_lost.MECHANISM,
    body_lost.MECHANISM,
    two_origins.MECHANISM,
    ended_by_refresh.MECHANISM,
    stale_copy.MECHANISM,
    late_401.MECHANISM,
    refresh_every_call.MECHANISM,
    sign_in_stampede.MECHANISM,
    rate_limit_storm.MECHANISM,
    reuse_forgiven.MECHANISM,
    missing_token.MECHANISM,
)
BY_NAME = {mechanism.name: mechanism for mechanism in MECHANISMS}
