"""The ways on from a mechanism: what plays it here, what guards against it, a client that has it, its scenario."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Way:
    """
    How a mechanism is played.

    `world`: the rules of a server that lets it happen; `race`: of the score card, in which one's own client meets it;
    `plays`: a command that shows it by race401's client, if one does. What has no race needs servers that the mock
    is not (a redirect, two origins): one's own are recorded.
    """

    world: str = ""
    race: str = ""
    plays: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipe:
    """
    How it is guarded against by race401's fixtures: the pieces of a pytest file, which `guard` joins.

    `scene`: what the client does, as statements of a coroutine.
    """

    world: str
    scene: str
    check: str
    arm: str = ""  # statements before it
    left: str = "LEFT"  # s of life of the first token, as an expression
    part: str = "client"  # of PARTS: what makes the client
    imports: tuple[str, ...] = ()
    policy: str = "mandatory_margin=None"  # of race401's own client: callers wait for a refresh
    origins: str = ""  # in the script: which paths stand for other origins, as an expression


@dataclass(frozen=True, kw_only=True, slots=True)
class Naive:
    """
    A small client that has it: what a guard fails for, and what a script plays.

    `code`: its `client_of`, in the place of a guard's; empty: race401's own with this policy.
    """

    policy: str = "replace(PRE_FIX, expiry_margin=MARGIN)"
    code: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Play:
    """How clients under load play it. `control`: that which has it, and what it shows; the others show `subject`."""

    world: str
    about: str
    control: str
    policies: str = "pre-fix:expiry_margin={margin:g},fixed:expiry_margin={margin:g},hardened"
    subject: str = "NOTHING_WRONG.but(refreshes='any')"
    more: str = "left={left:g},\nvisit=1,"  # of the condition
    verdicts: str = "the first client FAIL, the others PASS"


USUAL = Naive()
EXPIRY = "concurrent-expiry"
FIXED = "replace(FIXED, expiry_margin=MARGIN)"
LOSES = 'Expectation("some", "several", sessions_lost="{lost}", cause="missing_token")'
CALLS_AT_ONCE = """
async with client_of(race401_server, tokens) as client:
    await asyncio.gather(*(client.get(f"/contacts?call={n}") for n in range(CALLS)))
    await client.get("/messages")  # the session is still valid
"""
CALLS_IN_A_ROW = """
async with client_of(race401_server, tokens) as client:
    for n in range(CALLS + 3):
        await client.get(f"/contacts?call={n}")
"""


def at_once(world: str, scene: str = CALLS_AT_ONCE) -> Recipe:
    """Return how a world is guarded in which refreshes at once spend one token."""
    arm, check = f'race401_server.arm("{EXPIRY}")', 'race401_verdict.check(covers="refresh")'
    return Recipe(world=world, arm=arm, scene=scene, check=check)
