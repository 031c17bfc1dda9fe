"""A recorder of the tests: what a page of Chromium did on the network, by its own protocol, as it exports a HAR."""

import base64
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

EVENTS = (
    *("requestWillBeSent", "requestWillBeSentExtraInfo", "responseReceived", "responseReceivedExtraInfo"),
    *("loadingFinished", "loadingFailed"),
)


class CdpRecording:
    """Notes what the session of one page tells, from now on. `har` asks for the bodies, so the page must live."""

    def __init__(self, session: Any, page: str) -> None:
        self._session, self._page = session, page
        self._requests: dict[str, dict[str, Any]] = {}
        for event in EVENTS:
            session.on(f"Network.{event}", lambda told, event=event: self._note(event, told))
        session.send("Network.enable")

    def entries(self) -> list[dict[str, Any]]:
        """What it did so far, in the shape of a HAR's entries."""
        return [self._entry(key, told) for key, told in self._requests.items() if "requestWillBeSent" in told]

    def _note(self, event: str, told: dict[str, Any]) -> None:
        self._requests.setdefault(told["requestId"], {})[event] = told

    def _entry(self, key: str, told: dict[str, Any]) -> dict[str, Any]:
        sent = told["requestWillBeSent"]
        request, answer = sent["request"], told.get("responseReceived", {}).get("response", {})
        ended = told.get("loadingFinished") or told.get("loadingFailed") or sent
        took = max(0.0, ended["timestamp"] - sent["timestamp"]) * 1000
        headers = request["headers"] | told.get("requestWillBeSentExtraInfo", {}).get("headers", {})
        had = answer.get("headers", {}) | told.get("responseReceivedExtraInfo", {}).get("headers", {})
        body = request.get("postData", "")
        about: dict[str, Any] = {"method": request["method"], "url": request["url"], "headers": _pairs(headers)}
        about |= {"cookies": [], "queryString": [], "headersSize": -1, "bodySize": len(body)}
        if body:
            about["postData"] = {"mimeType": headers.get("Content-Type", ""), "text": body}
        response: dict[str, Any] = {"status": answer.get("status", 0), "headers": _pairs(had), "cookies": []}
        response |= {"content": self._content(key, answer), "redirectURL": "", "headersSize": -1, "bodySize": -1}
        response["_error"] = told.get("loadingFailed", {}).get("errorText")
        return {
            "_resourceType": sent.get("type", "").lower(),
            "pageref": self._page,
            "startedDateTime": datetime.fromtimestamp(sent["wallTime"], UTC).isoformat().replace("+00:00", "Z"),
            "time": took,
            "timings": {"blocked": 0, "send": 0, "wait": took, "receive": 0},
            "request": about,
            "response": response,
        }

    def _content(self, key: str, answer: dict[str, Any]) -> dict[str, Any]:
        content: dict[str, Any] = {"size": 0, "mimeType": answer.get("mimeType", "")}
        if answer and answer.get("status") != 204:
            told = self._session.send("Network.getResponseBody", {"requestId": key})
            text = base64.b64decode(told["body"]).decode() if told["base64Encoded"] else told["body"]
            content |= {"size": len(text), "text": text}
        return content


def har_of_recordings(recordings: Sequence[CdpRecording]) -> dict[str, Any]:
    """One HAR of all of these pages."""
    entries = [entry for recording in recordings for entry in recording.entries()]
    creator = {"name": "WebInspector", "version": "537.36"}
    return {"log": {"version": "1.2", "creator": creator, "pages": [], "entries": entries}}


def _pairs(headers: dict[str, str]) -> list[dict[str, str]]:
    return [{"name": name.lower(), "value": value} for name, value in headers.items()]
