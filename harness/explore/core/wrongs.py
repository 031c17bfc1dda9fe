"""What is wrong, or wasteful, about a step of the client and about the end of a schedule; kinds as in `findings`."""

from collections.abc import Iterator

from race401.harness.explore.core.flows import Stepped
from race401.harness.explore.core.servers import Servers
from race401.harness.explore.core.state import NOBODY, Actor, Env, account
from race401.harness.explore.core.values import Waits
from race401.harness.tokens.model import Send, TokenPair, same

SERVES = 30.0  # s; a token with so much left need not be waited for (policy.py, HARDENED's mandatory margin)


def of_sending(actor: Actor, pair: TokenPair | None) -> Iterator[str]:
    """Hold what an attempt carries against who was signed in when it began. A sign-out reaches its own tab."""
    if pair is None or actor.owner == account(pair):
        return
    if actor.owner != NOBODY:
        yield "wrong-account"
    elif actor.tab == 0 and account(pair) == "A":
        yield "sent-after-sign-out"


def of_refusal(servers: Servers, env: Env, actor: Actor) -> Iterator[str]:
    """Judge a 401 that reaches the app. If its user has signed out meanwhile, no token could prevent it."""
    if actor.owner != env.account or env.account == NOBODY:
        return
    if env.incurable:
        yield "caller-401, incurably"
    elif not (env.faulted and servers.refusal(env, env.store) is not None):
        yield "caller-401"


def of_reading(env: Env, actor: Actor) -> Iterator[str]:
    """Say whether a caller's reading brings what a caller has just read."""
    again = reads_for_caller(env, actor) and env.read
    if again and env.store is not None and env.store.access_token not in env.rejected:
        yield "read-again"


def of_step(servers: Servers, before: Env, env: Env, actor: Actor, stepped: Stepped) -> Iterator[str]:
    """Say what a step of the client wastes."""
    old, new = before.tabs[actor.tab].cached, stepped.shared.cached
    if new is not None and (old is None or not same(old.pair, new.pair)) and not same(new.pair, env.store):
        yield "put-back"
    if stepped.position is None or actor.kind != "caller" or env.store is None:
        return
    match stepped.position.effect:
        case Send(TokenPair() as pair) if (actor.tab, pair.access_token) in env.warned and not same(pair, env.store):
            yield "refused-again"
        case Waits(n) if not actor.refused:
            record = stepped.shared.flights[n]
            left = env.store.expires_at - servers.instants[env.now]
            exchanges = record is not None and record.pair is not None
            if exchanges and left >= SERVES and servers.refusal(env, env.store) is None:
                yield "waits-needlessly"


def of_end(env: Env, actors: list[Actor]) -> Iterator[str]:
    """Say what is wrong about a state in which nobody can take a step any more."""
    if any(actor.kind != "clock" for actor in actors):
        yield "stranded"
    if any(shared.flight is not None or shared.tick is not None for shared in env.tabs):
        yield "refresh-abandoned"
    if resurrected(env):
        yield "resurrected"


def resurrected(env: Env) -> bool:
    """Whether the client holds a session of an account that is not signed in; it matters if it stays so."""
    held = [env.store, env.tabs[0].cached and env.tabs[0].cached.pair]  # other tabs' caches are theirs to drop
    return any(pair is not None and account(pair) != env.account for pair in held)


def reads_for_caller(env: Env, actor: Actor) -> bool:
    """Whether a caller needs this reading, itself or through the shared refresh; a refresh's own are not meant."""
    if actor.kind != "refresh":
        return actor.kind == "caller"
    record = env.tabs[actor.tab].flights[actor.given]
    return record is not None and record.pair is None
