"""Damaged evidence: whatever was done to it, there is no PASS that the rest does not prove, and no crash."""

import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from damaging import ALL, FAILING, FILES, GONE, WRONG, changed, judged, line_twice, lines_gone, noise, sealed, spots
from ledgers import Run, reproduced
from runfolders import stored
from shares import share

from race401.harness.judge import evidence, verdict

ALTERATIONS = share(15, 300)  # of each kind of run; the share begins as the whole does
BAD = {"FAIL", "UNKNOWN", "refused"}
KINDS: dict[str, Callable[[], Run]] = {"clean": reproduced, **FAILING}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("alterations", ALTERATIONS)
def test_altered_at_random(tmp_path: Path, kind: str, alterations: int) -> None:
    """A run that is whole passes, or fails for its one reason; altered anywhere, it never passes."""
    whole = sealed(tmp_path / "whole", KINDS[kind]())
    assert judged(whole, page=True) == ("PASS" if kind == "clean" else "FAIL")
    chance, folder = random.Random(f"{kind} 401"), tmp_path / "run"  # noqa: S311 - the same in every run
    for n in range(alterations):
        shutil.copytree(whole, folder, dirs_exist_ok=True)
        name, damage = chance.choice(FILES), chance.choice(ALL)
        if name == "manifest.json" and damage in (lines_gone, line_twice):
            continue
        before = meaning(folder / name)
        damage(folder / name, chance)
        said = judged(folder, page=n % 20 == 0)
        if meaning(folder / name) != before:
            assert said in BAD, f"{kind}: {damage.__name__} of {name} ({n})"


def meaning(path: Path) -> object:
    """What a file says, however it is written."""
    content = path.read_bytes()
    try:
        return [json.loads(line) for line in ([content] if path.suffix == ".json" else content.splitlines())]
    except ValueError:
        return content


@pytest.mark.parametrize("kind", FAILING)
@pytest.mark.parametrize("alterations", share(10, 100))
def test_a_killed_run_altered_at_random(tmp_path: Path, kind: str, alterations: int) -> None:
    """It has no digest of its ledger, and is UNKNOWN or FAIL as it is."""
    whole = sealed(tmp_path / "whole", FAILING[kind](), killed=True)
    assert judged(whole, page=True) in {"FAIL", "UNKNOWN"}
    chance, folder = random.Random(f"{kind} killed"), tmp_path / "run"  # noqa: S311 - the same in every run
    for n in range(alterations):
        shutil.copytree(whole, folder, dirs_exist_ok=True)
        chance.choice((lines_gone, line_twice, noise))(folder / "ledger.jsonl", chance)
        assert judged(folder, page=n % 20 == 0) in BAD


@pytest.mark.parametrize("kind", FAILING)
@pytest.mark.parametrize("alterations", ALTERATIONS)
def test_a_ledger_alone_altered_at_random(tmp_path: Path, kind: str, alterations: int) -> None:
    """Lines that are gone between others, that come twice, or that are noise: what it lacks is named, and no PASS."""
    run = FAILING[kind]()
    run.entries = [entry for entry in run.entries if "subject" in str(entry.client)]
    for seq, entry in enumerate(run.entries, 1):
        entry.seq = seq
    whole, path = b"".join(msgspec.json.encode(entry) + b"\n" for entry in run.entries), tmp_path / "ledger.jsonl"
    path.write_bytes(whole)
    assert judged(path, page=True) == "FAIL"
    chance = random.Random(f"{kind} alone")  # noqa: S311 - the same in every run
    for n in range(alterations):
        path.write_bytes(whole)
        damage = chance.choice((lines_gone, line_twice, noise))
        damage(path, chance)
        if path.read_bytes() == whole or not inner(path, whole):
            continue
        assert judged(path, page=n % 20 == 0) in BAD, f"{kind}: {damage.__name__} ({n})"


def inner(path: Path, whole: bytes) -> bool:
    """Whether the first and the last line stand: a ledger may begin and end anywhere, and proves what it has."""
    lines, were = path.read_bytes().splitlines(), whole.splitlines()
    return bool(lines) and lines[0] == were[0] and lines[-1] == were[-1]


@pytest.mark.parametrize(
    ("kind", "nth"), [("caller_401", 8), *(pytest.param(kind, 1, marks=pytest.mark.slow) for kind in FAILING)]
)
def test_each_value_of_the_manifest(tmp_path: Path, kind: str, nth: int) -> None:
    """Gone, or of every wrong type: no PASS of a run with a seal, and no crash of an older one, without."""
    with_seal = sealed(tmp_path / "with", FAILING[kind]())
    manifest = json.loads((with_seal / "manifest.json").read_text())
    without = shutil.copytree(with_seal, tmp_path / "without")
    old = {key: value for key, value in manifest.items() if key not in {"format", "files", "sha256"}}
    for folder, plain, never in ((with_seal, manifest, {"PASS"}), (without, old, set[str]())):
        for place in list(spots(plain))[::nth]:
            for value in (GONE, *WRONG):
                told = changed(json.loads(json.dumps(plain)), place, value)
                if told != plain:
                    (folder / "manifest.json").write_text(json.dumps(told))
                    assert judged(folder) not in never, f"{place}: {value}"


@pytest.mark.slow
@pytest.mark.parametrize("kind", FAILING)
def test_each_line_and_each_field_of_it(tmp_path: Path, kind: str) -> None:
    """One gone, twice, in another's place, or with one field gone or of a wrong type."""
    folder = sealed(tmp_path / "run", FAILING[kind]())
    for name in FILES[1:]:
        lines = (folder / name).read_text().splitlines(keepends=True)
        for n, line in enumerate(lines):
            other = lines[n - 1]
            alterations = [[], [line, line], [other], [line[: len(line) // 2] + "\n"]]
            for field in json.loads(line):
                alterations += [
                    [json.dumps(changed(json.loads(line), (field,), value)) + "\n"] for value in (GONE, [], "x")
                ]
            for altered in alterations:
                if altered == [line]:
                    continue
                (folder / name).write_text("".join([*lines[:n], *altered, *lines[n + 1 :]]))
                assert judged(folder) in BAD, f"{name} line {n + 1}: {altered}"
        (folder / name).write_text("".join(lines))


Older = Callable[[Run], object]
OLDER: dict[str, tuple[Older, str]] = {
    "no conditions": (lambda run: run.manifest["conditions"].clear(), "the manifest names no condition"),
    "no role": (lambda run: run.manifest["policies"].clear(), "the manifest names no policy"),
    "a role is gone": (
        lambda run: run.manifest["policies"].pop("subject"),
        "entries of no condition or role of this",
    ),
    "a condition is another": (
        lambda run: run.manifest["conditions"].update(other=run.manifest["conditions"].pop("rfc9700")),
        "entries of no condition or role of this run",
    ),
    "nothing expected": (
        lambda run: run.manifest["conditions"]["rfc9700"].pop("expects"),
        "the manifest does not say what subject should show",
    ),
    "nothing expected of one": (
        lambda run: run.manifest["conditions"]["rfc9700"]["expects"].pop("subject"),
        "the manifest does not say what subject should show",
    ),
    "an entry is gone": (lambda run: run.entries.pop(11), "1 entry of the ledger is missing (#12)"),
    "an entry came twice": (lambda run: run.entries.append(run.entries[3]), "1 entry of the ledger came twice (#4)"),
    "an exchange has no outcome": (
        lambda run: setattr(run.entries[10], "grant_outcome", None),
        "1 entry of an exchange that was answered, without its outcome, e.g. #11",
    ),
    "a name that is nobody's": (
        lambda run: setattr(run.entries[11], "client", "x"),
        "1 entry of no condition or role of this run, e.g. #12",
    ),
}


@pytest.mark.parametrize("older", OLDER)
def test_an_older_run_without_a_seal(tmp_path: Path, older: str) -> None:
    """What can be known without digests is: the run passes as it is, and is UNKNOWN with this damage."""
    damage, sentence = OLDER[older]
    run = reproduced()
    (tmp_path / "whole").mkdir()
    (tmp_path / "run").mkdir()
    assert judged(stored(tmp_path / "whole", run)) == "PASS"
    damage(run)
    folder = stored(tmp_path / "run", run)
    assert judged(folder, page=True) == "UNKNOWN"
    assert any(sentence in finding.sentence for finding in verdict.judge(evidence.load(folder)).findings)


def cut(path: Path) -> Path:
    """A ledger of 601 requests, of which 301 in the middle are gone."""
    run = Run()
    for n in range(600):
        run.entry("me", f"/{n}", 200)
    run.exchange("me")
    run.entry("me", "/last", 200)
    kept = run.entries[:150] + run.entries[451:]
    path.write_bytes(b"".join(msgspec.json.encode(entry) + b"\n" for entry in kept))
    return path


def test_entries_cut_from_the_middle_of_a_ledger_are_named(tmp_path: Path) -> None:
    result = verdict.judge(evidence.load(cut(tmp_path / "ledger.jsonl")))
    assert result.value == "UNKNOWN"
    assert "301 entries of the ledger are missing (#151 to #451)" in [f.sentence for f in result.findings]


def test_what_stands_around_a_damaged_line_still_counts(tmp_path: Path) -> None:
    """The line is named; a violation elsewhere is still proven."""
    folder = sealed(tmp_path / "run", FAILING["caller_401"]())
    path = folder / "ledger.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    lines[3] = lines[3].replace(b'"seq"', b'"sex"')
    path.write_bytes(b"".join(lines))
    result = verdict.judge(evidence.load(folder))
    assert result.value == "FAIL"
    said = [finding.sentence for finding in result.findings]
    assert "1 line of ledger.jsonl cannot be read (line 4: Object missing required field `seq`)" in said


def test_a_manifest_that_is_gone_where_samples_are(tmp_path: Path) -> None:
    """The ledger's requests are the control's as well as the client's, so that nobody is charged with them."""
    folder = sealed(tmp_path / "run", reproduced())
    (folder / "manifest.json").unlink()
    result = verdict.judge(evidence.load(folder))
    assert result.value == "UNKNOWN"
    assert result.sentence.startswith("UNKNOWN: manifest.json is gone: whose requests these are is not known")


def test_an_excerpt_names_its_gaps_and_is_judged() -> None:
    """As a fixture's: the requests between are another test's."""
    run = reproduced()
    entries = [entry for entry in run.entries if "subject" in str(entry.client)]
    entries = [*entries[:1], *(msgspec.structs.replace(e, seq=e.seq + 5) for e in entries[1:])]
    result = verdict.judge(evidence.from_ledger(entries, "excerpt"))
    assert result.value == "PASS"
    assert "this is an excerpt: 5 entries of the ledger are missing (#12 to #16)" in [
        f.sentence for f in result.findings
    ]


def _other(folder: Path) -> Path:
    """Another whole run, that passes."""
    other = reproduced()
    other.manifest["started_at"] = 1.0
    other.page("run/rfc9700/subject/3", 1, *[None] * 5)
    return sealed(folder, other)


def _manifest_with(change: Callable[[dict[str, Any]], object]) -> Callable[[Path, Path], object]:
    def altered(folder: Path, _: Path) -> None:
        told = json.loads((folder / FILES[0]).read_text())
        change(told)
        (folder / FILES[0]).write_text(json.dumps(told))

    return altered


def _taken_over(*names: str) -> Callable[[Path, Path], object]:
    return lambda folder, other: [shutil.copy(other / name, folder / name) for name in names]


def _section_of_another(folder: Path, other: Path) -> None:
    """The second half of the ledger is the other run's."""
    mine, its = ((each / FILES[1]).read_bytes().splitlines(keepends=True) for each in (folder, other))
    (folder / FILES[1]).write_bytes(b"".join(mine[: len(mine) // 2] + its[len(mine) // 2 :]))


def _roles_swapped(told: dict[str, Any]) -> None:
    roles = told["policies"]
    roles["control"], roles["subject"] = roles["subject"], roles["control"]
    for about in told["conditions"].values():
        expects = about["expects"]
        expects["control"], expects["subject"] = expects["subject"], expects["control"]


ACROSS: dict[str, Callable[[Path, Path], object]] = {
    "the manifest of another run": _taken_over(FILES[0]),
    "the ledger of another run": _taken_over(FILES[1]),
    "the samples of another run": _taken_over(FILES[2]),
    "ledger and samples of another run": _taken_over(*FILES[1:]),
    "half of another's ledger": _section_of_another,
    "half of the manifest": lambda folder, _: (folder / FILES[0]).write_bytes((folder / FILES[0]).read_bytes()[:300]),
    "roles swapped": _manifest_with(_roles_swapped),
    "a condition twice": _manifest_with(lambda told: told["conditions"].update(again=told["conditions"]["rfc9700"])),
    "the digest of another file": _manifest_with(
        lambda told: told["files"]["ledger.jsonl"].update(told["files"]["samples.jsonl"])
    ),
    "no digests": _manifest_with(lambda told: told.pop("files")),
    "another seal": _manifest_with(lambda told: told.update(sha256="0" * 64)),
}


@pytest.mark.parametrize("kind", FAILING)
@pytest.mark.parametrize("altered", ACROSS)
def test_what_two_runs_left_mixed(tmp_path: Path, kind: str, altered: str) -> None:
    """A run that fails and one that passes: nothing that is put together of both passes."""
    folder, other = sealed(tmp_path / "run", FAILING[kind]()), _other(tmp_path / "other")
    assert (judged(folder), judged(other)) == ("FAIL", "PASS")
    ACROSS[altered](folder, other)
    assert judged(folder, page=True) in BAD
