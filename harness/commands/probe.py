"""
`race401 probe TOKEN_URL --sign-in CMD_OR_REQUEST`: ask an auth server what it does with a refresh token that is used
twice, late, or several times at once.
"""

import asyncio
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from race401.harness.commands.errors import CommandError
from race401.harness.commands.proxy import spoken
from race401.harness.judge.verdict import VALUES
from race401.harness.probe.answers import place
from race401.harness.reporting import answer
from race401.harness.reporting.answer import Answer
from race401.harness.reporting.streams import print_to

if TYPE_CHECKING:
    from race401.harness.probe.asking import Target
    from race401.harness.probe.card import Card
    from race401.harness.probe.signing_in import ByCommand, ByRequest

ROUNDS, BUDGET = 10, 240.0
FEWEST = 2


def add(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("token_url", metavar="TOKEN_URL", help="where refresh tokens are presented")
    parser.add_argument(
        "--sign-in",
        required=True,
        metavar="CMD|REQUEST",
        help="a new session each time: a command that prints a token answer as JSON, or a request such as "
        "'POST URL NAME=VALUE ...' or 'POST URL {JSON}'",
    )
    parser.add_argument(
        "--dialect", action="append", metavar="NAME|FILE", help="see race401 dialects (default: oauth)"
    )
    parser.add_argument(
        "--me",
        default="",
        metavar="URL",
        help="a GET that needs an access token; without it they are not asked about",
    )
    parser.add_argument(
        "--revoke", default="", metavar="URL", help="RFC 7009's endpoint, or a sign-out that takes the refresh token"
    )
    parser.add_argument(
        "--header", action="append", metavar="NAME:VALUE", help="sent with every request; may be repeated"
    )
    parser.add_argument("--client", default="", metavar="ID[:SECRET]", help="the client that the tokens are of")
    parser.add_argument("--client-auth", choices=("basic", "post"), help="default: basic with a secret, else post")
    parser.add_argument("--body", choices=("form", "json"), help="of a refresh (default: by the dialect)")
    parser.add_argument("--rounds", type=int, default=ROUNDS, metavar="N", help=f"of each race (default: {ROUNDS})")
    parser.add_argument(
        "--budget", type=float, default=BUDGET, metavar="S", help=f"at most so many seconds (default: {BUDGET:g})"
    )
    answer.add(parser)
    parser.add_argument("--keep", type=Path, metavar="FILE", help="write the card as JSON, too")
    parser.add_argument("--page", type=Path, metavar="FILE", help="write the card as a page, too")
    parser.add_argument(
        "--toml",
        type=Path,
        metavar="FILE",
        help="write a world that behaves so, for --worlds of serve, and what it cannot say as comments",
    )
    parser.add_argument(
        "--yes-probe",
        action="append",
        default=[],
        metavar="HOST",
        help="a host beyond this machine that may be probed: its owner agrees, and the account is a throwaway",
    )


def run(given: Namespace) -> int:
    """Print the card."""
    import msgspec

    from race401.harness.probe import show
    from race401.harness.reporting import terminal

    target, signs_in = _target(given), _signs_in(given)
    _allow(given, target, signs_in)
    for path in (given.keep, given.page, given.toml):
        if path is not None and (path.is_dir() or not path.absolute().parent.is_dir()):
            raise CommandError(f"{path}: expected a file in a folder that is there")
    card = _probed(given, target, signs_in)
    print(
        answer.render(
            Answer("probe", VALUES[card.exit_code], _sentence(card), beside=msgspec.to_builtins(card, str_keys=True)),
            given.form,
            lambda: show.card(card, terminal.width(), color=terminal.has_colour()),
        )
    )
    _write(given, card)
    if card.ended:
        _announce(f"{card.ended}; what was seen until then is kept")
    return card.exit_code


def _sentence(card: "Card") -> str:
    unknown = [row.text for row in card.rows if row.said == "unknown"]
    if card.ended:
        return f"not whole: {card.ended}"
    return f"no answer to: {'; '.join(unknown)}" if unknown else f"all {len(card.rows)} questions have an answer"


def _write(given: Namespace, card: "Card") -> None:
    from race401.harness.commands.called import called
    from race401.harness.commands.outputs import keep
    from race401.harness.probe import card as cards
    from race401.harness.probe import page, settings
    from race401.mock_api.rules.world_files import WorldFileError, load

    if given.keep is not None:
        keep(given.keep, cards.encoded(card))
    if given.page is not None:
        keep(given.page, page.render(card))
    if given.toml is not None:
        name = settings.name_of(given.toml.stem)
        try:
            keep(given.toml, settings.toml(name, card))
            load(given.toml)
        except settings.NothingKnown as error:
            _announce(f"--toml {given.toml}: not written: {error}")
            return
        except WorldFileError as error:
            _announce(f"{error}")
            return
        _announce(f"the world {name}: {called()} serve --worlds {given.toml}")


def _target(given: Namespace) -> "Target":
    from race401.harness.probe.asking import Target

    for option, url in (("TOKEN_URL", given.token_url), ("--me", given.me), ("--revoke", given.revoke)):
        if url and (urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname):
            raise CommandError(
                f"{option} {place(url)}: expected an address such as http://127.0.0.1:8401/oauth/token"
            )
    if given.rounds < FEWEST:
        raise CommandError(f"--rounds {given.rounds}: at least {FEWEST}, for one outcome is none")
    if not 0 < given.budget < float("inf"):
        raise CommandError(f"--budget {given.budget:g}: expected a number of seconds above 0")
    dialect = spoken(given.dialect or ["oauth"], [urlsplit(given.token_url).path] if not given.dialect else None)[0]
    client, _, secret = given.client.partition(":")
    return Target(
        given.token_url,
        dialect,
        given.me,
        given.revoke,
        _headers(given.header or []),
        client,
        secret,
        given.client_auth or ("basic" if secret else "post"),
        given.body,
    )


def _headers(said: list[str]) -> dict[str, str]:
    found = {}
    for each in said:
        name, colon, value = each.partition(":")
        if not colon or not name.strip():
            raise CommandError(f"--header {name.strip()!r}: expected NAME:VALUE")
        found[name.strip().lower()] = value.strip()
    return found


def _signs_in(given: Namespace) -> "ByRequest | ByCommand":
    from race401.harness.probe.signing_in import SignInFailed, parse

    try:
        return parse(given.sign_in, spoken(given.dialect or ["oauth"], None)[0])
    except SignInFailed as error:
        raise CommandError(f"--sign-in {error}") from None


def _allow(given: Namespace, target: "Target", signs_in: "ByRequest | ByCommand") -> None:
    """Refuse hosts beyond this machine that were not named; say what comes over those that were."""
    from race401.harness.probe.probing import planned
    from race401.mock_api.http.lock import is_loopback

    urls = [target.token_url, target.me, target.revoke, getattr(signs_in, "url", "")]
    hosts = list(dict.fromkeys(str(urlsplit(url).hostname) for url in urls if url))
    far = [host for host in hosts if not is_loopback(host)]
    usual, most = planned(target.able, given.rounds)
    does = f"{usual} sessions or more, {most} at most, may end all sessions of the account and may lock it"
    for host in far:
        if host not in given.yes_probe:
            why = f"a probe makes {does}; with a throwaway account, and its owner's consent: --yes-probe {host}"
            raise CommandError(f"{host} is not this machine: {why}")
    if far:
        _announce(f"probing {', '.join(far)}: it makes {does}")


def _probed(given: Namespace, target: "Target", signs_in: "ByRequest | ByCommand") -> "Card":
    from race401.harness.probe.making import NotAnswered, make
    from race401.harness.probe.playing import Gone
    from race401.harness.probe.signing_in import SignInFailed

    try:
        card, _ = asyncio.run(make(target, signs_in, given.rounds, given.budget, _announce))
    except SignInFailed as error:
        raise CommandError(f"--sign-in {error}") from None
    except (Gone, NotAnswered) as error:
        raise CommandError(str(error)) from None
    return card


def _announce(line: str) -> None:
    print_to(f"race401: {line}")
