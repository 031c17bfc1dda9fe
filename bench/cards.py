"""`make cards`: twenty cards each of four clients, beside four busy processes; each cell must be equal each time."""

import argparse
import json
import os
import shlex
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[1]
CLIENTS = (
    "python drivers/python/race401_policy.py fixed",
    "python drivers/python/authlib_sync.py",
    "node drivers/node/axios_queue.mjs",
    "node drivers/node/supabase_js.mjs",
)
BUSY = "while True: pass"


def card(client: str, races: Sequence[str], folder: str) -> dict[str, tuple[str, str]]:
    """Return the outcome and the sentence of each race."""
    driver = shlex.split(client)
    driver[0] = sys.executable if driver[0] == "python" else driver[0]
    words = [word for race in races for word in ("--race", race)]
    command = [sys.executable, "-m", "race401.harness", "card", "--json", "--keep", folder, *words, "--", *driver]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if not done.stdout:
        sys.exit(f"{client}: {done.stderr}")
    return {each["race"]: (each["outcome"], each["sentence"]) for each in json.loads(done.stdout)["results"]}


def main() -> int:
    """Run, print each cell that differed with how often it was what, and fail if there is one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=20, help="cards of each client (20)")
    parser.add_argument("--busy", type=int, default=4, help="processes that keep a CPU busy meanwhile (4)")
    parser.add_argument("--race", action="append", default=[], help="only this one; may be repeated")
    parser.add_argument("--client", action="append", help="another command than the four; may be repeated")
    given = parser.parse_args()
    differ = 0
    busy = [subprocess.Popen([sys.executable, "-c", BUSY]) for _ in range(given.busy)]
    try:
        with TemporaryDirectory(prefix="race401-cards-") as folder:
            for client in given.client or CLIENTS:
                seen: dict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
                for _ in range(given.times):
                    for race, cell in card(client, given.race, folder).items():
                        seen[race][cell] += 1
                unequal = {race: cells for race, cells in seen.items() if len({outcome for outcome, _ in cells}) > 1}
                said = {race: cells for race, cells in seen.items() if len(cells) > 1}
                differ += len(said)
                load = os.getloadavg()[0]
                print(
                    f"{client}: {given.times} cards, {len(seen)} races; outcomes differ in {len(unequal)}, "
                    f"sentences in {len(said)}; load {load:.1f}",
                    flush=True,
                )
                for race, cells in said.items():
                    for (outcome, sentence), n in cells.most_common():
                        print(f"  {race}: {n} x {outcome}: {sentence}", flush=True)
    finally:
        for process in busy:
            process.kill()
            process.wait()
    return 1 if differ else 0


if __name__ == "__main__":
    sys.exit(main())
