"""`race401 explore`: every order in which callers, refreshes, time and faults can come; the core's own code."""

from argparse import SUPPRESS, ArgumentParser, Namespace
from collections.abc import Iterable, Iterator
from dataclasses import replace

from race401.harness.commands import own_worlds
from race401.harness.commands.called import called
from race401.harness.commands.errors import CommandError
from race401.harness.explore.core.findings import KINDS
from race401.harness.explore.core.scenario import Scenario
from race401.harness.explore.core.schedule import choices_of, walk
from race401.harness.explore.core.search import Found, Result, Search
from race401.harness.explore.core.stage import Stage
from race401.harness.explore.core.story import sentences
from race401.harness.explore.core.token import encode
from race401.harness.judge.counted import counted
from race401.harness.judge.findings import Finding, Value
from race401.harness.judge.verdict import EXIT_CODES
from race401.harness.reporting import answer, progress, terminal
from race401.harness.reporting.answer import Answer
from race401.harness.tokens.named import NoSuchPolicy, policy
from race401.harness.tokens.policy import POLICIES, Policy
from race401.mock_api.rules import issuer
from race401.mock_api.rules.worlds import WORLDS, World

AGAIN = "  again:"


def add(parser: ArgumentParser) -> None:
    """Declare the options."""
    add_scenario(parser)
    parser.add_argument("--max-states", type=int, default=5_000_000, metavar="N", help="stop after so many states")
    parser.add_argument("--max-seconds", type=float, default=300.0, metavar="S", help="stop after so long")
    answer.add(parser)
    parser.add_argument("--brief", action="store_true", help="print no stories, only the tokens that replay them")


def add_scenario(parser: ArgumentParser) -> None:
    """Declare what is explored."""
    parser.add_argument(
        "--policy",
        default="fixed",
        help=f"{', '.join(POLICIES)}; with other knobs: fixed:single_flight=false+expiry_margin=60 (default: fixed)",
    )
    parser.add_argument("--set", action="append", default=[], help=SUPPRESS)  # KNOB=VALUE: what `--policy` takes too
    parser.add_argument("--world", default="rfc9700", metavar="NAME", help=f"{', '.join(WORLDS)} (default: rfc9700)")
    own_worlds.add(parser)
    parser.add_argument("--callers", type=int, default=2, metavar="N", help="in each tab (default: 2)")
    parser.add_argument("--tabs", type=int, default=1, metavar="N", help="sessions over one store (default: 1)")
    parser.add_argument("--sign-out", action="store_true", help="somebody signs out, at any time")
    parser.add_argument("--switch", action="store_true", help="and signs in to another account")
    parser.add_argument("--cancel", type=int, default=0, metavar="N", help="so many callers are cancelled")
    parser.add_argument("--fail", type=int, default=0, metavar="N", help="so many exchanges never reach the server")
    parser.add_argument("--lose", type=int, default=0, metavar="N", help="so many exchanges lose their answer")
    parser.add_argument(
        "--auto-refresh", type=int, nargs="?", const=1, default=0, metavar="N", help="so many background refreshes"
    )
    parser.add_argument("--refuse", action="store_true", help="at any time, the API begins to refuse the first token")
    parser.add_argument("--skew", type=float, default=0.0, metavar="S", help="client clock minus server clock")
    parser.add_argument("--lifetime", type=float, metavar="S", help="of access tokens, instead of the world's")
    parser.add_argument("--instant-store", action="store_true", help="reading the session store takes no time")


def run(given: Namespace) -> int:
    """Explore, and say what was found."""
    scenario, world = scenario_of(given)
    search = Search(Stage(scenario, world, issuer))
    result = search.run(given.max_states, given.max_seconds, _tell_progress)
    progress.clear()
    reply = answer_of(search.stage, result)
    lines = describe(search.stage, result, given.brief, own_worlds.option(given.worlds))
    print(answer.render(reply, given.form, lambda: "\n".join(_on_terminal(lines))))
    return EXIT_CODES[reply.verdict] if reply.verdict else 0


def answer_of(stage: Stage, result: Result) -> Answer:
    """Return what an exploration comes to: each kind of wrong is a finding, a cost one that is no failure."""
    marks = sorted(result.found, key=lambda mark: KINDS[mark].weight != "violation")
    bad = [mark for mark in marks if KINDS[mark].weight == "violation"]
    value = Value.FAIL if bad else Value.PASS if result.exhausted else Value.UNKNOWN
    sentence = f"{counted(len(bad), 'kind')} of violation: {', '.join(bad)}"
    if not bad:
        sentence = "no violation in any order of steps" if result.exhausted else "not exhausted: the bound came first"
    beside = {
        "policy": stage.scenario.policy.name,
        "world": stage.world.name,
        "bounds": list(_bounds(stage.scenario)),
        "states": result.states,
        "exhausted": result.exhausted,
        "schedules": None if result.schedules is None else str(result.schedules),  # beyond what JSON's numbers hold
        "replays": {mark: _token(stage, result.found[mark]) for mark in marks},
    }
    findings = [Finding(m, Value.FAIL if m in bad else Value.PASS, KINDS[m].sentence) for m in marks]
    return Answer("explore", value, sentence, findings, beside)


def _on_terminal(lines: Iterable[str]) -> Iterator[str]:
    """Yield the lines as a terminal takes them; a command that somebody may copy is whole, whatever its length."""
    columns, colour = terminal.width(), terminal.has_colour()
    for line in lines:
        for part in [line] if line.startswith(AGAIN) else terminal.fitted(line, columns):
            yield terminal.painted(part, _colour(line), on=colour)


def _tell_progress(states: int, wrong: int) -> None:
    progress.show(f"exploring: {states:,} states, {wrong} kinds of wrong so far")


def scenario_of(given: Namespace) -> tuple[Scenario, World]:
    """Return what was asked for, or refuse it."""
    for name, least in (("callers", 1), ("tabs", 1), ("cancel", 0), ("fail", 0), ("lose", 0), ("auto_refresh", 0)):
        if getattr(given, name) < least:
            raise CommandError(f"--{name.replace('_', '-')} must be at least {least}")
    world = own_worlds.named(given.world, own_worlds.known(given.worlds))
    if given.lifetime is not None:
        if given.lifetime < 1:
            raise CommandError("--lifetime must be at least 1 s")
        world = replace(world, lifetime=given.lifetime)
    scenario = Scenario(
        asked(given.policy, given.set),
        callers=given.callers,
        sign_out=given.sign_out and not given.switch,
        switch=given.switch,
        cancel=given.cancel,
        fail=given.fail,
        lose=given.lose,
        ticks=given.auto_refresh,
        refuse=given.refuse,
        skew=given.skew,
        tabs=given.tabs,
        instant_store=given.instant_store,
    )
    return scenario, world


def asked(text: str, settings: list[str]) -> Policy:
    """Return the policy that was asked for; settings are what may as well follow its name."""
    if settings:
        text += (";" if ":" in text else ":") + ";".join(settings)
    try:
        return policy(text)
    except NoSuchPolicy as unknown:
        raise CommandError(f"--policy: {unknown}") from None


def describe(stage: Stage, result: Result, brief: bool, worlds: str = "") -> Iterator[str]:
    """Yield the lines of the answer; `worlds`: the option that a replay needs."""
    scenario, world = stage.scenario, stage.world
    bounds = ", ".join(_bounds(scenario))
    yield f"{scenario.policy.name} in {world.name}: {bounds}"
    if world.losers_get == "overwrite":
        yield f"{world.name} checks a refresh token and writes the session in two steps: others can come between"
    elif world.losers_get != "as_reuse":
        yield f"{world.name} tells uses at once from later ones: an exchange is received, and judged a step later"
    jumps = " ".join(f"{at - stage.first_pair.expires_at:+.0f}" for at in stage.instants)
    yield f"instants, in s from the first token's expiry on the server's clock: {jumps}"
    speed = result.states / max(result.cpu, 1e-3)
    yield f"{result.states:,} states by {result.steps:,} steps in {result.cpu:.1f} s of CPU ({speed:,.0f} states/s)"
    if result.schedules is None:
        yield "NOT exhausted: the bound on states or time was reached first; what was not found may still be there"
    else:
        yield f"exhausted: {_big(result.schedules)} schedules, that is every order of every step within these bounds"
    if not result.found:
        yield "nothing is wrong in any of them" if result.exhausted else "nothing wrong was found so far"
    replays: dict[str, list[str]] = {}  # the marks of each schedule, by its token; violations first
    for mark in sorted(result.found, key=lambda mark: KINDS[mark].weight != "violation"):
        replays.setdefault(_token(stage, result.found[mark]), []).append(mark)
    for token, marks in replays.items():
        yield ""
        for mark in marks:
            steps = result.found[mark].steps
            yield f"{KINDS[mark].weight:<9}  {mark}: {KINDS[mark].sentence} (in {steps:,} distinct steps)"
        if not brief and any(KINDS[mark].weight != "cost" for mark in marks):
            yield "the shortest way there:"
            yield from sentences(stage, walk(stage, choices_of(stage, result.found[marks[0]].path)))
        yield f"{AGAIN} {called()} replay {token}{worlds}"


def _token(stage: Stage, found: Found) -> str:
    """Return what `race401 replay` takes."""
    choices = choices_of(stage, found.path)
    return encode(stage.scenario, stage.world.name, stage.world.lifetime, choices, POLICIES)


def _colour(line: str) -> str:
    """Return how a line is painted: a violation, a cost, what a step does wrong, or that nothing is wrong."""
    begins = {
        "violation": "bad",
        "cost": "cost",
        "nothing is wrong": "good",
        "NOT exhausted": "cost",
        AGAIN: "soft",
    }
    found = next((colour for words, colour in begins.items() if line.startswith(words)), "plain")
    return "cost" if line.lstrip().startswith("^ ") else found


def _bounds(scenario: Scenario) -> Iterator[str]:
    yield f"{scenario.callers} callers" + (f" in each of {scenario.tabs} tabs" if scenario.tabs > 1 else "")
    yield from (
        words
        for asked, words in (
            (scenario.sign_out, "sign-out"),
            (scenario.switch, "switch of accounts"),
            (scenario.cancel, f"{scenario.cancel} cancelled"),
            (scenario.fail, f"{scenario.fail} failed exchange"),
            (scenario.lose, f"{scenario.lose} lost answer"),
            (scenario.ticks, f"{scenario.ticks} auto-refresh"),
            (scenario.refuse, "the API begins to refuse the first token"),
            (scenario.skew, f"clock {scenario.skew:+.0f} s"),
            (scenario.instant_store, "instant store"),
        )
        if asked
    )


def _big(n: int) -> str:
    return f"{n:,}" if n < 10**15 else f"{float(n):.1e}"
