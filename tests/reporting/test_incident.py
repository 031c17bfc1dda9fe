"""The picture: which incident is shown, how its token stood, and where its bars lie."""

import pytest
from ledgers import PAGE, Run, reproduced

from race401.harness.judge.counted import seconds
from race401.harness.judge.measure import measure
from race401.harness.reporting import incident, life, strip, swimlane
from race401.harness.reporting.incident import Scene

BEFORE, AFTER = "run/rfc9700/control/1", "run/rfc9700/subject/1"


def chosen(run: Run) -> list[Scene]:
    """The scenes that a report of this run would draw."""
    evidence = run.evidence()
    return incident.choose(evidence, measure(evidence))


def pages(scenes: list[Scene]) -> list[str]:
    """The page of each scene, `<client>#<page>`."""
    return [(scene.calls[0].sends[0].attempt or "").rpartition(".")[0] for scene in scenes]


def test_the_incidents_signature_comes_first() -> None:
    """Other 401s came earlier; the page like the incident is shown, and the same pair's page after the fix."""
    run = Run()
    run.page(BEFORE, 1, *["expired"] * 5)
    run.page(BEFORE, 2, None, *["missing_token"] * 4)
    run.page(AFTER, 1, *[None] * 5)
    run.exchange(AFTER)
    run.page(AFTER, 2, *[None] * 5)
    for sample in run.samples:
        (entry,) = (e for e in run.entries if e.attempt == sample.attempt)
        sample.started_at, sample.ended_at = entry.received_at - 0.02, entry.answered_at
    assert pages(chosen(run)) == [f"{BEFORE}#2", f"{AFTER}#2"]


def test_a_candidate_with_a_counterpart_comes_before_one_without() -> None:
    """The first that has no page after the fix to be held against is passed over."""
    run = Run()
    run.page("run/rfc9700/control/9", 1, None, *["missing_token"] * 4)
    run.page(BEFORE, 1, None, *["missing_token"] * 4)
    run.exchange(AFTER)
    run.page(AFTER, 1, *[None] * 5)
    assert pages(chosen(run)) == [f"{BEFORE}#1", f"{AFTER}#1"]


def test_without_a_401_a_refresh_is_shown() -> None:
    """A server that forgives reuse: the burst of exchanges is the incident."""
    run = Run()
    for outcome in ("rotated", "reuse_tolerated"):
        run.exchange(BEFORE, outcome)
    run.page(BEFORE, 1, *[None] * 5)
    (scene,) = chosen(run)
    assert [e.grant_outcome for e in scene.exchanges] == ["rotated", "reuse_tolerated"]


def test_nothing_happened() -> None:
    """No 401, no refresh: no incident."""
    run = Run()
    run.page(BEFORE, 1, *[None] * 5)
    assert chosen(run) == []


def test_a_client_that_names_no_attempts() -> None:
    """What is near in time is one page; the same session's exchanges belong to it."""
    run = reproduced()
    for entry in run.entries:
        entry.attempt = entry.client = None
    run.manifest |= {"ledger_alone": True, "policies": {"subject": {"name": "the client"}}}
    run.samples.clear()
    (scene,) = chosen(run)
    assert [call.target for call in scene.calls] == PAGE[: len(scene.calls)]


def test_a_client_whose_clock_differs_is_drawn_by_the_servers() -> None:
    """A sample that cannot hold its own answer is of another clock."""
    run = reproduced()
    for sample in run.samples:
        sample.started_at, sample.ended_at = 500.0, 500.1
    (call, *_) = chosen(run)[0].calls
    assert (call.started_at, call.ended_at) == (call.sends[0].received_at, call.sends[0].answered_at)


def test_a_token_lives_until_it_is_revoked() -> None:
    """Within the margin, replaced, revoked at the reuse, and new again after a sign-in."""
    run = Run()
    run.manifest["worlds"] = {"rfc9700": {"lifetime": 100.0}}
    run.manifest["policies"]["control"]["expiry_margin"] = 60.0
    run.entry(BEFORE, PAGE[0], 200, received_at=0.0, answered_at=0.0, token_left_s=70.0)
    run.exchange(BEFORE, "rotated", received_at=20.0, answered_at=20.0)
    run.exchange(BEFORE, "reused", received_at=30.0, answered_at=30.0)
    run.entry(BEFORE, "/auth/v1/token?grant_type=password", 200, family="new", received_at=40.0, answered_at=40.0)
    run.entry(BEFORE, PAGE[0], 200, family="new", received_at=200.0, answered_at=200.0)
    spans = life.life(run.entries, run.manifest, "rfc9700", "control")
    told = [(span.kind, span.from_at, span.to_at) for span in spans]
    assert told == [
        ("fresh", 0, 10),
        ("margin", 10, 20),
        ("fresh", 20, 30),
        ("revoked", 30, 40),
        ("fresh", 40, 80),
        ("margin", 80, 140),
        ("expired", 140, 200),
    ]


def test_a_slow_clock_sees_no_margin_before_the_expiry() -> None:
    """The client is 90 s behind: its margin of 60 s begins 30 s after the expiry."""
    run = Run()
    run.manifest["conditions"]["rfc9700"]["skew_s"] = -90.0
    run.manifest["policies"]["control"]["expiry_margin"] = 60.0
    run.entry(BEFORE, PAGE[0], 200, received_at=0.0, answered_at=0.0, token_left_s=10.0)
    run.entry(BEFORE, PAGE[0], 401, cause="expired", received_at=20.0, answered_at=20.0)
    spans = life.life(run.entries, run.manifest, "rfc9700", "control")
    assert [(span.kind, span.from_at, span.to_at) for span in spans] == [("fresh", 0, 10), ("expired", 10, 20)]


def test_bars_lie_within_the_picture_and_share_one_scale() -> None:
    """Every bar has a place and a width that can be seen; the longer scene fills the picture."""
    run = reproduced()
    scenes = chosen(run)
    panels = swimlane.draw(scenes, run.manifest)
    boxes = [box for panel in panels for lane in panel.lanes for box in lane.boxes]
    assert boxes
    assert all(box.x >= 0 and box.width >= swimlane.LEAST and box.x + box.width <= 100 for box in boxes)
    assert panels[0].ticks == panels[1].ticks
    assert [len(panel.table) for panel in panels] == [10, 6]
    ends = [max(b.x + b.width for lane in panel.lanes for b in lane.boxes) for panel in panels]
    assert ends[0] > ends[1]


def under(run: Run) -> list[tuple[str, list[str]]]:
    """Each request of the first scene, and the refreshes drawn under it."""
    panel = swimlane.draw(chosen(run), run.manifest)[0]
    rows: list[tuple[str, list[str]]] = []
    for lane in panel.lanes:
        if lane.under:
            rows[-1][1].append(lane.label)
        else:
            rows.append((lane.label, []))
    return rows


def waited(run: Run, order: list[int]) -> Run:
    """Its client's requests waited from the beginning, and left in this order."""
    mine = [e for e in run.entries if e.client == BEFORE and e.attempt is not None]
    for sample in run.samples:
        sample.started_at, sample.ended_at = 0.0, 2.0
    for nth, at in enumerate(order):
        mine[at].received_at = mine[at].answered_at = 1.0 + nth / 100
    return run


def test_a_refresh_stands_under_the_request_that_left_next_after_it() -> None:
    """Five requests that refresh each: whoever carried the new token had it, the others go by their order."""
    run = waited(reproduced(), [2, 0, 4, 3, 1])
    refreshes = [e for e in run.entries if e.client == BEFORE and e.grant_outcome is not None]
    refreshes[0].brought_access = "brought"
    next(e for e in run.entries if e.attempt == f"{BEFORE}#1.1").sent = "brought"
    names = dict(under(run))
    assert names == {
        PAGE[0]: ["refresh 1"],
        PAGE[1]: ["refresh 5"],
        PAGE[2]: ["refresh 2"],
        PAGE[3]: ["refresh 4"],
        PAGE[4]: ["refresh 3"],
    }


def test_a_shared_refresh_stands_under_one_request() -> None:
    """The first that left after it; the others have none."""
    run = waited(reproduced(), [0, 1, 2, 3, 4])
    first = next(e for e in run.entries if e.grant_outcome is not None)
    run.entries[:] = [e for e in run.entries if e.client == BEFORE and (e.grant_outcome is None or e is first)]
    assert [names for _, names in under(run)] == [["refresh 1"], [], [], [], []]


def test_a_refresh_that_nobody_waited_for_stands_alone() -> None:
    """Near miss: it came while the requests were answered already."""
    run = waited(reproduced(), [0, 1, 2, 3, 4])
    last = next(e for e in run.entries if e.grant_outcome is not None)
    last.received_at = last.answered_at = 1.06
    panel = swimlane.draw(chosen(run), run.manifest)[0]
    assert [heading for _, heading in panel.headings][1:] == ["At the auth server"]
    assert [lane.under for lane in panel.lanes][-1] is False


def test_the_picture_opens_on_the_race() -> None:
    """From the first refresh to the last request that it held up; where nobody refreshed, on all."""
    run = waited(reproduced(), [0, 1, 2, 3, 4])
    panels = swimlane.draw(chosen(run), run.manifest)
    begun, over = panels[0].race
    bars = [box for lane in panels[0].lanes for box in lane.boxes if lane.under]
    assert begun == min(bar.x for bar in bars)
    assert begun < over <= 100
    run.entries[:] = [e for e in run.entries if e.grant_outcome is None]
    assert swimlane.draw(chosen(run), run.manifest)[0].race == (0.0, 100.0)


def test_the_session_around_it() -> None:
    """Page loads are marks, and one with a 401 is another mark."""
    run = reproduced()
    before, after = strip.draw(chosen(run), run.manifest)
    assert ([page.kind for page in before.pages], [page.kind for page in after.pages]) == (["bad"], ["ok"])
    assert all(0 <= span.x <= 100 for span in before.spans + after.spans)


@pytest.mark.parametrize(
    ("s", "said"),
    [
        (0, "0 s"),
        (0.0042, "4.2 ms"),
        (0.34, "340 ms"),
        (57.36, "57.4 s"),
        (60.0, "60 s"),
        (3600, "1 h"),
        (3576, "59 min 36 s"),
    ],
)
def test_spans_as_people_say_them(s: float, said: str) -> None:
    """No more digits than matter."""
    assert seconds(s) == said
