"""`race401 completion bash`: print what makes a shell complete commands, options and their values; zsh, fish, too."""

import importlib
import re
import shlex
import subprocess
import sys
from argparse import SUPPRESS, ArgumentParser, Namespace
from collections.abc import Mapping

from race401.harness.commands import COMMANDS

Options = dict[str, str]  # what each is for, by its long name
BASH = """\
# completion of race401; in ~/.bashrc: eval "$(race401 completion bash)"
_race401() {{
  local word="${{COMP_WORDS[COMP_CWORD]}}" known=""
  if [ "$COMP_CWORD" -eq 1 ]; then known="{commands}"; fi
  case "${{COMP_WORDS[COMP_CWORD-1]}}" in
{values}
  esac
  if [ -z "$known" ] && [ "${{word:0:1}}" = "-" ]; then
    case "${{COMP_WORDS[1]}}" in
{options}
    esac
  fi
  COMPREPLY=($(compgen -W "$known" -- "$word"))
}}
complete -o default -F _race401 race401"""
ZSH = """\
#compdef race401
# completion of race401; in ~/.zshrc, after compinit: eval "$(race401 completion zsh)"
_race401() {{
  local -a known
  if (( CURRENT == 2 )); then
    known=({commands})
    _describe command known
    return
  fi
  case "$words[CURRENT-1]" in
{values}
  esac
  if [[ "$PREFIX" != -* ]]; then _files; return; fi
  case "$words[2]" in
{options}
  esac
  _describe option known
}}
compdef _race401 race401"""
FISH = """\
# completion of race401; in ~/.config/fish/config.fish: race401 completion fish | source
{commands}
{options}
{values}"""


def add(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("shell", choices=tuple(SHELLS), help="which shell is to complete")


def run(given: Namespace) -> int:
    """Print the shell's own code; nothing is installed."""
    print(SHELLS[given.shell]({name: options_of(name) for name in COMMANDS}, values()))
    return 0


def options_of(name: str) -> Options:
    """Return a command's options."""
    if name == "burst":  # locust, which the harness's own process never imports, reads them
        told = subprocess.run(
            [sys.executable, "-m", "race401.harness", "burst", "--help"], capture_output=True, text=True, check=True
        )
        return dict.fromkeys(re.findall(r"^ +(?:-\w, )?(--[a-z-]+)", told.stdout, re.MULTILINE), "")
    parser = ArgumentParser()
    importlib.import_module(f"race401.harness.commands.{name}").add(parser)
    shown = (action for action in parser._actions if action.help is not SUPPRESS)  # noqa: SLF001 - no other way
    return {word: str(each.help or "") for each in shown for word in each.option_strings if word.startswith("--")}


def values() -> dict[str, list[str]]:
    """Return the values that an option takes, where they are known."""
    from race401.harness.card.races import RACES
    from race401.harness.tokens.policy import POLICIES
    from race401.ledger.dialects.presets import DIALECTS
    from race401.mock_api.rules.worlds import WORLDS

    races = [race.name for race in RACES]
    return {"--world": list(WORLDS), "--policy": list(POLICIES), "--dialect": list(DIALECTS), "--race": races}


def bash(options: Mapping[str, Options], known: Mapping[str, list[str]]) -> str:
    """Return bash's."""
    return BASH.format(
        commands=" ".join(COMMANDS),
        values="\n".join(f'    {option}) known="{" ".join(words)}" ;;' for option, words in known.items()),
        options="\n".join(f'      {name}) known="{" ".join(words)}" ;;' for name, words in options.items()),
    )


def zsh(options: Mapping[str, Options], known: Mapping[str, list[str]]) -> str:
    """Return zsh's."""
    return ZSH.format(
        commands=_described(COMMANDS),
        values="\n".join(f"    {option}) compadd -- {' '.join(words)}; return ;;" for option, words in known.items()),
        options="\n".join(f"    {name}) known=({_described(words)}) ;;" for name, words in options.items()),
    )


def fish(options: Mapping[str, Options], known: Mapping[str, list[str]]) -> str:
    """Return fish's."""
    begun = "complete -c race401 -n"
    return FISH.format(
        commands="\n".join(
            f"{begun} __fish_use_subcommand -f -a {name} -d {_quoted(about)}" for name, about in COMMANDS.items()
        ),
        options="\n".join(
            f"{begun} '__fish_seen_subcommand_from {name}' -l {word[2:]} -d {_quoted(about)}"
            for name, words in options.items()
            for word, about in words.items()
        ),
        values="\n".join(
            f"complete -c race401 -l {option[2:]} -x -a {_quoted(' '.join(words))}" for option, words in known.items()
        ),
    )


def _described(words: Mapping[str, str]) -> str:
    return " ".join(_quoted(word + (f":{about.replace(':', ';')}" if about else "")) for word, about in words.items())


def _quoted(text: str) -> str:
    """Return the text as one word of any of the shells; help may have line breaks and doubled percent signs."""
    return shlex.quote(" ".join(text.split()).replace("%%", "%"))


SHELLS = {"bash": bash, "zsh": zsh, "fish": fish}
