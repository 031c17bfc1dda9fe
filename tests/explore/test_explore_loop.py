"""The explorer's own promises: what it enumerates, what it calls stuck, and what it refuses."""

import asyncio
import contextlib
import random
import socket
import sys
import time
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import httpx
import pytest
from fastapi import Depends, FastAPI

from race401.harness.explore.application import Explorable, Gated, LoopGates, Scene, Stage, Uncontrolled, explore
from race401.harness.explore.application.loop import Bounds, ChosenLoop, Option
from race401.mock_api.app import create_app

api = FastAPI()


@api.get("/hello")
async def hello() -> str:
    return "hello"


@api.get("/thread")
def thread() -> str:
    return "never"


def in_a_thread() -> None:
    """A dependency that FastAPI runs in a thread."""


@api.get("/dependency", dependencies=[Depends(in_a_thread)])
async def dependency() -> str:
    return "never"


def bare(*, gates: LoopGates, clock: Callable[[], float]) -> Explorable:
    """A FastAPI app that knows nothing of gates."""
    return Gated(api, gates)


def client(stage: Stage) -> httpx.AsyncClient:
    """A client of the app without gates."""
    return httpx.AsyncClient(transport=stage.transport, base_url="http://app")


def scene_of(*acts: Callable[[Stage], Coroutine[Any, Any, Any]], **options: Any) -> Scene:
    """A scene whose callers do this."""

    async def scene(stage: Stage) -> None:
        await stage.run(*[act(stage) for act in acts], **options)

    return scene


async def says_hello(stage: Stage) -> httpx.Response:
    async with client(stage) as http:
        return await http.get("/hello")


# --- what is enumerated ---------------------------------------------------------------------------


@pytest.mark.parametrize(("callers", "schedules"), [(1, 1), (2, 6), (3, 90)])
def test_an_app_without_gates_is_gated_from_outside(callers: int, schedules: int) -> None:
    """Arrival and answer of each: (2n)! / 2^n orders."""
    found = explore(scene_of(*[says_hello] * callers), bare)
    assert (found.schedules, found.distinct, found.exhausted, dict(found.violating)) == (
        schedules,
        schedules,
        True,
        {},
    )


@pytest.mark.parametrize("cancellations", [0, 1])
def test_what_is_enumerated_is_what_an_odometer_enumerates(cancellations: int) -> None:
    """Fewest deviations first, and plain depth first: the same schedules, each once."""
    bounds, scene = Bounds(cancellations, 10.0), scene_of(says_hello, says_hello)
    plain, prefix = set(), [0]
    while prefix:
        path: list[tuple[int, int]] = []

        def choose(options: Sequence[Option], path: list[tuple[int, int]] = path, prefix: list[int] = prefix) -> int:
            path.append((prefix[len(path)] if len(path) < len(prefix) else 0, len(options)))
            return path[-1][0]

        loop = ChosenLoop(choose, bounds)  # type: ignore[abstract]
        loop.run(scene(Stage(loop, bare(gates=LoopGates(loop), clock=loop.clock))))
        loop.end()
        schedule = bytes(index for index, _ in path)
        assert schedule not in plain
        plain.add(schedule)
        while path and path[-1][0] + 1 == path[-1][1]:
            path.pop()
        prefix = [*[index for index, _ in path[:-1]], path[-1][0] + 1] if path else []
    found = explore(scene, bare, cancellations=cancellations)
    assert (found.schedules, found.distinct, found.exhausted) == (len(plain), len(plain), True)


def test_an_app_that_shows_no_ledger_is_not_taken_for_a_clean_one() -> None:
    def careless(*, gates: LoopGates, clock: Callable[[], float]) -> Any:
        return api

    with pytest.raises(TypeError, match="an app that keeps no ledger is put between gates"):
        explore(scene_of(says_hello), careless)


def test_a_bound_that_is_reached_is_no_exhaustion() -> None:
    found = explore(scene_of(says_hello, says_hello, says_hello), bare, schedules=89)
    assert (found.schedules, found.exhausted) == (89, False)
    assert "89 schedules, not exhausted" in str(found)


def test_a_cancelled_caller_leaves_the_server_at_work() -> None:
    """Its request is decided all the same, and the answer finds nobody."""
    decided = []

    def app(*, gates: LoopGates, clock: Callable[[], float]) -> Explorable:
        app = create_app(gates=gates, clock=clock)
        decided.append(app.ledger)
        return app

    async def call(stage: Stage) -> httpx.Response:
        async with httpx.AsyncClient(transport=stage.transport) as http:
            return await http.get("http://mock/contacts")

    assert explore(scene_of(call), app, cancellations=1).schedules == 3
    assert all([entry.status for entry in ledger.entries] == [401] for ledger in decided)


# --- time ------------------------------------------------------------------------------------------


async def in_haste(stage: Stage) -> httpx.Response:
    """A caller that waits 5 s for its answer."""
    return await asyncio.wait_for(says_hello(stage), 5)


def test_a_timer_fires_before_an_answer_that_may_take_longer() -> None:
    found = explore(scene_of(in_haste), bare, patience=6)
    assert (found.schedules, found.exhausted, dict(found.violating)) == (3, True, {"caller-failed": 2})
    assert "time passes, and the next timer fires" in str(found)
    assert "caller 1 failed: TimeoutError" in str(found)
    found = explore(scene_of(in_haste), bare, patience=4)
    assert (found.schedules, found.exhausted, dict(found.violating)) == (1, True, {})


def test_time_is_virtual_for_whoever_asks() -> None:
    """An hour's sleep takes no time, and `time.time` says what the stage's clock says."""

    async def sleeps(stage: Stage) -> None:
        before = stage.clock()
        await asyncio.sleep(3600)
        assert 3600 <= stage.clock() - before < 3601
        assert time.time() == stage.clock()

    found = explore(scene_of(sleeps), bare)
    assert (found.exhausted, dict(found.violating)) == (True, {}), found
    assert time.time() > 1_760_000_000, "the machine's clock is back"


# --- what is stuck, and what goes wrong -----------------------------------------------------------


def test_a_deadlock_is_a_violation() -> None:
    """Each holds a lock that the other one wants, in some orders."""

    async def scene(stage: Stage) -> None:
        one, other = asyncio.Lock(), asyncio.Lock()

        async def call(first: asyncio.Lock, second: asyncio.Lock) -> None:
            async with first:
                await says_hello(stage)
                async with second:
                    pass

        await stage.run(call(one, other), at_any_time=[call(other, one)])

    found = explore(scene, bare)
    assert found.exhausted
    assert 0 < found.violating["deadlock"] < found.schedules
    sentence = "deadlock: nothing can happen any more, and still waiting: caller 1, actor 1"
    assert sentence in str(found.counterexamples["deadlock"])


def test_going_round_in_circles_is_a_violation() -> None:
    async def polls(_: Stage) -> None:
        while True:  # noqa: ASYNC110 - that is the mistake
            await asyncio.sleep(1)

    found = explore(scene_of(polls), bare)
    assert "deadlock: no end after 1000 steps, and still waiting: caller 1" in str(found)


def test_what_a_caller_raises_and_what_nobody_hears_are_violations() -> None:
    async def raises(_: Stage) -> None:
        raise LookupError("no such thing")

    async def unheard(stage: Stage) -> None:
        asyncio.create_task(raises(stage))  # noqa: RUF006 - that is the mistake
        await says_hello(stage)

    assert "caller 1 failed: LookupError: no such thing" in str(explore(scene_of(raises), bare))
    assert "LookupError('no such thing')" in str(explore(scene_of(unheard), bare).counterexamples["unhandled"])


def test_a_caller_that_is_cancelled_by_its_own_client_is_a_violation() -> None:
    async def cancels_itself(_: Stage) -> None:
        raise asyncio.CancelledError

    found = explore(scene_of(cancels_itself), bare)
    assert "caller-failed: caller 1 was cancelled, and nobody had cancelled it" in str(found)


# --- what is refused ------------------------------------------------------------------------------


async def uses_to_thread(_: Stage) -> None:
    await asyncio.to_thread(print)


async def uses_a_def_route(stage: Stage) -> None:
    async with client(stage) as http:
        await http.get("/thread")


async def uses_a_def_dependency(stage: Stage) -> None:
    async with client(stage) as http:
        await http.get("/dependency")


async def uses_a_socket(_: Stage) -> None:
    async with httpx.AsyncClient() as http:
        await http.get("http://127.0.0.1:9/")


async def uses_a_blocking_socket(_: Stage) -> None:
    with socket.socket() as sock:
        sock.connect(("127.0.0.1", 9))


async def uses_a_process(_: Stage) -> None:
    await asyncio.create_subprocess_exec(sys.executable)


async def swallows_it(_: Stage) -> None:
    with contextlib.suppress(Exception):
        await asyncio.to_thread(print)


@pytest.mark.parametrize(
    ("act", "call"),
    [
        (uses_to_thread, "loop.run_in_executor (asyncio.to_thread leads there) was called"),
        (uses_a_def_route, "threading.Thread.start (FastAPI's `def` routes and dependencies lead there) was called"),
        (uses_a_def_dependency, "threading.Thread.start (FastAPI's `def` routes"),
        (uses_a_socket, "loop.create_connection was called"),
        (uses_a_blocking_socket, "socket.connect to ('127.0.0.1', 9) was called"),
        (uses_a_process, "loop.subprocess_exec was called"),
        (swallows_it, "loop.run_in_executor"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_what_cannot_be_ordered_is_refused_by_name(
    act: Callable[[Stage], Coroutine[Any, Any, Any]], call: str
) -> None:
    """In the words of the call, whoever catches it: nothing would be proven."""
    with pytest.raises(Uncontrolled) as refused:
        explore(scene_of(act), bare)
    assert call in str(refused.value)
    assert "its order is not the explorer's to choose" in str(refused.value)


def test_what_is_left_to_chance_is_refused() -> None:
    async def perhaps(stage: Stage) -> None:
        if random.random() < 0.5:  # noqa: S311 - that is the mistake
            await says_hello(stage)
        await says_hello(stage)

    random.seed(401)
    with pytest.raises(Uncontrolled, match="the same choices led elsewhere the second time"):
        explore(scene_of(perhaps, perhaps, perhaps), bare)
