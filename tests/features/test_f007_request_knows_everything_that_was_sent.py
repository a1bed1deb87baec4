"""F7: the request gives path, query, form, files, JSON, headers, cookies, client and the full URL."""

from __future__ import annotations

import json

from bistro import App, Request
from bistro.testing import Client, LiveServer
from tests.features.support import fetch


def test_head_of_the_request_is_told_as_it_was_sent_over_the_socket() -> None:
    app = App()

    @app.get("/shops/{name}")
    async def tell(request: Request) -> dict[str, object]:
        address, port = request.client or ("", 0)
        return {
            "method": request.method,
            "path": request.path,
            "path parameters": dict(request.path_parameters),
            "query": request.query.multi_items(),
            "header": request.headers["X-Note"],
            "absent header": request.headers.get("x-other"),
            "cookies": dict(request.cookies),
            "client": [address, port > 0],
            "url": str(request.url),
            "scheme and host": [request.scheme, request.host],
        }

    with LiveServer(app) as server:
        target = "/shops/caf%C3%A9?tag=a&tag=b%26c&page=2"
        headers = {"x-note": "hi", "cookie": "theme=dark; size=10"}
        told = json.loads(fetch(server, target, headers=headers).body)
        expected_url = f"{server.url}{target}"

    assert told == {
        "method": "GET",
        "path": "/shops/café",
        "path parameters": {"name": "café"},
        "query": [["tag", "a"], ["tag", "b&c"], ["page", "2"]],
        "header": "hi",
        "absent header": None,
        "cookies": {"theme": "dark", "size": "10"},
        "client": ["127.0.0.1", True],
        "url": expected_url,
        "scheme and host": ["http", "127.0.0.1"],
    }


def test_form_fields_and_files_are_read_from_the_request() -> None:
    app = App()

    @app.post("/form")
    async def tell(request: Request) -> dict[str, object]:
        form = await request.form()
        files = [
            [name, file.file_name, file.content_type, (await file.read()).decode()]
            for name, file in form.files.multi_items()
        ]
        return {"fields": form.fields.multi_items(), "files": files}

    with Client(app) as client:
        plain = client.post("/form", data={"title": "Milk & eggs", "tag": ["a", "b"]})
        upload = client.post(
            "/form", data={"title": "Photo"}, files={"photo": ("milk.txt", b"white", "text/plain")}
        )

    assert plain.json() == {"fields": [["title", "Milk & eggs"], ["tag", "a"], ["tag", "b"]], "files": []}
    assert upload.json() == {
        "fields": [["title", "Photo"]],
        "files": [["photo", "milk.txt", "text/plain", "white"]],
    }


def test_body_is_read_as_json_and_as_bytes() -> None:
    app = App()

    @app.post("/json")
    async def tell(request: Request) -> list[object]:
        return [await request.json(), await request.json(dict[str, int]), (await request.body()).decode()]

    with Client(app) as client:
        assert client.post("/json", json={"a": 1}).json() == [{"a": 1}, {"a": 1}, '{"a":1}']
