"""
Which steps are possible in a state, and what each leads to.

Rules: a step belongs to one actor and depends on nothing but that actor and the `Env`, so it is worked out once for
each such couple. What crosses the network, or a slow store, is two steps at least: it is done, and it is heard of.
A step that nobody else can tell the time of is taken at once.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from race401.harness.explore.core import wrongs
from race401.harness.explore.core.flows import CLOSE, Stepped, flows_of
from race401.harness.explore.core.forms import Forms
from race401.harness.explore.core.scenario import SHORT, Issuer, Scenario, World, instants_of
from race401.harness.explore.core.servers import UNREACHED, Judged, Servers
from race401.harness.explore.core.state import NOBODY, PASSES, START, Actor, Env, Move, Unwritten, account
from race401.harness.explore.core.values import Start, Waits
from race401.harness.tokens.core import UNAUTHORIZED
from race401.harness.tokens.errors import AuthError
from race401.harness.tokens.model import (
    Answered,
    Done,
    Exchange,
    Exchanged,
    ExchangeFailed,
    Lock,
    ReadStore,
    Send,
    StoreRead,
    TokenPair,
)


class Stage:
    """One scenario in one world."""

    def __init__(self, scenario: Scenario, world: World, issuer: Issuer, *, merge: bool = True) -> None:
        self.scenario, self.world = scenario, world
        self.servers = Servers(world, issuer)
        self.first_pair = self.servers.issued("A", "Ar0", 0, START, START + scenario.skew)
        self.instants = self.servers.instants = instants_of(scenario, world, self.first_pair)
        self.flows = flows_of(scenario.policy, tuple(each + scenario.skew for each in self.instants), merge=merge)
        self.forms = Forms(self.flows)

    def first(self) -> tuple[Env, list[Actor]]:
        """Return the state in which everything begins."""
        scenario = self.scenario
        families = self.servers.begin("AB" if scenario.switch else "A")
        env = Env(0, (self.flows.nothing,) * scenario.tabs, self.first_pair, families)
        env = env._replace(cancels=scenario.cancel, fails=scenario.fail, losses=scenario.lose)
        actors = [Actor("caller", tab) for tab in range(scenario.tabs) for _ in range(scenario.callers)]
        if scenario.ticks:
            actors += [Actor("ticker", tab, given=scenario.ticks) for tab in range(scenario.tabs)]
        if scenario.sign_out or scenario.switch:
            actors.append(Actor("sign-out"))
        if scenario.refuse:
            actors.append(Actor("refusal"))
        if len(self.instants) > 1:
            actors.append(Actor("clock"))
        return env, actors

    @staticmethod
    def idle(actor: Actor) -> bool:
        """Whether it has nothing under way."""
        return actor.position is None and actor.kind != "orphan"

    def waits_for_quiet(self, env: Env) -> bool:
        """Whether the next instant is so far away that nothing can be under way until then."""
        here = self.instants[env.now : env.now + 2]
        return here[-1] - here[0] > SHORT

    def moves(self, env: Env, actor: Actor) -> Iterator[Move]:
        """Yield every step that this actor can take."""
        if actor.kind == "clock":
            more = env.now + 2 < len(self.instants)
            yield Move(PASSES, self._later(env), (actor,) if more else ())
        elif actor.kind == "refusal":
            yield Move("begins", env._replace(refusing=True), ())
        elif actor.unwritten is not None:
            yield from self._written(env, actor, actor.unwritten)
        elif actor.kind == "orphan":
            yield self._received(env, actor, actor.given)
        elif actor.position is None:
            yield self._begun(env, actor)
        elif actor.heard is not None:
            yield self._delivered(env, actor)
        else:
            yield from self._asked(env, actor, actor.position.effect)
        if actor.kind == "caller" and actor.position is not None and env.cancels:
            yield self._cancelled(env, actor)

    def _now(self, env: Env) -> float:
        """Return what the client's clock shows, in s."""
        return self.instants[env.now] + self.scenario.skew

    def _later(self, env: Env) -> Env:
        """Return the next instant; after a long time, without what that makes meaningless."""
        later = env._replace(now=env.now + 1, read=False, failed=False)
        if not self.waits_for_quiet(env):
            return later
        return later._replace(tabs=tuple(self.flows.rested(shared, self._now(later)) for shared in env.tabs))

    # --- what others do -----------------------------------------------------------------------------

    def _asked(self, env: Env, actor: Actor, effect: Any) -> Iterator[Move]:
        """Yield how what the actor has asked for can come about."""
        match effect:
            case ReadStore():
                heard = actor._replace(heard=StoreRead(0.0, env.store))
                marks = tuple(wrongs.of_reading(env, actor))
                yield Move("reads the store", self._having_read(env, actor), (heard,), marks)
            case Lock():
                if not env.lock:
                    yield self._stepped(env._replace(lock=True), actor._replace(locks=True), Done(), "locks")
            case Waits(n):
                record = env.tabs[actor.tab].flights[n]
                if record is not None and record.done:
                    yield self._stepped(env, actor, Done(self._now(env)), "goes on")
            case Exchange(pair):
                yield from self._exchanged(env, actor, pair)
            case Send(pair):
                yield self._answered(env, actor, pair)

    def _exchanged(self, env: Env, actor: Actor, pair: TokenPair) -> Iterator[Move]:
        """Let the exchange be judged, fail before that, or lose its answer after it."""
        unheard = actor._replace(heard=UNREACHED, received=False)
        yield self._received(env, actor, pair)
        if env.fails and not actor.received:
            failed = env._replace(fails=env.fails - 1, faulted=True, failed=True)
            yield Move("fails", failed, (unheard,), ("hammered",) if env.failed else ())
        if not env.losses or (not actor.received and self.servers.told_apart(env, pair)):
            return
        judged = self.servers.judged(env, pair, received=actor.received)
        if judged.unwritten is None:
            after = self.servers.unheard(judged.env, judged.presented, judged.answer)
            yield Move("is decided, and the answer is lost", after, (unheard,), judged.marks)

    def _received(self, env: Env, actor: Actor, pair: TokenPair) -> Move:
        """Let an exchange be judged, or only be received where its token's consumption may come before that."""
        if not actor.received and self.servers.told_apart(env, pair):
            return Move("is received, and not decided yet", env, (actor._replace(received=True),))
        return self._judged(actor._replace(received=False), self.servers.judged(env, pair, received=actor.received))

    @staticmethod
    def _judged(actor: Actor, judged: Judged) -> Move:
        """Let an exchange have its answer, or only its check where others come between that and its writing."""
        if judged.unwritten is not None:
            checked = actor._replace(unwritten=judged.unwritten)
            what = f"is checked: {judged.outcome}, but nothing is written yet"
            return Move(what, judged.env, (checked,), judged.marks)
        if actor.kind == "orphan":
            return Move("is decided, and nobody receives the answer", judged.env, (), judged.marks)
        return Move(f"is decided: {judged.outcome}", judged.env, (actor._replace(heard=judged.answer),), judged.marks)

    def _written(self, env: Env, actor: Actor, unwritten: Unwritten) -> Iterator[Move]:
        """Let what was checked be written; or let its sender lose the answer, and it be written all the same."""
        after, marks = self.servers.written(env, unwritten)
        if actor.kind == "orphan":
            yield Move("is written", after, (), marks)
            return
        heard = actor._replace(heard=unwritten.answer, unwritten=None)
        yield Move("is written", after, (heard,), marks)
        if env.losses:
            lost = self.servers.unheard(env, unwritten.presented, unwritten.answer)
            yield Move("loses its answer", lost, (heard._replace(heard=UNREACHED), self._orphan(actor)))

    @staticmethod
    def _orphan(actor: Actor) -> Actor:
        """Return the actor's exchange, of which it will not hear."""
        assert actor.position is not None
        assert isinstance(actor.position.effect, Exchange)
        given, received = actor.position.effect.pair, actor.received
        return Actor("orphan", actor.tab, given=given, received=received, unwritten=actor.unwritten)

    def _answered(self, env: Env, actor: Actor, pair: TokenPair | None) -> Move:
        """Let the resource server answer."""
        marks = tuple(wrongs.of_sending(actor, pair))
        cause = self.servers.refusal(env, pair)
        if cause is None:
            return Move("gets 200", self.servers.used(env, pair) if pair is not None else env, (), marks)
        if pair is not None:
            env = env._replace(rejected=env.rejected | {pair.access_token})
        return self._heard_at_once(Move(f"gets 401 {cause}", env, (actor._replace(heard=cause),), marks))

    def _heard_at_once(self, answered: Move) -> Move:
        """Let a caller hear of its 401 at once, if all that follows is its end and nobody can tell when that was."""
        actor, env = answered.actors[0], answered.env
        heard = self._delivered(env, actor)
        if heard.actors or heard.env.tabs != env.tabs or heard.env.store != env.store:
            return answered
        assert actor.position is not None
        event = Answered(self._now(env), UNAUTHORIZED)
        if not self.flows.sees_nothing(actor.position, env.tabs[actor.tab], event):
            return answered
        return Move(f"{answered.what}, which the app sees", heard.env, (), answered.marks + heard.marks)

    @staticmethod
    def _having_read(env: Env, actor: Actor) -> Env:
        return env._replace(read=env.store is not None) if wrongs.reads_for_caller(env, actor) else env

    # --- what the client does -------------------------------------------------------------------------

    def _begun(self, env: Env, actor: Actor) -> Move:
        at = self._now(env)
        if actor.kind == "caller":
            actor = actor._replace(owner=env.account)
        if actor.kind == "sign-in":
            actor = actor._replace(given=self.servers.issued("B", "Br0", 0, self.instants[env.now], at))
        return self._stepped(env, actor, Start(actor.kind, at, actor.given), "begins")

    def _delivered(self, env: Env, actor: Actor) -> Move:
        """Let the actor hear what it waits for."""
        heard, at = actor.heard, self._now(env)
        actor = actor._replace(heard=None)
        match heard:
            case StoreRead():
                return self._stepped(env, actor, replace(heard, at=at), "goes on")
            case TokenPair():
                event = Exchanged(at, replace(heard, received_at=at))
                return self._stepped(env, actor, event, "receives the new pair")
            case AuthError():
                return self._stepped(env, actor, ExchangeFailed(at, heard), "receives the failure")
            case _:
                return self._refused(env, actor, at)

    def _refused(self, env: Env, actor: Actor, at: float) -> Move:
        """Let the caller hear of its 401; its tab knows then that this token is refused."""
        assert actor.position is not None
        assert isinstance(actor.position.effect, Send)
        pair = actor.position.effect.pair
        if pair is not None:
            env = env._replace(warned=env.warned | {(actor.tab, pair.access_token)})
        return self._stepped(env, actor._replace(refused=True), Answered(at, UNAUTHORIZED), "receives the 401")

    def _stepped(self, before: Env, actor: Actor, event: Any, what: str) -> Move:
        """Let the client's own code take a step."""
        stepped = self.flows.step(actor.position, before.tabs[actor.tab], before.store, event)
        env = self._with(before, actor.tab, stepped)
        actors = tuple(self._flying(env, actor.tab, n) for n in stepped.launched)
        marks = tuple(wrongs.of_step(self.servers, before, env, actor, stepped))
        if stepped.position is None:
            env, more, wrong = self._ended(env, actor)
            return Move(what, env, actors + more, marks + wrong, stepped)
        actor, effect = actor._replace(position=stepped.position), stepped.position.effect
        after = Move(what, env, (actor,))
        if self.scenario.instant_store and isinstance(effect, ReadStore):
            marks += tuple(wrongs.of_reading(env, actor))
            reading = StoreRead(self._now(env), env.store)
            after = self._stepped(self._having_read(env, actor), actor, reading, what)
        elif isinstance(effect, Send) and self.servers.settled(env, effect.pair, refusals=self.scenario.refuse):
            after = self._answered(env, actor, effect.pair)
            after = after._replace(what=f"{what}, sends and {after.what}")
        return after._replace(actors=actors + after.actors, marks=marks + after.marks, stepped=stepped)

    def _ended(self, env: Env, actor: Actor) -> tuple[Env, tuple[Actor, ...], tuple[str, ...]]:
        """Return the env after the actor's flow has ended, who comes next, and what is wrong about it."""
        if actor.locks:
            env = env._replace(lock=False)
        match actor.kind:
            case "caller" if actor.refused:
                return env, (), tuple(wrongs.of_refusal(self.servers, env, actor))
            case "ticker" if actor.given > 1:
                return env, (Actor("ticker", actor.tab, given=actor.given - 1),), ()
            case "sign-out":
                return env._replace(account=NOBODY), (Actor("sign-in"),) if self.scenario.switch else (), ()
            case "sign-in":
                return env._replace(account=account(actor.given)), (), ()
            case _:
                return env, (), ()

    def _flying(self, env: Env, tab: int, n: int) -> Actor:
        """Return the refresh that begins here. Its first step touches nothing that is shared: it is taken at once."""
        stepped = self.flows.step(None, env.tabs[tab], env.store, Start("refresh", 0.0, n))
        assert stepped.shared is env.tabs[tab]
        return Actor("refresh", tab, stepped.position, given=n)

    def _cancelled(self, env: Env, actor: Actor) -> Move:
        """Close the caller's flow. What it has sent arrives all the same."""
        assert actor.position is not None
        stepped = self.flows.step(actor.position, env.tabs[actor.tab], env.store, CLOSE)
        env = self._with(env, actor.tab, stepped)._replace(cancels=env.cancels - 1)
        if actor.locks:
            env = env._replace(lock=False)
        if not isinstance(actor.position.effect, Exchange):
            return Move("is cancelled", env, (), (), stepped)
        orphans = (self._orphan(actor),) if actor.heard is None else ()
        return Move("is cancelled", env, orphans, ("refresh-abandoned",), stepped)

    @staticmethod
    def _with(env: Env, tab: int, stepped: Stepped) -> Env:
        """Return the env with what the step has changed."""
        tabs = (*env.tabs[:tab], stepped.shared, *env.tabs[tab + 1 :])
        return env._replace(tabs=tabs, store=stepped.store, read=env.read and stepped.store == env.store)
