"""What each part of the fix does: the rows, their words, and the table that the package keeps for its reports."""

import json
from collections.abc import Callable, Iterable
from dataclasses import fields
from functools import cache
from pathlib import Path

import msgspec
import pytest
from ledgers import manifest
from pages import ODD, crossed_by_a_pair, page

from race401.harness.__main__ import main
from race401.harness.commands import ablate as command
from race401.harness.commands.effects import NO_DIFFERENCE, PARTS, tabulate
from race401.harness.explore.core.ablation import CONDITIONS, Condition, Row, ablate
from race401.harness.explore.core.findings import KINDS
from race401.harness.explore.core.scenario import Scenario
from race401.harness.reporting import ablation
from race401.harness.reporting.ablation import Ablation, Effect, stored_table
from race401.harness.tokens.policy import UNSEEN, Policy

DOCS = Path(__file__).parents[2] / "docs" / "parts.md"
UPDATE = "race401 ablate --table harness/reporting/ablation.json --markdown docs/parts.md"
AT_REST = [each for each in CONDITIONS if each.name == "sign-out at rest"]


@cache
def explored_at_rest() -> list[Row]:
    """What exploring finds there, one scenario after another."""
    return ablate(command.explore, AT_REST)


def planted(fault: Callable[[Policy], bool], kind: str = "caller-401") -> Callable[..., Iterable[str]]:
    """What an exploration finds if this alone decides."""
    return lambda condition, scenario: [kind] if fault(scenario.policy) else []


def cell(table: Ablation, knob: str, client: str) -> list[Effect]:
    """What the table says of a part in a client; of the fix's part, if it is of both."""
    part = next(part for group in table.groups for part in group.parts if part.knob == knob)
    return part.cells[table.clients.index(client)]


def hold(found: Ablation) -> None:
    """Hold what exploring finds against what the package keeps."""
    stale = [name for name in Ablation.__struct_fields__ if getattr(found, name) != getattr(stored_table(), name)]
    assert not stale, f"the kept table's {', '.join(stale)} is not what exploring finds; look at it, then: {UPDATE}"


def test_every_part_has_its_words() -> None:
    """A knob is in the table or it is said why not; each condition and fault has a name of its own."""
    assert set(PARTS) | set(UNSEEN) | {"name"} == {each.name for each in fields(Policy)}
    assert not set(PARTS) & set(UNSEEN)
    for names in ([each.name for each in CONDITIONS], [k.short for k in KINDS.values() if k.weight != "incurable"]):
        assert len(names) == len(set(names))


def test_parts_that_only_work_together() -> None:
    """What a part does beside another, which it does not alone, is told with that other's name."""
    table = tabulate(ablate(planted(lambda p: p.session_cache > 0 and not p.clear_on_sign_out), AT_REST))
    needs, prevents = cell(table, "clear_on_sign_out", "alone, before the fix")
    assert needs == Effect("needs", "session cache")
    assert prevents == Effect("prevents", "401s in the app (sign-out at rest)")
    assert (
        "Put in alone, cache dropped at sign-out is of use only together with session cache."
        in table.groups[0].answer
    )
    assert cell(table, "session_cache", "alone, before the fix")[0].verb == "causes"
    assert "Put in alone, session cache causes violations too." in table.groups[0].answer


def test_a_part_that_another_hides() -> None:
    """Either is enough, so that taking one out changes nothing."""
    table = tabulate(ablate(planted(lambda p: not (p.clear_on_sign_out or p.fence_sign_out)), AT_REST))
    assert cell(table, "clear_on_sign_out", "in HARDENED")[0] == Effect("hidden by", "sign-out fence")
    assert cell(table, "clear_on_sign_out", "in the fix")[0].verb == "prevents"


def test_parts_of_which_each_is_enough() -> None:
    """Each prevents it alone, and the fix without one of them still has the other; what else it does is told too."""

    def explore(condition: Condition, scenario: Scenario) -> list[str]:
        early, retries = scenario.policy.expiry_margin >= 120, scenario.policy.retry_on_401
        return ["caller-401"] * (not early and not retries) + ["needless-exchange"] * (not early)

    table = tabulate(ablate(explore, AT_REST))
    assert [each.verb for each in cell(table, "expiry_margin", "alone, before the fix")] == ["prevents", "saves"]
    spared, saves = cell(table, "expiry_margin", "in the fix")
    assert spared == Effect(
        "not needed", "to prevent 401s in the app (sign-out at rest), where retry after 401 alone is enough"
    )
    assert saves == Effect("saves", "needless refreshes (sign-out at rest)")
    assert cell(table, "retry_on_401", "in the fix")[0] == Effect("hidden by", "wider margin")


def test_a_cost_is_no_violation() -> None:
    """It is saved or cost, never prevented or brought."""
    table = tabulate(ablate(planted(lambda p: p.single_flight, "waits-needlessly"), AT_REST))
    assert cell(table, "single_flight", "in the fix") == [Effect("costs", "needless waits (sign-out at rest)")]
    assert "Only time and requests: shared refresh." in table.groups[0].answer


def test_where_nothing_is_wrong_nothing_is_claimed() -> None:
    """No exploration finds anything: no part does anything, and none is said to."""
    table = tabulate(ablate(planted(lambda p: False), AT_REST))
    said = {each for group in table.groups for part in group.parts for cell in part.cells for each in cell}
    assert said == {Effect("", NO_DIFFERENCE)}
    assert [line.partition(":")[0] for group in table.groups for line in group.answer] == ["No difference"] * 2


def test_many_conditions_are_counted() -> None:
    """A cell names up to three and counts more."""
    table = tabulate(ablate(planted(lambda p: not p.single_flight)))
    every = f"401s in the app ({len(CONDITIONS)} of {len(CONDITIONS)} conditions)"
    assert cell(table, "single_flight", "in the fix") == [Effect("prevents", every)]


def test_cleared_at_sign_out_explored() -> None:
    """The client's own code: a cache outlives a sign-out unless that clears it, and without a cache nothing does."""
    table = tabulate(explored_at_rest())
    assert cell(table, "session_cache", "alone, before the fix")[0].verb == "causes"
    assert [each.verb for each in cell(table, "clear_on_sign_out", "alone, before the fix")] == ["needs", "prevents"]
    assert [each.verb for each in cell(table, "clear_on_sign_out", "in the fix")] == ["prevents"]


def test_several_processes_find_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the same order."""
    assert ablate(command.explore, AT_REST, each=command.in_processes) == explored_at_rest()


def test_the_kept_table_has_todays_words() -> None:
    """All of it that takes no exploring."""
    words = tabulate([])
    for name in ("method", "clients", "conditions"):
        assert getattr(stored_table(), name) == getattr(words, name), f"{name}: {UPDATE}"
    assert set(stored_table().faults) <= {(kind.short, kind.sentence) for kind in KINDS.values()}, UPDATE
    assert {part.knob for group in stored_table().groups for part in group.parts} == set(PARTS)


def test_the_page_of_the_docs_is_the_kept_table() -> None:
    assert DOCS.read_text(encoding="utf-8") == ablation.markdown(stored_table()), UPDATE


def test_a_difference_is_noticed() -> None:
    """One cell is enough; the same table is none."""
    hold(msgspec.json.decode(ablation.to_json(stored_table()), type=Ablation))
    other = msgspec.json.decode(ablation.to_json(stored_table()), type=Ablation)
    other.groups[0].parts[2].cells[1][0] = Effect("prevents", "nothing")
    with pytest.raises(AssertionError, match=r"the kept table's groups .* race401 ablate --table"):
        hold(other)


@pytest.mark.slow
def test_the_kept_table_is_what_exploring_finds() -> None:
    hold(tabulate(ablate(command.explore, each=command.in_processes)))


def test_a_report_has_the_table() -> None:
    """Folded, with what it is and where it does not come from."""
    built = page(crossed_by_a_pair().evidence())
    text = " ".join(built.text.split())
    assert "Not from this run, and the same in every report. This is explored, not measured" in text
    for group in stored_table().groups:
        assert all(line in text for line in group.answer)
        assert all(each.text in text for part in group.parts for cell in part.cells for each in cell)
    _, _, section = built.source.partition('<section id="parts"')
    assert section.index("<details>") < section.index('<table class="data parts"') < section.index("</details>")


def test_a_report_of_somebody_elses_client_has_not() -> None:
    """What a part of our fix does is not about it."""
    make, _ = ODD["a ledger alone"]
    assert 'id="parts"' not in page(make(crossed_by_a_pair())).source


def test_a_changed_part_is_still_of_the_fix() -> None:
    """`fixed:single_flight=false` is called so in the manifest."""
    run = crossed_by_a_pair()
    run.manifest = manifest() | {"policies": {"subject": {"name": "fixed:single_flight=false"}}}
    assert 'id="parts"' in page(run.evidence()).source


def test_the_command_shows_and_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The answer first, then the words, then the table; the files hold the same."""

    def found(explore: object, each: object) -> list[Row]:
        return ablate(planted(lambda p: not p.single_flight), AT_REST)

    monkeypatch.setattr(command, "ablate", found)
    monkeypatch.setenv("COLUMNS", "150")
    names = ("markdown", "json", "table")
    assert main(["ablate", *(word for name in names for word in (f"--{name}", str(tmp_path / name)))]) == 0
    out = capsys.readouterr().out
    order = ["Shared refresh prevents 401s in the app.", "This is explored", "Conditions", "┃ part", "is left out"]
    assert [out.index(text) for text in order] == sorted(out.index(text) for text in order)
    table = tabulate(found(None, None))
    assert (tmp_path / "table").read_bytes() == ablation.to_json(table)
    assert (tmp_path / "markdown").read_text() == ablation.markdown(table)
    assert len(json.loads((tmp_path / "json").read_text())["rows"]) == len(found(None, None))


def test_a_condition_is_explored_as_it_says() -> None:
    """Its lifetime instead of the world's, and what happens in it."""
    short = Condition("short", "supabase", "", {"sign_out": True}, 100.0)
    assert "needless-exchange" in command.explore(short, Scenario(Policy("p", expiry_margin=120.0), 2))
    long = Condition("long", "supabase", "")
    assert "needless-exchange" not in command.explore(long, Scenario(Policy("p", expiry_margin=120.0), 2))
