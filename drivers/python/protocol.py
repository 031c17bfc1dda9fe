"""The driver's half of the protocol of `race401 card`: one line in, one line out. See docs/your-client.md.

A client has `sign_in()`, `get(path)`, `sign_out()` and, if it can, `tab()`: another client over the same storage.
All are plain functions (`serve`: a burst is a thread for each call) or all coroutines (`aserve`).
"""

import asyncio
import json
import sys
from concurrent.futures import Future, ThreadPoolExecutor, wait
from importlib.metadata import version


def about(package, docs, *, claims=(), explains=None, name=None):
    """Return the answer to `hello`: what the client is, and what it says of itself."""
    return {
        "client": name or package,
        "version": version(package),
        "language": f"Python {sys.version_info.major}.{sys.version_info.minor}",
        "docs": docs,
        "claims": claims,
        "explains": explains or {},
    }


def serve(told, client):
    """Follow the commands until `quit`."""
    tabs = [client]
    with ThreadPoolExecutor(32) as pool:
        for line in sys.stdin:
            word, *given = line.split()
            if word == "quit":
                break
            begun: list[Future] = []
            if word.startswith("burst"):
                begun = [pool.submit(tabs[k % len(tabs)].get, path) for k, path in enumerate(given)]
            if word == "sign-in":
                begun.append(pool.submit(client.sign_in))
            elif word in ("sign-out", "burst-and-sign-out"):
                begun.append(pool.submit(client.sign_out))
            elif word == "tabs":
                tabs += [client.tab() for _ in range(int(given[0]) - 1)]
            wait(begun)
            answer(word, told, [each.exception() for each in begun])


async def aserve(told, client):
    """Do the same on an event loop."""
    tabs = [client]
    while line := await asyncio.to_thread(sys.stdin.readline):
        word, *given = line.split()
        if word == "quit":
            break
        begun = []
        if word.startswith("burst"):
            begun = [tabs[k % len(tabs)].get(path) for k, path in enumerate(given)]
        if word == "sign-in":
            begun.append(client.sign_in())
        elif word in ("sign-out", "burst-and-sign-out"):
            begun.append(client.sign_out())
        elif word == "tabs":
            tabs += [client.tab() for _ in range(int(given[0]) - 1)]
        answer(word, told, await asyncio.gather(*begun, return_exceptions=True))


def answer(word, told, results):
    """Say that it is done. What the calls came to is the server's to say; what they raised goes to stderr."""
    failed = [each for each in results if isinstance(each, Exception)]
    for each in failed:
        print(f"{word}: {type(each).__name__}: {each}", file=sys.stderr)
    refused = word == "sign-in" and failed
    print(json.dumps(told) if word == "hello" else f"error {failed[0]}" if refused else "ok", flush=True)
