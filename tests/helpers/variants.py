"""The worlds that hypothesis searches, some with a rule changed, and how long it waits there."""

from dataclasses import replace

from hypothesis import strategies as st

from race401.mock_api.rules.worlds import WORLDS

WAITS = st.sampled_from([0.0, 0.5, 9.0, 10.0, 10.001, 29.0, 31.0, 3_600.0])
VARIANTS = {
    **{
        name: world for name, world in WORLDS.items() if name not in ("keycloak", "duende", "auth0", "workos", "okta")
    },
    "supabase, Go's default": replace(WORLDS["supabase"], reuse_interval=0.0),
    "supabase, rotation disabled": replace(WORLDS["supabase"], on_reuse="refuse"),
    "supabase-v2, always reusable": replace(WORLDS["supabase-v2"], always_reusable=True),
    "rfc9700, losers get the winner's pair": replace(WORLDS["rfc9700"], losers_get="same"),
    "overlap, losers are refused": replace(WORLDS["overlap-same-pair"], losers_get="refusal"),
    "supabase, losers get a token each": replace(WORLDS["supabase"], losers_get="sibling"),
    "rfc9700, until the new access token is used": replace(
        WORLDS["rfc9700"], unacknowledged_brings="same", acknowledged_by="use"
    ),
    "rfc9700, twice more": replace(WORLDS["rfc9700"], reuse_count=2, reuse_of="parent"),
    "rfc9700, access tokens end too": replace(WORLDS["rfc9700"], refresh_ends_access_tokens="at_once"),
    "rfc9700, to revoke a consumed token is a reuse": replace(WORLDS["rfc9700"], revoke_of_consumed="reuse"),
    "supabase, limited": replace(WORLDS["supabase"], timebox=60.0, inactivity=20.0, single_session=True),
}
