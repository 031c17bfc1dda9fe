"""The driver's half of the protocol of `race401 card`: one line in, one line out. See docs/your-client.md.

A client has `sign_in()`, `get(path)`, `sign_out()` and, if it can, `tab()`: another client over the same storage.
All are plain functions (`serve`: a burst is a thread for each call) or all coroutines (`aserve`).
"""

import asyncio
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version


def about(package, docs, *, can=(), claims=(), explains=None, name=None, world="rfc9700"):
    """Return the answer to `hello`: what the client is, and what it says of itself."""
    return {
        "client": name or package,
        "version": version(package),
        "language": f"Python {sys.version_info.major}.{sys.version_info.minor}",
        "docs": docs,
        "world": world,
        "can": can,
        "claims": claims,
        "explains": explains or {},
    }


def serve(told, client):
    """Follow the commands until `quit`."""
    tabs, begun = [client], []
    with ThreadPoolExecutor(32) as pool:
        for line in sys.stdin:
            word, *given = line.split()
            failed = []
            if word == "quit":
                break
            if word == "begin":
                begun = [pool.submit(tabs[k % len(tabs)].get, path) for k, path in enumerate(given)]
            elif word == "end":
                failed = [each.exception() for each in begun]
            elif word == "tabs":
                tabs += [client.tab() for _ in range(int(given[0]) - 1)]
            elif word in ("sign-in", "sign-out"):
                failed = [pool.submit(client.sign_in if word == "sign-in" else client.sign_out).exception()]
            answer(word, told, failed)


async def aserve(told, client):
    """Do the same on an event loop."""
    tabs, begun = [client], []
    while line := await asyncio.to_thread(sys.stdin.readline):
        word, *given = line.split()
        failed = []
        if word == "quit":
            break
        if word == "begin":
            begun = [asyncio.ensure_future(tabs[k % len(tabs)].get(path)) for k, path in enumerate(given)]
        elif word == "end":
            failed = await asyncio.gather(*begun, return_exceptions=True)
        elif word == "tabs":
            tabs += [client.tab() for _ in range(int(given[0]) - 1)]
        elif word in ("sign-in", "sign-out"):
            call = client.sign_in if word == "sign-in" else client.sign_out
            failed = await asyncio.gather(call(), return_exceptions=True)
        answer(word, told, failed)


def answer(word, told, results):
    """Say that it is done. What the calls came to is the server's to say; what they raised goes to stderr."""
    failed = [each for each in results if isinstance(each, Exception)]
    for each in failed:
        print(f"{word}: {type(each).__name__}: {each}", file=sys.stderr)
    refused = word == "sign-in" and failed
    print(json.dumps(told) if word == "hello" else f"error {failed[0]}" if refused else "ok", flush=True)
