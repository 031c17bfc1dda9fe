"""The second scoreboard: its page says what the stored probes say, and these what their trials and presets say."""

import re
from pathlib import Path

import msgspec
import pytest
from modelled import modelled

from race401.harness.__main__ import main
from race401.harness.commands.server_board import stored_probes
from race401.harness.probe import scoreboard
from race401.harness.probe.card import Card, Row, differing, rows
from race401.harness.probe.evidence import Evidence, keep, load
from race401.harness.probe.servers import ListError, Server
from race401.harness.probe.servers import load as listed
from race401.harness.reporting.placed import placed
from race401.mock_api.rules.worlds import WORLDS

ROOT = Path(__file__).parents[2]
SERVERS = listed(ROOT / "servers/servers.toml")
STORED = {each.name: each for each in stored_probes(SERVERS, ROOT / "reports/servers")}
ORDER = "sign-out.beside"  # who comes first of these two is the network's
PRIVATE = re.compile(r"/(work|root|home|tmp|Users)/|eyJ[\w-]{8}")  # machine paths, JWTs


def recounted(evidence: Evidence) -> list[tuple[str, str, int, int]]:
    """The rows, counted anew from the trials."""
    asked = {"me", "revoke"} - {said.rsplit("--", 1)[1] for said in evidence.card.not_asked}
    return told(rows([trial for trial in evidence.trials if not trial.delay], frozenset(asked)))


def told(given: list[Row]) -> list[tuple[str, str, int, int]]:
    """What counts of rows."""
    return [(row.name, row.said, row.yes, row.of) for row in given]


def different(card: Card, world: str) -> set[str]:
    """In which rows the preset of this name has another card."""
    preset = modelled(WORLDS[world])
    found = {line.partition(":")[0] for line in (*differing(card, preset), *differing(preset, card))}
    return found - {ORDER}


def test_every_server_of_the_list_has_a_stored_probe() -> None:
    """And every stored probe is of the list."""
    assert STORED.keys() == SERVERS.keys()
    assert {path.stem for path in (ROOT / "reports/servers").iterdir()} == SERVERS.keys()


def test_the_pages_say_what_the_stored_probes_say() -> None:
    """Word for word; what stands around the tables is written by hand, and how a page looks is every page's."""
    known = scoreboard.entries(SERVERS, list(STORED.values()))
    markdown = (ROOT / "docs/servers.md").read_text()
    assert placed(markdown, "servers", scoreboard.markdown(known, [])) == markdown
    assert said_by(scoreboard.page(known, [])) == said_by((ROOT / "docs/servers.html").read_text())


def said_by(page: str) -> str:
    """A page without its style."""
    return re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL)


@pytest.mark.parametrize("name", STORED)
def test_each_row_of_a_stored_probe_can_be_counted_again(name: str) -> None:
    """From its trials. A count that is changed by hand is found."""
    evidence = STORED[name]
    assert recounted(evidence) == told(evidence.card.rows)
    first, *others = evidence.card.rows
    card = msgspec.structs.replace(evidence.card, rows=[msgspec.structs.replace(first, yes=first.yes + 1), *others])
    assert recounted(evidence) != told(card.rows)


@pytest.mark.parametrize("name", [name for name in STORED if SERVERS[name].world])
def test_a_preset_has_the_card_of_the_server_that_it_is_named_after(name: str) -> None:
    """By the rule of `differing`; where it does not, the list says in which row, and why."""
    assert different(STORED[name].card, SERVERS[name].world) == SERVERS[name].differs.keys()


def test_another_servers_preset_is_found_to_differ() -> None:
    """The comparison can fail."""
    assert "second.lives" in different(STORED["oidc-provider"].card, "authlib")


@pytest.mark.parametrize("name", STORED)
def test_a_stored_probe_names_the_versions_of_the_lock_file_and_nothing_private(name: str) -> None:
    """A lock file that goes on asks for another probe. Tokens are fingerprints."""
    assert STORED[name].versions == SERVERS[name].versions(ROOT / "servers") != {}
    assert PRIVATE.search((ROOT / f"reports/servers/{name}.json").read_text()) is None
    marks = {m for t in STORED[name].trials for a in t.answers.values() for m in (a.presented, a.refresh, a.access)}
    assert all(re.fullmatch("[0-9a-f]{16}|", mark) for mark in marks)


def test_what_is_kept_is_read_again(tmp_path: Path) -> None:
    """A line for each trial."""
    evidence = next(iter(STORED.values()))
    keep(evidence, tmp_path / "a.json")
    assert load(tmp_path / "a.json") == evidence
    assert (tmp_path / "a.json").read_text().count("\n  {") == len(evidence.trials)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[a]\nserver = 1\n", "Expected `str`, got `int`"),
        ("[a\n", "Expected"),
        ('[a.explains]\n"second.use" = "x"\n', "required field"),
    ],
)
def test_a_list_that_cannot_be_read_is_one_line(tmp_path: Path, text: str, says: str) -> None:
    """Naming the file."""
    (tmp_path / "list.toml").write_text(text)
    with pytest.raises(ListError, match=f"list.toml: .*{says}"):
        listed(tmp_path / "list.toml")


def test_an_explanation_of_no_row_is_refused(tmp_path: Path) -> None:
    """It would be lost unseen."""
    text = (ROOT / "servers/servers.toml").read_text()
    (tmp_path / "list.toml").write_text(text.replace('"at-once-5.several"', '"second.use"'))
    with pytest.raises(ListError, match=r"simplejwt: 'second.use' is no row of a card"):
        listed(tmp_path / "list.toml")


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Outside the clone."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_bad_usage_is_one_line(elsewhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of what is wrong, and what would be right."""
    assert main(["scoreboard", "--servers"]) == 2
    assert "servers/servers.toml: No such file or directory; the list is in a clone" in capsys.readouterr().err
    (elsewhere / "servers").mkdir()
    (elsewhere / "servers/servers.toml").write_text((ROOT / "servers/servers.toml").read_text())
    assert main(["scoreboard", "--servers"]) == 2
    assert "reports/servers holds no probe; --run makes them" in capsys.readouterr().err
    assert main(["scoreboard", "--servers", "--only", "authlib"]) == 2
    assert "--only: expected with --run" in capsys.readouterr().err
    assert main(["scoreboard", "--servers", "--run", "--only", "nobody"]) == 2
    assert "--only nobody: expected one of django-oauth-toolkit-unprotected" in capsys.readouterr().err


def test_a_server_that_is_not_set_up_is_named(elsewhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It takes no other's place, and what is stored of others stays."""
    (elsewhere / "servers").mkdir()
    (elsewhere / "servers/servers.toml").write_text((ROOT / "servers/servers.toml").read_text())
    keep(STORED["authlib"], elsewhere / "reports/servers/authlib.json")
    assert main(["scoreboard", "--servers", "--run", "--only", "simplejwt"]) == 0
    said = capsys.readouterr().out
    assert "not probed: simplejwt: " in said
    assert "set it up with make servers" in said
    assert main(["scoreboard", "--servers", "--run", "--only", "doorkeeper"]) == 0
    assert "set it up with apt-get install ruby-doorkeeper ruby-activerecord" in capsys.readouterr().out
    assert "| Authlib, documented |" in (elsewhere / "docs/servers.md").read_text()


def test_a_list_is_of_servers() -> None:
    """All of them, and each of its folder."""
    assert {server.folder for server in SERVERS.values()} == {
        path.name for path in (ROOT / "servers").iterdir() if path.is_dir()
    }
    assert all(isinstance(server, Server) for server in SERVERS.values())
