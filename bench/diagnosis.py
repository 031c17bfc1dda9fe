"""Diagnose a HAR of 5,000 entries and print what it took, and how large the page is.

A session of some hours: 1,000 pages of four calls, a refresh now and then of which two go by one token, among them
preflights and pictures. Time is this process's own CPU and the clock's, from the file to the page.
"""

import base64
import json
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from race401.harness.incident import page
from race401.harness.incident.diagnosis import diagnose
from race401.harness.incident.gathering import gather
from race401.harness.incident.readers.reader import How

BASE = 1_777_881_600.0  # s since the epoch
PAGES, LIFE = 1_000, 600.0  # s of a token
REFRESH = "POST", "https://api.example.com/auth/v1/token?grant_type=refresh_token"
CALLS = "contacts", "messages", "me", "news"


def token(n: int, at: float) -> str:
    """Return the nth access token, issued then."""
    parts = {"alg": "HS256", "typ": "JWT"}, {"jti": f"a{n}", "iat": int(BASE + at), "exp": int(BASE + at + LIFE)}
    return ".".join([*(base64.urlsafe_b64encode(json.dumps(part).encode()).decode() for part in parts), "c2ln"])


def entry(at: float, what: tuple[str, str], status: int, sent: str = "", body: str = "", says: str = "") -> Any:
    """Return a request as Chrome has it."""
    headers = {"user-agent": "Chrome", "accept": "*/*"} | ({"authorization": f"Bearer {sent}"} if sent else {})
    listed = [{"name": name, "value": value} for name, value in headers.items()]
    post = {"postData": {"mimeType": "application/json", "text": body}} if body else {}
    kind = "preflight" if what[0] == "OPTIONS" else "image" if what[1].endswith("png") else "fetch"
    return {
        "startedDateTime": datetime.fromtimestamp(BASE + at, UTC).isoformat().replace("+00:00", "Z"),
        "time": 50,
        "request": {"method": what[0], "url": what[1], "headers": listed, "bodySize": len(body), **post},
        "response": {"status": status, "headers": [], "content": {"mimeType": "application/json", "text": says}},
        "timings": {"send": 0, "wait": 50, "receive": 0},
        "_resourceType": kind,
    }


def har() -> str:
    """Return the file."""
    entries, n, at = [], 0, 0.0
    for number in range(PAGES):
        at = number * 10.0
        if at - n * LIFE >= LIFE - 20:
            tokens = {"access_token": token(n + 1, at), "refresh_token": f"r{n + 1}", "expires_in": LIFE}
            asked = json.dumps({"refresh_token": f"r{n}"})
            entries += [
                entry(at, REFRESH, 200, body=asked, says=json.dumps(tokens)),
                entry(at + 0.01, REFRESH, 400, body=asked, says='{"error_code": "refresh_token_already_used"}'),
            ]
            n += 1
        mine = token(n, n * LIFE)
        entries += [entry(at + 0.1, ("GET", f"https://api.example.com/{path}"), 200, mine) for path in CALLS]
        entries.append(entry(at + 0.1, ("OPTIONS", "https://api.example.com/me"), 204))
    return json.dumps({"log": {"version": "1.2", "creator": {"name": "WebInspector"}, "entries": entries}})


def main() -> None:
    """Measure it."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "incident.har")
        file.write_text(har())
        clock, cpu = time.monotonic(), time.process_time()
        found = diagnose(gather([file], How()))
        size = len(page.render(found).encode())
        clock, cpu = time.monotonic() - clock, time.process_time() - cpu
    kept, size_kb = len(found.evidence.entries), size / 1000
    sys.stdout.write(f"{kept} entries: {cpu:.2f} s of CPU, {clock:.2f} s by the clock; page {size_kb:.0f} kB\n")
    sys.stdout.write(f"{found.answer}\n")


if __name__ == "__main__":
    main()
