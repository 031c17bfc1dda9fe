"""The mock's page of its routes: whole, and of one piece, so that it can be read offline."""

import re

from mocks import Mock


def test_every_route_is_on_the_page() -> None:
    mock = Mock()
    page = mock.client.get("/docs").text
    for path, methods in mock.client.get("/openapi.json").json()["paths"].items():
        for method, told in methods.items():
            assert f'<span class="method {method.upper()}">{method.upper()}</span><code>{path}</code>' in page, path
            assert told["tags"][0] in ("resources", "auth", "oauth", "control")
    assert "Status: <code><strong>kind</strong></code>, <code><strong>status</strong></code>, " in page


def test_it_asks_nobody_for_anything() -> None:
    """No script, no style, no picture of elsewhere: the one link leads to this server."""
    page = Mock().client.get("/docs").text
    assert re.findall(r'(?:src|href)="([^"]*)"', page) == ["data:,", "/openapi.json"]
    assert "<script" not in page
    assert "url(" not in page
