"""What holds of a world after any sequence of calls, as hypothesis has it: a rule is a call, and asserts."""

from collections import Counter, defaultdict
from time import monotonic_ns
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, multiple, rule
from mocks import families, run
from variants import WAITS

from race401.ledger.entry import received
from race401.ledger.outcomes import GRANTED, Outcome
from race401.mock_api.rules.family import Family
from race401.mock_api.rules.worlds import World
from race401.mock_api.signing.jwt import Verified
from race401.mock_api.state.realm import Exchanged, Realm

LOST = {"refusal": Outcome.REUSED, "same": Outcome.REUSE_TOLERATED, "sibling": Outcome.FORKED}


class Sessions(RuleBasedStateMachine):
    """One world's users, their sessions, and every refresh token that was ever given out."""

    world: World
    tokens = Bundle("tokens")

    @initialize()
    def begin(self) -> None:
        """An empty world."""
        self.now = 1_000.0
        self.realm = Realm(self.world, lambda: self.now, sleep=self.sleep)
        self.owners: dict[str, str] = {}  # of tokens: their families
        self.brought: dict[str, set[str]] = defaultdict(set)  # by a token, in exchanges
        self.outcomes: Counter[tuple[str, Outcome]] = Counter()
        self.losers: set[str] = set()  # tokens that several were granted at once
        self.ended: set[str] = set()
        self.newest: dict[str, int] = {}
        self.pairs: list[tuple[str, str]] = []  # each access token, with its refresh token
        self.used: set[str] = set()  # refresh tokens whose access token a resource has accepted
        self.revoked: set[str] = set()  # and that their client revoked

    async def sleep(self, seconds: float) -> None:
        """Let the time pass."""
        self.now += seconds

    @rule(target=tokens, email=st.sampled_from(["ada@race401.test", "grace@race401.test"]))
    def sign_in(self, email: str) -> str:
        """A new session."""
        user = run(self.realm.accounts.find(email)) or run(self.realm.sign_up(email, "correct horse", {}))
        family, access = run(self.realm.sign_in(user))
        self.pairs.append((access, family.links[0].token))
        self.owners[family.links[0].token] = family.id
        self.newest[family.id] = 0
        return family.links[0].token

    @rule(target=tokens, token=tokens)
    def exchange(self, token: str) -> Any:
        """A token spent, whichever and however old."""
        name, before = self.owners[token], run(self.realm.store.get(self.owners[token]))
        entry = received(self.world.name, "POST", "/token", self.now)
        others = {each.id for each in families(self.realm)} - {name}
        done = run(self.realm.exchange(token, entry, lambda _: None))
        mine = run(self.realm.accounts.get(before.user)) if before is not None else None
        left = {each.id for each in families(self.realm)} - {name}
        if done.ended == "user":
            assert mine is not None
            assert not run(self.realm.store.families_of(mine.id)), "all sessions of the user"
            self.ended |= others - left
        else:
            assert left == others
        return self.decided(name, token, before, done)

    @rule(target=tokens, token=tokens, callers=st.integers(2, 4))
    def race(self, token: str, callers: int) -> Any:
        """A token spent by several that were received at once: the losers get what the world says."""
        name, received_ns, brought = self.owners[token], monotonic_ns(), list[Any]()
        rotated = False
        for _ in range(callers):
            before = run(self.realm.store.get(name))
            entry = received(self.world.name, "POST", "/token", self.now)
            done = run(self.realm.exchange(token, entry, lambda _: None, received_ns))
            if not (rotated and self.world.losers_get in LOST):
                brought.append(self.decided(name, token, before, done))
                rotated = rotated or done.answer.outcome is Outcome.ROTATED
                continue
            assert done.answer.outcome is LOST[self.world.losers_get]
            assert done.ended == "none", "a race that was lost ends nothing"
            if done.answer.link is not None:
                self.losers.add(token)
                brought.append(self.granted(name, token, before, done))
        return multiple(*(each for each in brought if isinstance(each, str)))

    def decided(self, name: str, token: str, before: Family | None, done: Exchanged) -> Any:
        """What must be true of any exchange; returns what it brought."""
        self.outcomes[token, done.answer.outcome] += 1
        if done.answer.outcome in GRANTED:
            return self.granted(name, token, before, done)
        assert done.access == ""
        if before is None:
            assert done.answer.outcome is Outcome.NOT_FOUND
        after = run(self.realm.store.get(name))
        if done.answer.outcome is Outcome.REUSED:
            self.punished(after)
        elif done.answer.outcome not in (Outcome.REVOKED, Outcome.NOT_FOUND):
            assert after == before, "a limit refuses and changes nothing"
        return multiple()

    def granted(self, name: str, token: str, before: Family | None, done: Exchanged) -> str:
        """What must be true of any success."""
        assert name not in self.ended, "a session that has ended refreshes nothing"
        assert before is not None
        assert done.family is not None
        assert done.answer.link is not None
        if before.revoked:
            assert self.world.revoked_last_lives, "revoked means revoked"
            last = max(link.updated_at for link in before.links)
            assert before.active is not None or self.now <= last + self.world.reuse_interval
        new = done.family.links[-1].generation - before.links[-1].generation
        assert new == (done.answer.outcome in (Outcome.ROTATED, Outcome.FORKED, Outcome.KEPT)), (
            "generations grow by one"
        )
        verified = self.realm.mint.read(done.access)
        assert isinstance(verified, Verified)
        assert (verified.family, verified.exp) == (name, done.expires_at)
        brought = done.answer.link.token
        assert token not in self.revoked, "revoked by its client means revoked"
        self.pairs.append((done.access, brought))
        self.owners[brought] = name
        self.brought[token].add(brought)
        return brought

    def punished(self, after: Family | None) -> None:
        """What a reuse ends is the world's to say."""
        if self.world.on_reuse in ("delete", "delete_all"):
            assert after is None
        else:
            assert after is not None
            assert after.revoked is (self.world.on_reuse == "revoke")
            assert after.active is None or self.world.on_reuse == "refuse"

    @rule(number=st.integers(0, 1_000))
    def use(self, number: int) -> None:
        """An access token used at a resource: it serves, unless a refresh or its session ended it."""
        if not self.pairs:
            return
        access, refresh = self.pairs[-1 - number % len(self.pairs)]
        name, ends = self.owners[refresh], self.world.refresh_ends_access_tokens
        verified = self.realm.verify(access, received(self.world.name, "GET", "/contacts", self.now), 0.0)
        if not isinstance(verified, Verified):
            assert verified == "expired"
            return
        cause, family = self.realm.ended(verified), run(self.realm.store.get(name))
        if self.world.check_session or ends != "no":
            assert (cause == "session_revoked") is (family is None or family.revoked)
        spent = family is None or family.find(refresh) is None or self.world.rotates is False
        if cause != "session_revoked" and not spent and family is not None:
            assert (cause == "ended_by_refresh") is self.over(family, refresh)
        if cause is None:
            run(self.realm.used(verified))
            self.used.add(refresh)

    def over(self, family: Family, refresh: str) -> bool:
        """Whether a refresh has ended the access tokens that came with this one."""
        link = family.find(refresh)
        assert link is not None
        return {
            "no": False,
            "at_once": link.revoked,
            "at_first_use": bool(self.brought.get(refresh, set()) & self.used) or refresh in self.revoked,
        }[self.world.refresh_ends_access_tokens]

    @rule(token=tokens)
    def revoke(self, token: str) -> None:
        """Revoked by its client: the session ends, or that token alone, if it was not spent."""
        family = run(self.realm.store.get(self.owners[token]))
        link = family.find(token) if family is not None else None
        if family is None or link is None:
            return
        others = {each.id for each in families(self.realm)} - {family.id}
        ended, granted = run(self.realm.revoke(family, token))
        after = run(self.realm.store.get(family.id))
        left = {each.id for each in families(self.realm)} - {family.id}
        assert granted is not (link.revoked and self.world.revoke_of_consumed != "as_live")
        if ended == "user":
            assert not run(self.realm.store.families_of(family.user)), "all sessions of the user"
            self.ended |= {family.id} | others - left
            return
        assert left == others
        if not granted:
            if self.world.revoke_of_consumed == "reuse":
                self.punished(after)
            else:
                assert (ended, after) == ("none", family)
        elif self.world.revoke_ends == "family":
            assert (ended, after) == ("session", None)
            self.ended.add(family.id)
        else:
            assert after is not None
            assert ended == ("none" if link.revoked else "token")
            lives = {each.token for each in after.links if not each.revoked}
            assert lives == {each.token for each in family.links if not each.revoked} - {token}
            self.revoked |= set() if link.revoked else {token}

    @rule(token=tokens, scope=st.sampled_from(["local", "others", "global"]))
    def sign_out(self, token: str, scope: str) -> None:
        """The sessions of its scope end."""
        family = run(self.realm.store.get(self.owners[token]))
        if family is not None:
            before = {each.id for each in run(self.realm.store.families_of(family.user))}
            run(self.realm.sign_out(family, scope))
            left = {each.id for each in run(self.realm.store.families_of(family.user))}
            assert left == {"local": before - {family.id}, "others": {family.id}, "global": set()}[scope]
            self.ended |= before - left

    @rule(email=st.sampled_from(["ada@race401.test", "grace@race401.test"]), banned=st.booleans())
    def ban(self, email: str, banned: bool) -> None:
        """A user is banned for a minute, or no more."""
        user = run(self.realm.accounts.find(email))
        if user is not None:
            user.banned_until = self.now + 60 if banned else None

    @rule(seconds=WAITS)
    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.now += seconds

    @invariant()
    def lines_of_descent(self) -> None:
        """At most one live line, where the world issues no siblings."""
        tolerates = self.world.reuse_interval > 0 or self.world.reuse_count > 0
        siblings = "sibling" in (self.world.losers_get, self.world.unacknowledged_brings)
        siblings = siblings or (tolerates and self.world.reuse_brings == "sibling")
        for family in families(self.realm):
            live = [link for link in family.links if not link.revoked]
            assert len(live) <= 1 or siblings
            numbers = [link.generation for link in family.links]
            assert numbers == sorted(set(numbers))

    @invariant()
    def successors(self) -> None:
        """A token rotates once; and brings two different ones only where the world says that it may."""
        assert all(count == 1 for (_, outcome), count in self.outcomes.items() if outcome is Outcome.ROTATED)
        tolerates = self.world.reuse_interval > 0 or self.world.reuse_count > 0
        several = tolerates and self.world.reuse_brings in ("sibling", "live")
        several = several or self.world.unacknowledged_brings == "sibling"
        if not several and not self.world.always_reusable:
            several_at_once = self.losers if self.world.losers_get == "sibling" else ()
            assert all(len(brought) == 1 or token in several_at_once for token, brought in self.brought.items())
