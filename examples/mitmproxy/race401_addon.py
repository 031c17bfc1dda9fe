"""
An addon for mitmproxy that writes the ledger which `race401 judge` reads, as `race401 proxy` would have written it.

    pip install mitmproxy msgspec && pip install --no-deps race401   # in an environment of mitmproxy's own
    mitmdump -s race401_addon.py --set race401_ledger=traffic.jsonl --set race401_dialect=oauth,supabase
    race401 judge traffic.jsonl

Each host is a world of its own. mitmproxy holds a whole answer before it passes it on, so that one whose client hung
up meanwhile is noted without its answer; what it streams (`--set stream_large_bodies=...`) is noted without a body.
"""

import time
from collections.abc import Iterator
from pathlib import Path

from mitmproxy import ctx, exceptions, http
from race401.harness.proxy.heads import Answer, Request
from race401.harness.proxy.recorder import Recorder
from race401.harness.proxy.watch import Passing, Watch
from race401.ledger.dialects.files import DialectError, named
from race401.ledger.fingerprints import Fingerprints, from_key_file

PASSING = "race401"  # where a flow carries what is noted of it


class Race401:
    def load(self, loader) -> None:
        loader.add_option("race401_ledger", str, "traffic.jsonl", "The ledger; it is appended to.")
        loader.add_option("race401_dialect", str, "oauth,supabase", "Names of dialects, or TOML files.")
        loader.add_option("race401_key_file", str, "", "Keeps the key of the fingerprints.")

    def running(self) -> None:
        try:
            dialects = [each for name in ctx.options.race401_dialect.split(",") for each in named(name.strip())]
        except DialectError as error:
            raise exceptions.OptionsError(f"race401_dialect: {error}") from None
        key = ctx.options.race401_key_file
        fingerprints = from_key_file(Path(key)) if key else Fingerprints()
        recorder = Recorder(Path(ctx.options.race401_ledger), fingerprints)
        self.watch = Watch(recorder, dialects, clock=time.time, say=lambda line: print(f"race401: {line}"))

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        request = flow.request
        first = f"{request.method} {request.path or '/'} HTTP/1.1"
        address = flow.client_conn.peername[0] if flow.client_conn.peername else ""
        head = Request(_head(first, request.headers))
        flow.metadata[PASSING] = self.watch.asked(head, address, request.pretty_host)

    def request(self, flow: http.HTTPFlow) -> None:
        self.watch.sent(_passing(flow), flow.request.get_content(strict=False) or b"", ends=True)

    def response(self, flow: http.HTTPFlow) -> None:
        """It has come whole, and is about to leave."""
        passing, answer = _passing(flow), flow.response
        self.watch.answered(passing, Answer(_head(f"HTTP/1.1 {answer.status_code} -", answer.headers)), hung_up=False)
        self.watch.note_answer_body(passing, answer.get_content(strict=False) or b"")
        self.watch.over(passing, hung_up=False)

    def error(self, flow: http.HTTPFlow) -> None:
        """No answer: the target was not reached or broke off, or the client hung up."""
        if PASSING in flow.metadata:
            self.watch.over(_passing(flow), hung_up="client disconnected" in flow.error.msg.lower())


def _passing(flow: http.HTTPFlow) -> Passing:
    return flow.metadata[PASSING]


def _head(first: str, headers: http.Headers) -> bytes:
    """As HTTP/1.1 writes it; bodies are read decoded, so that nothing says that they are not."""
    return b"\r\n".join([first.encode("utf-8", "surrogateescape"), *_lines(headers), b"", b""])


def _lines(headers: http.Headers) -> Iterator[bytes]:
    return (name + b": " + value for name, value in headers.fields if name.lower() != b"content-encoding")


addons = [Race401()]
