"""Sound clients in hard circumstances, which must not fail, and unsound ones, which must not pass."""

from typing import Any

import pytest
from wires import Wire, verdict

OVER = {"token_left_s": -1.0, "cause": "expired"}
AT = 1_800_000_000.0  # s since the epoch
WORDS: dict[str, dict[str, Any]] = {
    "over": OVER,
    "hung-up": {"hung_up": True, "took": 5.0},
    "POST": {"method": "POST"},
    "limited": {"grant_outcome": "rate_limited"},
    "missing": {"cause": "missing_token"},
}


def recording(told: str) -> Wire:
    """
    Entries as lines: when (s), who where it is not `me` (`@peer`), and what.

    `in ACCESS REFRESH`, `get ACCESS STATUS PATH`, `refresh REFRESH [ACCESS [REFRESH]]`, `out ACCESS`; then words and
    `field=number`. `-` is none.
    """
    wire = Wire()
    lines = [line.split() for line in told.strip().splitlines()]
    for at, *words in sorted(lines, key=lambda words: float(words[0])):
        more: dict[str, Any] = {"at": AT + float(at), "peer": "me"}
        given = list[str | None]()
        for word in words:
            if word.startswith("@"):
                more["peer"] = word
            elif word in WORDS:
                more |= WORDS[word]
            elif "=" in word:
                field, _, value = word.partition("=")
                more[field] = value if value.isalpha() else float(value) if "." in value else int(value)
            else:
                given.append(None if word == "-" else word)
        what, first, *rest = given
        if what == "get":
            wire.get(first, int(rest[0] or 0), rest[1] or "/", **more)
        elif what == "in":
            wire.sign_in(first or "", rest[0], **more)
        elif what == "refresh":
            if "status" in more:
                more.setdefault("grant_outcome", None)
            wire.exchange(first or "", *rest, **more)
        else:
            wire.sign_out(first or "", **more)
    return wire


LIVING = """
0 in a1 r1
1 get a1 200 /x token_left_s=299.0
240 refresh r1 a2 r2 token_left_s=60.0
241 get a2 200 /x token_left_s=299.0
480 refresh r2 a3 r3 token_left_s=60.0
481 get a3 200 /x token_left_s=299.0
"""
REFUSED = "0 in a1 r1\n60 get a1 401 /x over\n"
SOUND: dict[str, tuple[str, str]] = {
    "a clock that is ahead": ("PASS", LIVING),
    "a clock that is behind": (
        "PASS",
        REFUSED + "60.1 refresh r1 a2 r2\n60.2 get a2 200 /x\n"
        "120 get a2 401 /x over\n120.1 refresh r2 a3 r3\n120.2 get a3 200 /x",
    ),
    "recorded from the middle": ("PASS", "60 get a1 401 /x\n60.1 refresh r1 a2 r2\n60.2 get a2 200 /x"),
    "two devices": (
        "PASS",
        (
            "0 in a1 r1 @one\n0.1 in b1 q1 @two\n60 get a1 401 /x over @one\n60.05 get b1 401 /x over @two\n"
            "60.1 refresh r1 a2 r2 @one\n60.15 refresh q1 b2 q2 @two\n60.2 get a2 200 /x @one\n"
            "60.25 get b2 200 /x @two"
        ),
    ),
    "a service account beside a user": (
        "PASS",
        LIVING + "2 in s1 - @service credentials=job\n3 get s1 200 /job @service\n"
        "3602 in s2 - @service credentials=job\n3603 get s2 200 /job @service",
    ),
    "two processes and a lock": (
        "PASS",
        (
            "0 in a1 r1 @one\n60 get a1 401 /x over @one\n60 get a1 401 /y over @two\n60.1 refresh r1 a2 r2 @one\n"
            "60.2 get a2 200 /x @one\n60.3 get a2 200 /y @two\n120 refresh r2 a3 r3 @two\n121 get a3 200 /x @one"
        ),
    ),
    "a token of another audience": (
        "UNKNOWN",
        (
            "0 in a1 r1\n1 get a1 401 /other token_left_s=299.0\n1.1 refresh r1 a2 r2\n"
            "1.2 get a2 401 /other token_left_s=299.0\n2 get a2 200 /x"
        ),
    ),
    "a sign-out during a refresh": ("PASS", "0 in a1 r1\n1 get a1 200 /x\n60 refresh r1 a2 r2 took=1.0\n60.2 out a1"),
    "a refresh that a sign-out ended": ("PASS", "0 in a1 r1\n1 get a1 200 /x\n60 refresh r1 took=1.0\n60.2 out a1"),
    "a retry after a time-out, within the reuse interval": (
        "PASS",
        "0 in a1 r1\n1 get a1 200 /x\n60 refresh r1 a2 r2 hung-up\n65.2 refresh r1 a3 r3\n66 get a3 200 /x",
    ),
    "a retry after a broken connection": (
        "PASS",
        "0 in a1 r1\n1 get a1 200 /x\n60 refresh r1 a2 r2 status=0\n61 refresh r1 a3 r2\n62 get a3 200 /x",
    ),
    "a restart with the stored pair": (
        "PASS",
        "0 refresh r1 a2 r2\n1 get a2 200 /x\n9000 refresh r2 a3 r3 @new\n9001 get a3 200 /x @new",
    ),
    "rotation only sometimes": (
        "PASS",
        (
            "0 in a1 r1\n60 refresh r1 a2 -\n61 get a2 200 /x\n120 refresh r1 a3 r2\n121 get a3 200 /x\n"
            "180 refresh r2 a4 r2\n181 get a4 200 /x\n240 refresh r2 a5 r3\n241 get a5 200 /x"
        ),
    ),
    "users behind one address": (
        "PASS",
        "\n".join(
            f"{n} in {n}a {n}r\n60 get {n}a 401 /x over\n60.1 refresh {n}r {n}b {n}q took=0.2\n60.4 get {n}b 200 /x"
            for n in range(8)
        ),
    ),
    "users behind one address whose sign-ins were not seen": (
        "PASS",
        "\n".join(
            f"60 get {n}a 401 /x\n60.1 refresh {n}r {n}b {n}q took=0.2\n60.4 get {n}b 200 /x" for n in range(4)
        ),
    ),
    "a permission that is wanting": ("PASS", LIVING + "2 get a1 403 /admin\n482 get a3 403 /admin"),
    "a token endpoint that fails, then serves": (
        "PASS",
        (
            "0 in a1 r1\n1 get a1 200 /x\n60 refresh r1 status=503\n61 refresh r1 status=502\n63 refresh r1 a2 r2\n"
            "64 get a2 200 /x"
        ),
    ),
    "a gateway that fails after the rotation": (
        "UNKNOWN",
        "0 in a1 r1\n1 get a1 200 /x\n60 refresh r1 status=504\n61 refresh r1\n61.2 get a1 200 /x",
    ),
    "many streams of one connection": (
        "PASS",
        "0 in a1 r1\n60.015 refresh r1 a2 r2 took=0.05\n"
        + "\n".join(f"60 get a1 401 /{n} over took=0.0{n + 10}\n60.07 get a2 200 /{n}" for n in range(20)),
    ),
    "one path, many times": (
        "PASS",
        "0 in a1 r1\n60.1 refresh r1 a2 r2\n" + "60 get a1 401 /x over\n60.2 get a2 200 /x\n" * 5,
    ),
    "a retry that is told to wait": (
        "PASS",
        REFUSED + "60.1 refresh r1 a2 r2\n60.2 get a2 429 /x\n62 get a2 200 /x",
    ),
    "a refresh that is told to wait": (
        "UNKNOWN",
        REFUSED + "60.1 refresh r1 status=429\n65 refresh r1 a2 r2\n65.2 get a2 200 /x",
    ),
    "a refresh that the mock told to wait": (
        "PASS",
        LIVING + "720 refresh r3 status=429 limited\n725 refresh r3 a4 r4\n726 get a4 200 /x",
    ),
    "a refresh of 20 s": ("PASS", REFUSED + "60.1 refresh r1 a2 r2 took=20.0\n80.2 get a2 200 /x"),
    "a retry under another key": ("UNKNOWN", REFUSED + "60.1 refresh r1 a2 r2\n60.2 get z9 200 /x key=other"),
}
UNSOUND: dict[str, tuple[str, str]] = {
    "a second exchange, refused": ("FAIL", LIVING + "240.0005 refresh r1"),
    "a second exchange, forgiven": ("FAIL", LIVING + "240.0005 refresh r1 ax r2"),
    "a second exchange, forked": ("FAIL", LIVING + "240.0005 refresh r1 ax rx"),
    "a kept token, five times at once": (
        "FAIL",
        "0 in a1 r1\n61 get b4 200 /x\n" + "\n".join(f"60 refresh r1 b{n} - took=0.2" for n in range(5)),
    ),
    "five times at once, each told to wait": (
        "FAIL",
        LIVING + "720 refresh r3 status=429 limited took=0.2\n" * 5 + "725 refresh r3 a4 r4",
    ),
    "no retry": ("FAIL", REFUSED + "60.1 refresh r1 a2 r2\n70 get a2 200 /y"),
    "no retry, and no audience either": (
        "FAIL",
        "0 in a1 r1\n1 get a1 401 /x token_left_s=299.0\n1.1 refresh r1 a2 r2\n5 get a2 200 /y",
    ),
    "a retry whose token nothing accepts": (
        "FAIL",
        REFUSED + "60.1 refresh r1 a2 r2\n60.2 get a2 401 /x\n90 refresh r2 a3 r3\n91 get a3 200 /x",
    ),
    "a retry with the old token": (
        "FAIL",
        REFUSED + "60.1 refresh r1 a2 r2\n60.2 get a1 401 /x over\n90 get a2 200 /y",
    ),
    "put off, and never asked again": (
        "FAIL",
        REFUSED + "60.1 refresh r1 status=429\n65 refresh r1 a2 r2\n66 get a2 200 /y",
    ),
    "a used token that is kept": ("FAIL", LIVING + "720 refresh r2\n721 get a3 401 /x over"),
    "a session that was signed out": ("FAIL", LIVING + "500 out a3\n510 get a3 200 /x"),
    "a refresh for each call": (
        "FAIL",
        "0 in a0 r0\n"
        + "\n".join(
            f"{n}.1 refresh r{n - 1} a{n} r{n} token_left_s=299.0\n{n}.5 get a{n} 200 /{n} token_left_s=299.0"
            for n in range(1, 8)
        ),
    ),
    "a token that is lost": ("FAIL", REFUSED + "60.1 refresh r1 a2 r2\n60.2 get - 401 /x missing"),
    "a token of another device": (
        "FAIL",
        (
            "0 in a1 r1 @one\n0.1 in b1 q1 @two\n1 get a1 200 /x @one\n60 refresh r1 a2 r2 @one\n"
            "60.0005 refresh r1 @two\n61 get a2 200 /x @one"
        ),
    ),
    "one of the users behind an address": (
        "FAIL",
        "\n".join(
            f"{n} in {n}a {n}r\n60 get {n}a 401 /x over\n60.1 refresh {n}r {n}b {n}q took=0.2\n60.4 get {n}b 200 /{p}"
            for n, p in enumerate("xxxy")
        ),
    ),
    "a body that is lost": (
        "FAIL",
        (
            "0 in a1 r1\n60 get a1 401 /x over POST body_length=9\n60.1 refresh r1 a2 r2\n"
            "60.2 get a2 422 /x POST body_length=0\n63 get a2 200 /x"
        ),
    ),
    "a service that signs in for each call": (
        "FAIL",
        "\n".join(f"{n} in s{n} - credentials=job\n{n}.5 get s{n} 200 /job token_left_s=299.0" for n in range(6)),
    ),
    "a token that is dropped for good": ("UNKNOWN", LIVING + "490 get - 401 /x missing"),
}


@pytest.mark.parametrize("client", SOUND)
def test_a_sound_client(client: str) -> None:
    """PASS, or UNKNOWN where the wire does not tell; never FAIL."""
    value, told = SOUND[client]
    assert verdict(recording(told)).value == value


@pytest.mark.parametrize("client", UNSOUND)
def test_an_unsound_client(client: str) -> None:
    """It has one flaw: FAIL, or UNKNOWN where the wire does not tell; never PASS."""
    value, told = UNSOUND[client]
    assert verdict(recording(told)).value == value


@pytest.mark.parametrize(
    ("client", "reason"),
    [
        (
            "a token of another audience",
            "1 more 401 cannot be decided: the retry had a new token, which was accepted elsewhere",
        ),
        (
            "a refresh that is told to wait",
            "1 more 401 cannot be decided: a refresh was put off, and nothing tells whether",
        ),
    ],
)
def test_the_reason(client: str, reason: str) -> None:
    assert reason in verdict(recording(SOUND[client][1])).sentence
