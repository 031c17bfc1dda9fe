"""The second scoreboard: servers by behaviours, from stored probes; as Markdown, and as a page like the report's."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from race401.harness.probe import show
from race401.harness.probe.card import Card, Row
from race401.harness.probe.evidence import Evidence
from race401.harness.probe.questions import QUESTIONS
from race401.harness.probe.sequences import BURST
from race401.harness.probe.servers import Server
from race401.harness.reporting.html import templates

LEGEND = (
    "● always, ○ never, ◐ 7/10 sometimes, in 7 of 10 sessions; ? a 5xx or no answer came in between; "
    "empty: it had no chance, or could not be asked. ○ of 10 still allows 31 % (Clopper and Pearson, 95 %): this can "
    "show that a server is not atomic, and never prove that it is."
)
HEADS = ("used again", "five uses at once", "an answer is lost", "the old access token", "sign-out during a refresh")


class Entry(NamedTuple):
    """One configuration: what the list says of it, and what was seen."""

    server: Server
    evidence: Evidence

    @property
    def card(self) -> Card:
        """The card."""
        return self.evidence.card

    @property
    def title(self) -> str:
        """The server, and in which setting."""
        return f"{self.server.server}, {self.server.setting}"

    @property
    def versions(self) -> str:
        """The packages that it was made of."""
        return ", ".join(f"{name} {version}" for name, version in self.evidence.versions.items())

    @property
    def surprises(self) -> list[tuple[Row, str]]:
        """The rows that are explained, with the explanation."""
        return [(self.card.row(name), why) for name, why in self.server.explains.items()]


def entries(servers: Mapping[str, Server], evidence: Sequence[Evidence]) -> list[Entry]:
    """Return what is known of both, in the order of the list."""
    seen = {each.name: each for each in evidence}
    return [Entry(server, seen[name]) for name, server in servers.items() if name in seen]


def cell(row: Row) -> str:
    """Return a row's mark."""
    marks = {"always": "●", "never": "○", "sometimes": f"◐ {row.yes}/{row.of}", "unknown": "?"}
    return marks.get(row.said, "")


def digest(card: Card) -> list[str]:
    """Return what a card says in a few words, below each of the heads."""
    return [_again(card), _at_once(card), _lost(card), _access(card), _beside(card)]


def _again(card: Card) -> str:
    """Return what a second use one after another brings."""
    row = card.row("second.accepted")
    if row.said == "always":
        what = "the same token" if card.row("second.same").said == "always" else "another token"
        plain = next((each for each in card.intervals if each.sequence == "second use"), None)
        ends = plain is not None and plain.refused is not None
        fate = {True: "; then refused", False: "; then the session ends", None: ""}[plain.lives if plain else None]
        if plain and plain.lives is False and plain.others is False:
            fate = "; then all sessions of the user end"
        return f"{what}, for {plain.accepted:.1f} s{fate}" if plain and ends else f"{what}, with no end seen"
    if row.said != "never":
        return "not known: errors came in between" if row.said == "unknown" else _share(row, "accepted")
    if card.row("second.lives").said == "always":
        return "refused; the session stays valid"
    everywhere = card.row("second.other").said == "never"
    return "refused; all sessions of the user end" if everywhere else "refused; the session ends"


def _at_once(card: Card) -> str:
    """Return what five uses at once bring."""
    counts = card.spread.get(BURST, [])
    if not counts:
        return "not known: errors came in between"
    rounds = sum(times for *_, times in counts)
    dead = sum(times for _, _, alive, times in counts if not alive)
    fate = "the session stays valid" if not dead else f"session lost in {dead} of {rounds}"
    return f"{_range(a for a, *_ in counts)} accepted, {_range(s for _, s, *_ in counts)} new; {fate}"


def _range(numbers: Iterator[int]) -> str:
    several = sorted(set(numbers))
    return f"{several[0]}" if len(several) == 1 else f"{several[0]} to {several[-1]}"


def _lost(card: Card) -> str:
    words = {"always": "a retry works", "never": "a retry is refused"}
    row = card.row("lost.accepted")
    return words.get(row.said) or _share(row, "a retry works")


def _access(card: Card) -> str:
    after, used = card.row("access.after-refresh"), card.row("access.after-use")
    if after.said == "always":
        return "works until its end" if used.said == "always" else "ends with the new one's first use"
    return "ends at the refresh" if after.said == "never" else _share(after, "works")


def _beside(card: Card) -> str:
    row = card.row("sign-out.beside")
    if row.said in ("not asked", "no chance"):
        return "it has no revocation" if row.said == "not asked" else "refused"
    return "leaves none" if row.said == "never" else _share(row, "leaves a session")


def _share(row: Row, what: str) -> str:
    return f"{what}: {row.yes} of {row.of}" if row.of else "not known: errors came in between"


def table(known: Sequence[Entry]) -> str:
    """Return the digest as a Markdown table."""
    lines = [f"| server, setting | {' | '.join(HEADS)} |", "|---" * (len(HEADS) + 1) + "|"]
    lines += [f"| {entry.title} | {' | '.join(digest(entry.card))} |" for entry in known]
    return "\n".join(lines)


def behaviours(known: Sequence[Entry]) -> str:
    """Return every row of every card as a Markdown table."""
    lines = [f"| | {' | '.join(entry.title for entry in known)} |", "|---" * (len(known) + 1) + "|"]
    for question in QUESTIONS:
        cells = [cell(entry.card.row(question.name)) for entry in known]
        lines.append(f"| {question.text} | {' | '.join(cells)} |")
    return "\n".join([*lines, "", LEGEND])


def markdown(known: Sequence[Entry], missing: Sequence[str]) -> str:
    """Return the tables, and where they come from."""
    lines = [table(known), "", "## Every row", "", behaviours(known), "", "## Where it comes from", ""]
    for entry in known:
        lines += [f"* **{entry.title}** ({entry.versions}): {entry.server.about}."]
        lines += [f"    * *{row.text}*: {row_text(row)}. {why}" for row, why in entry.surprises]
        lines += [
            f"    * Its world `{entry.server.world}` differs in *{name}*: {why}" for name, why in differs(entry)
        ]
    lines += ["", *(f"Not probed: {name}." for name in missing)]
    return "\n".join(lines) + "\n"


def differs(entry: Entry) -> list[tuple[str, str]]:
    """Return in which rows the preset of its name is another, in words, and why."""
    texts = {question.name: question.text for question in QUESTIONS}
    return [(texts.get(name, f"the end of: {name}"), why) for name, why in entry.server.differs.items()]


def row_text(row: Row) -> str:
    """Return a row's word and count."""
    return f"{row.said}, {row.yes} of {row.of}" if row.of else row.why or row.said


def page(known: Sequence[Entry], missing: Sequence[str]) -> str:
    """Return one self-contained HTML page."""
    return (
        templates()
        .get_template("servers.html")
        .render(
            known=known,
            missing=missing,
            heads=HEADS,
            digest=digest,
            questions=QUESTIONS,
            cell=cell,
            row_text=row_text,
            differs=differs,
            legend=LEGEND,
            about=show.about,
            spread=lambda card: [show.outcomes(n, counts) for n, counts in card.spread.items() if counts],
            intervals=lambda card: [show.how_long(each) for each in card.intervals],
            below=lambda card: [f"{label}: {what}" for label, what in show.below(card)],
        )
    )
