"""`race401 completion`: what real shells offer, where they are installed; each case is typed as a person would."""

import shutil
import subprocess
from pathlib import Path

import pytest
from bounds import HANG

from race401.harness.__main__ import main
from race401.harness.commands import COMMANDS
from race401.harness.commands.completion import SHELLS, options_of, values

ASKS = {  # how a shell is asked for what it offers behind these words
    "bash": """
source {script}
COMP_WORDS=(race401 {words}); COMP_CWORD=$(( ${{#COMP_WORDS[@]}} - 1 ))
_race401
printf '%s\\n' "${{COMPREPLY[@]}}"
""",
    "zsh": """
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell "PS1=; autoload -Uz compinit; compinit -u -D; source {script}; zstyle ':completion:*' list-prompt ''"
zpty -w -n shell $'race401 {words}\\t\\t'
zpty -w shell ''
zpty -w shell 'echo; echo over; exit'
while zpty -r shell line; do print -r -- "$line"; done
""",
    "fish": "source {script}; complete -C 'race401 {words}'",
}
installed = [
    pytest.param(shell, marks=[] if shutil.which(shell) else [pytest.mark.elsewhere, pytest.mark.skip(f"no {shell}")])
    for shell in SHELLS
]


def offered(shell: str, words: str, script: Path) -> str:
    """What it offers."""
    asks = ASKS[shell].format(script=script, words=words)
    command = [shell, *(["-f"] if shell == "zsh" else []), "-c", asks]
    done = subprocess.run(command, capture_output=True, text=True, timeout=HANG, check=False)
    assert done.stderr == ""
    return done.stdout


@pytest.fixture(scope="module")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Each shell's own code; the options are read once."""
    folder = tmp_path_factory.mktemp("completion")
    options = {name: options_of(name) for name in COMMANDS}
    for shell, code in SHELLS.items():
        (folder / shell).write_text(code(options, values()))
    return {shell: folder / shell for shell in SHELLS}


def test_that_code_is_what_is_printed(scripts: dict[str, Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", "bash"]) == 0
    assert capsys.readouterr().out == scripts["bash"].read_text() + "\n"


@pytest.mark.parametrize("shell", installed)
@pytest.mark.parametrize(
    ("words", "expected", "not_that"),
    [
        ("ju", "judge", "burst"),
        ("judge --ju", "--junit", "--callers"),
        ("explore --cal", "--callers", "--junit"),
        ("burst --pol", "--policies", "--callers"),
        ("explore --world rf", "rfc9700", "supabase"),
    ],
)
def test_a_shell_offers_commands_options_and_values(
    shell: str, words: str, expected: str, not_that: str, scripts: dict[str, Path]
) -> None:
    text = offered(shell, words, scripts[shell])
    assert expected in text
    assert not_that not in text


@pytest.mark.parametrize("shell", SHELLS)
def test_every_command_and_no_hidden_option_is_in_it(shell: str, scripts: dict[str, Path]) -> None:
    """`--set` and `--arrival` are read and not offered."""
    text = scripts[shell].read_text()
    assert all(name in text for name in COMMANDS)
    assert "arrivals" in text
    assert not {"--set", "--arrival", "-l set"}.intersection(text.replace("'", " ").replace(":", " ").split())


def test_another_shell_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["completion", "tcsh"])
    assert ended.value.code == 2
    assert "invalid choice: 'tcsh' (choose from 'bash', 'zsh', 'fish')" in capsys.readouterr().err
