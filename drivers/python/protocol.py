"""The driver's half of the protocol of `race401 card`: one line in, one line out. See docs/your-client.md.

A client has `sign_in()`, `get(path)`, `sign_out()` and, if it can, `post(path, body)` and `tab()`: another client
over the same storage.
All are plain functions (`serve`: a burst is a thread for each call) or all coroutines (`aserve`).
"""

import asyncio
import concurrent.futures
import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path


def about(package, docs, *, can=(), claims=(), name=None, world="rfc9700"):
    """Return the answer to `hello`: what the client is, what it says of itself, and what explains its losses."""
    reasons = json.loads(Path(__file__).parents[1].joinpath("reasons.json").read_text())
    return {
        "protocol": 2,
        "client": name or package,
        "version": version(package),
        "language": f"Python {sys.version_info.major}.{sys.version_info.minor}",
        "docs": docs,
        "world": world,
        "can": can,
        "claims": claims,
        "explains": {race: why for races, why in reasons.get(name or package, ()) for race in races.split()},
    }


def serve(told, client):
    """Follow the commands until `quit`."""
    tabs, begun, pool = [client], [], ThreadPoolExecutor(32)
    for line in sys.stdin:
        word, *given = line.split()
        error = None
        if word == "quit":
            break
        if word == "begin":
            begun = [(path, pool.submit(*call)) for path, *call in asked(given, tabs)]
        elif word == "end":
            concurrent.futures.wait([call for _, call in begun], float(given[0]))
        elif word == "tabs":
            tabs += [client.tab() for _ in range(int(given[0]) - 1)]
        elif word in ("sign-in", "sign-out"):
            error = pool.submit(client.sign_in if word == "sign-in" else client.sign_out).exception()
        answer(word, told, begun, error)
    sys.stdout.flush()
    os._exit(0)  # calls that never end would keep it


async def aserve(told, client):
    """Do the same on an event loop."""
    tabs, begun = [client], []
    while line := await asyncio.to_thread(sys.stdin.readline):
        word, *given = line.split()
        error = None
        if word == "quit":
            break
        if word == "begin":
            begun = [(path, asyncio.ensure_future(do(*args))) for path, do, *args in asked(given, tabs)]
        elif word == "end" and begun:
            await asyncio.wait([call for _, call in begun], timeout=float(given[0]))
        elif word == "tabs":
            tabs += [client.tab() for _ in range(int(given[0]) - 1)]
        elif word in ("sign-in", "sign-out"):
            call = client.sign_in if word == "sign-in" else client.sign_out
            (error,) = await asyncio.gather(call(), return_exceptions=True)
        answer(word, told, begun, error)


def asked(words, tabs):
    """Yield each call of `begin`: its path, and what to call with what. A word that is no path is JSON, of a POST."""
    for k, word in enumerate(words):
        client = tabs[k % len(tabs)]
        if word.startswith("{"):
            post = json.loads(word)
            yield post["path"], client.post, post["path"], post["body"]
        else:
            yield word, client.get, word


def answer(word, told, begun, error):
    """Say that it is done, at `end` what each call came to; what a sign-in or sign-out raised goes to stderr."""
    said = "ok"
    if isinstance(error, BaseException):
        print(f"{word}: {type(error).__name__}: {error}", file=sys.stderr)
        said = f"error {error}" if word == "sign-in" else "ok"
    elif word in ("hello", "end"):
        said = json.dumps(told if word == "hello" else [came_to(path, call) for path, call in begun])
    print(" ".join(said.split()), flush=True)


def came_to(path, call):
    """Say what a call came to, as the app sees it: `get` raises for what is no success."""
    if not call.done():
        return {"path": path, "pending": True}
    error = call.exception()
    return {"path": path} | ({"status": 200} if error is None else {"error": f"{type(error).__name__}: {error}"})
