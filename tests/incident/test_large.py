"""Files of 200 MB: read as a stream, told how far, in bounded memory; and a large share of that for every day."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from bounds import HANG
from recording import har_of
from wires import Wire

from race401.harness.incident.evidence import Seen
from race401.harness.incident.readers.opening import Opened
from race401.harness.incident.readers.reader import How, Reading, Row
from race401.harness.incident.thinning import THINNED, TOO_MANY, thinned

MB = 1_000_000
MOST_MB = 300
MEASURED = """
import re, sys
from race401.harness.__main__ import main
code = main(sys.argv[1:])
print("peak:", int(re.search("VmHWM: *([0-9]+)", open("/proc/self/status").read().replace("\t", " "))[1]) // 1024)
sys.exit(code)
"""  # `ru_maxrss` would be the peak of who started it, too, if that was larger
AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36"


def log(size: int) -> Iterator[str]:
    """Lines of nginx, every 5000th of which is a 401 and every 3000th a refresh."""
    n = written = 0
    while written < size:
        n += 1
        minute, second = divmod(n // 20, 60)
        at = f"02/Apr/2026:{minute // 60 % 24:02}:{minute % 60:02}:{second:02} +0000"
        asked = "POST /auth/v1/token?grant_type=refresh_token" if n % 3000 == 0 else f"GET /contacts?page={n % 977}"
        status = 401 if n % 5000 == 0 else 200
        line = f'203.0.113.{n % 250} - - [{at}] "{asked} HTTP/2.0" {status} 2811 "https://app.example/" "{AGENT}"\n'
        written += len(line)
        yield line


def har(size: int) -> Iterator[str]:
    """A HAR whose bodies are 50 kB; every 50th request is refused."""
    wire = Wire()
    wire.get("a0", at=1775158201.0)
    wire.get("a0", 401, at=1775158201.0)
    plain, refused = har_of(wire.entries)["log"]["entries"]
    plain["response"]["content"]["text"] = "x" * 50_000
    parts = [json.dumps(refused), *[json.dumps(plain)] * 49]
    yield '{"log":{"version":"1.2","creator":{"name":"WebInspector","version":"537.36"},"entries":['
    n = written = 0
    while written < size:
        yield (", " if n else "") + parts[n % 50]
        written += len(parts[n % 50])
        n += 1
    yield "]}}"


def lines(size: int) -> Iterator[str]:
    """Our own ledger."""
    wire = Wire()
    for n in range(1000):
        wire.get(f"a{n}", 401 if n % 100 == 0 else 200)
    import msgspec

    written = 0
    while written < size:
        for entry in wire.entries:
            line = msgspec.json.encode(entry).decode() + "\n"
            written += len(line)
            yield line


@pytest.mark.slow
@pytest.mark.parametrize("content", [log, har, lines], ids=["access log", "HAR", "ledger"])
def test_200_mb_take_300_mb_of_memory_at_most(tmp_path: Path, content: Callable[[int], Iterator[str]]) -> None:
    """And how far it is, is told."""
    path = tmp_path / "large"
    with path.open("w") as file:
        file.writelines(content(200 * MB))
    command = [sys.executable, "-c", MEASURED, "diagnose", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20 * HANG, check=False)
    path.unlink()
    assert "What happened" in done.stdout
    assert "reading" in done.stderr
    assert ": 50 % of 200 MB" in done.stderr
    assert int(done.stdout.rpartition("peak:")[2]) <= MOST_MB


def rows(n: int, refused: int, every: int) -> Iterator[Row]:
    """So many rows, one a second, of which some are refused."""
    wire = Wire()
    for at in range(n):
        status = 401 if at % every == 0 and at // every < refused else 200
        yield wire.get("a", status, at=float(at)), Seen(source=0, row=at + 1)


def reading(folder: Path) -> Reading:
    """A file under way."""
    path = folder / "a"
    path.write_text("x")
    return Reading(opened=Opened(path), index=0, how=How())


def test_of_many_rows_those_near_what_tells_of_tokens_are_kept(tmp_path: Path) -> None:
    """Every refusal, and what was some seconds before and after; how many others there were is told."""
    under_way = reading(tmp_path)
    kept = thinned(rows(5000, 5, 1000), under_way, most=1000)
    times = {entry.received_at for entry, _ in kept}
    assert {0.0, 1000.0, 2000.0, 3000.0, 4000.0} <= times
    assert {990.0, 1010.0} <= times
    assert 500.0 not in times
    assert under_way.counts == {THINNED: 5000 - len(kept)}


def test_where_all_tell_of_tokens_what_is_left_out_is_told(tmp_path: Path) -> None:
    under_way = reading(tmp_path)
    kept = thinned(rows(5000, 5000, 1), under_way, most=1000)
    assert len(kept) == 1001
    assert under_way.counts == {TOO_MANY: 3999}


def test_few_rows_are_all_kept(tmp_path: Path) -> None:
    """Near miss: as many as are kept."""
    under_way = reading(tmp_path)
    assert len(thinned(rows(1000, 1, 1), under_way, most=1000)) == 1000
    assert under_way.counts == {}
