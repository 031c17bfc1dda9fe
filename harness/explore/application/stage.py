"""What a scene plays on: a transport and a clock for the client under test, and callers whose order is explored."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from contextvars import copy_context
from typing import Any, TypeAlias

import httpx

from race401.harness.explore.application.loop import ChosenLoop, Option
from race401.harness.explore.application.transport import CALLER, AppTransport, Explorable

Scene: TypeAlias = Callable[["Stage"], Coroutine[Any, Any, None]]
Act: TypeAlias = Coroutine[Any, Any, Any]

BEGIN = "begin"  # the gate of those who come at any time
SIGN_OUT = "sign-out"
WHO = {"email": "ada@race401.test", "password": "correct horse"}


class Stage:
    """One schedule's stage. Set up, `run` the callers, then look at what is left; only `run` is explored."""

    def __init__(self, loop: ChosenLoop, app: Explorable) -> None:
        self.transport = AppTransport(app, loop)
        """For `httpx.AsyncClient(transport=...)`: leads to the app in this process."""
        self.clock = loop.clock
        """Seconds since the epoch in virtual time. `time.time()` says the same; `datetime.now()` does not."""
        self.outcomes: dict[str, object] = {}
        """By caller: what it returned or raised; who is missing waits for ever."""
        self.callers: tuple[str, ...] = ()
        self.excused: set[str] = set()  # callers that ended after a sign-out had begun
        self._signing_out = False
        self._loop = loop

    async def run(
        self, *callers: Act, at_any_time: Iterable[Act] = (), sign_out: Act | None = None
    ) -> dict[str, object]:
        """Let the callers leave at once, and the others whenever the schedule says; return all outcomes by name.

        Callers are `caller 1` and so on; a schedule may cancel them. A sign-out is one of the others; a 401 that a
        caller gets after it has begun is no violation. Returns when all have ended and nothing is under way.
        """
        others = {f"actor {n}": act for n, act in enumerate(at_any_time, 1)}
        if sign_out is not None:
            others[SIGN_OUT] = sign_out
        mine = {f"caller {n}": caller for n, caller in enumerate(callers, 1)}
        self.callers = (*mine, *others)
        self._loop.exploring = True
        tasks = []
        for who, act in mine.items():
            tasks.append(task := self._begin(who, act, self._play(who, act)))
            self._loop.may_cancel(who, task)
        tasks += [self._begin(who, act, self._play_later(who, act)) for who, act in others.items()]
        await asyncio.wait(tasks)
        await self._loop.settled()
        self._loop.exploring = False
        return self.outcomes

    async def signed_in(self, world: str, *, left: float, **who: str) -> dict[str, Any]:
        """Sign in at the mock with an access token that has `left` s of life; return the token endpoint's answer."""
        body = {"world": world, "remaining_s": left, **WHO, **who}
        async with httpx.AsyncClient(transport=self.transport, base_url="http://localhost") as client:
            answer = await client.post("/_race401/sessions", json=body)
        plain: dict[str, Any] = answer.raise_for_status().json()
        return plain

    def _begin(self, who: str, act: Act, play: Act) -> "asyncio.Task[Any]":
        context = copy_context()
        context.run(CALLER.set, who)
        task = self._loop.create_task(play, name=who, context=context)
        task.add_done_callback(lambda _: act.close())  # one that was cancelled before it began is no leak
        return task

    async def _play(self, who: str, act: Awaitable[Any]) -> None:
        try:
            self.outcomes[who] = await act
        except asyncio.CancelledError as cancelled:
            self.outcomes[who] = cancelled
            raise
        except Exception as error:  # noqa: BLE001 - whatever a client raises is its outcome
            self.outcomes[who] = error
        if self._signing_out:
            self.excused.add(who)

    async def _play_later(self, who: str, act: Awaitable[Any]) -> None:
        await self._loop.gate(Option(BEGIN, who))
        if who == SIGN_OUT:
            self._signing_out = True
        await self._play(who, act)
