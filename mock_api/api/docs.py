"""The page at /docs: every route by its tag, from the app's own OpenAPI; it asks no other server for anything."""

import re
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from markupsafe import Markup, escape

PAGE = files("race401.mock_api.api").joinpath("docs.html")


def add(api: FastAPI) -> None:
    """Serve the page."""

    async def docs() -> HTMLResponse:
        return HTMLResponse(page(api.openapi()))

    api.add_api_route("/docs", docs, include_in_schema=False)


def page(spec: dict[str, Any]) -> str:
    """Return the page of these routes."""
    from jinja2 import Environment, StrictUndefined  # not before it is asked for: a tenth of the mock's start

    templates = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    templates.filters["prose"] = _prose
    routes = [
        {
            "method": method.upper(),
            "path": path,
            "tag": (operation.get("tags") or [""])[0],
            "summary": operation.get("summary", ""),
            "about": operation.get("description", ""),
            "query": [each["name"] for each in operation.get("parameters", []) if each["in"] == "query"],
            "bodies": list(_bodies(operation)),
        }
        for path, methods in spec["paths"].items()
        for method, operation in methods.items()
    ]
    return templates.from_string(PAGE.read_text()).render(spec=spec, routes=routes)


def _bodies(operation: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield what the body may be: each form's name and fields, those that must be there marked."""
    schema = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    if schema is None:
        return
    for named in schema.get("anyOf", [schema]):
        must = named.get("required", [])
        fields = [(name, name in must) for name in named.get("properties", {})]
        yield {"name": named.get("title", ""), "about": named.get("description", ""), "fields": fields}


def _prose(text: str) -> Markup:
    """Return text as paragraphs and lists, its `code` and **bold** as such."""
    lines = re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text)))
    lines = re.sub(r"\*\*([^*]+)\*\*", r"<strong>\1</strong>", lines)
    lines = re.sub(r"(?m)^\* (.+)$", r"<li>\1</li>", lines)
    blocks = [f"<ul>{block}</ul>" if block.startswith("<li>") else f"<p>{block}</p>" for block in lines.split("\n\n")]
    return Markup("".join(blocks))  # noqa: S704 - escaped above
