from __future__ import annotations

from bistro.app import BaseApp
from bistro.http import Response, Stream, Text
from bistro.plugins import ETags
from bistro.testing import Client


def make_client(etags: ETags | None = None) -> Client:
    app = BaseApp(etags or ETags())

    @app.get("/page")
    async def page() -> dict[str, str]:
        return {"title": "Notes"}

    @app.post("/page")
    async def post() -> str:
        return "posted"

    @app.get("/own")
    async def own() -> Response:
        return Text("own", headers={"etag": '"v7"', "cache-control": "private", "set-cookie": "a=b"})

    @app.get("/secret")
    async def secret() -> Response:
        return Text("secret", headers={"cache-control": "no-store"})

    @app.get("/stream")
    async def stream() -> Stream:
        return Stream(iter([b"a"]))

    return Client(app)


def test_answer_that_the_client_has_is_a_304_without_content() -> None:
    client = make_client()
    first = client.get("/page")
    assert first.status == 200
    second = client.get("/page", headers={"if-none-match": first.headers["etag"]})
    assert (second.status, second.content) == (304, b"")
    assert second.headers["etag"] == first.headers["etag"]
    assert "content-type" not in second.headers


def test_head_has_the_tag_of_get() -> None:
    client = make_client()
    assert client.head("/page").headers["etag"] == client.get("/page").headers["etag"]


def test_tag_of_the_handler_is_kept_and_compared() -> None:
    client = make_client()
    assert client.get("/own").headers["etag"] == '"v7"'
    response = client.get("/own", headers={"if-none-match": '"v7"'})
    assert response.status == 304
    assert response.headers["cache-control"] == "private"
    assert response.headers["set-cookie"] == "a=b"


def test_condition_that_fails_is_a_412() -> None:
    assert make_client().get("/page", headers={"if-match": '"other"'}).status == 412


def test_weak_tags_say_so_and_still_match() -> None:
    client = make_client(ETags(weak=True))
    etag = client.get("/page").headers["etag"]
    assert etag.startswith('W/"')
    assert client.get("/page", headers={"if-none-match": etag}).status == 304


def test_other_answers_get_no_tag() -> None:
    client = make_client()
    for method, path in (("POST", "/page"), ("GET", "/secret"), ("GET", "/stream"), ("GET", "/nowhere")):
        assert "etag" not in client.request(method, path).headers
