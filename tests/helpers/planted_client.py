"""A driver whose client does one thing wrong, or nearly: the command line says what. It claims nothing."""

import json
import os
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

API, TOKENS = os.environ["RACE401_URL"], os.environ["RACE401_TOKEN_URL"]
WHO = {"username": os.environ["RACE401_EMAIL"], "password": os.environ["RACE401_PASSWORD"]}
DOES = set(sys.argv[1:])
MARGIN, LOCK_LASTS = 60.0, 0.3  # s
GOES_ON = 0.5  # s, which a refresh takes that nobody holds
APART = 0.1  # s, as on a busy machine
UNAUTHORIZED = 401
stored: dict[str, Any] = {}
lock = threading.Lock()


def grant(**form: str) -> dict[str, Any] | None:
    """Ask the token endpoint; None: refused for good."""
    try:
        patience = 0.3 if "hangs-up" in DOES and form["grant_type"] == "refresh_token" else None
        with urllib.request.urlopen(TOKENS, urllib.parse.urlencode(form).encode(), patience) as answer:
            token: dict[str, Any] = json.load(answer)
    except urllib.error.HTTPError as error:
        if error.code in (400, 401):
            return None
        raise
    unit = 0.001 if "takes-seconds-for-milliseconds" in DOES else 1.0
    return token | {"over_at": time.time() + token["expires_in"] * unit}


def exchange(spent: dict[str, Any]) -> None:
    """One refresh, or several tries of one."""
    for _ in range(6 if "storms" in DOES else 3 if "tries-three-times" in DOES else 1):
        try:
            fresh = grant(grant_type="refresh_token", refresh_token=spent["refresh_token"])
            break
        except urllib.error.HTTPError:
            time.sleep(0.01)
    else:
        raise RuntimeError("no refresh")
    if fresh is not None:
        stored.update(fresh)
    elif "deletes-when-refused" in DOES:
        stored.clear()
    if fresh is None and "reads-again-when-refused" not in DOES:
        raise RuntimeError("refused")


def refreshed(mine: dict[str, Any]) -> dict[str, Any]:
    """A token that is not the one given: one refresh for all, or what is planted instead."""
    if DOES & {"deletes-when-refused", "reads-again-when-refused", "refreshes-for-each-401"}:
        exchange(dict(stored) if "refreshes-for-each-401" in DOES else mine)
        return dict(stored)
    held = lock.acquire(timeout=LOCK_LASTS if DOES & {"takes-the-lock", "waits-so-long"} else -1)
    try:
        if not held and "waits-so-long" in DOES:
            raise RuntimeError("the lock is not free")
        if stored["access_token"] == mine["access_token"]:
            exchange(mine)
        return dict(stored)
    finally:
        if held:
            lock.release()


def ask(path: str, token: dict[str, Any]) -> int:
    """The status of one GET."""
    asked = urllib.request.Request(API + path, headers={"Authorization": f"Bearer {token['access_token']}"})
    try:
        with urllib.request.urlopen(asked) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def get(call: dict[str, Any]) -> None:
    """What an app does for one call: refresh when it is due, and once more for each 401 that it makes good."""
    try:
        if "starts-one-by-one" in DOES:
            time.sleep(APART * calls.index(call))
        mine = dict(stored)
        if mine["over_at"] - time.time() < MARGIN:
            mine = refreshed(mine)
        call["status"] = ask(call["path"], mine)
        for _ in range(3 if "insists" in DOES else 1):
            if call["status"] == UNAUTHORIZED:
                mine = refreshed(mine)
                call["status"] = ask(call["path"], mine)
    except Exception as error:
        call["error"] = repr(error)
        call.pop("status", None)
    del call["pending"]


calls: list[dict[str, Any]] = []
threads: list[threading.Thread] = []
for line in sys.stdin:
    word, *given = line.split()
    said = "ok"
    if word == "sign-in":
        stored.clear()
        stored.update(grant(grant_type="password", **WHO) or {})
        if "has-a-timer" in DOES:  # that is due at once; it goes on while the app does
            timer = threading.Thread(target=refreshed, args=[dict(stored)], daemon=True)
            timer.start()
            timer.join(GOES_ON)
    elif word == "begin":
        calls = [{"path": path, "pending": True} for path in given]
        threads = [threading.Thread(target=get, args=[call], daemon=True) for call in calls]
        for thread in threads:
            thread.start()
    elif word == "end":
        for thread in threads:
            thread.join(float(given[0]))
        said = json.dumps(calls)
    elif word == "quit":
        break
    print(said, flush=True)
