"""From what a handler returns to the answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import msgspec
import pytest

from bistro import App, Empty, Html, Json, Redirect, Request, Response, Stream, Text
from bistro.http import BadRequest
from bistro.serving.memory import MemoryExchange
from bistro.testing import Client
from bistro.validation import EncodingError, OutputMismatch


@dataclass
class Point:
    """A dataclass."""

    x: int


class Item(msgspec.Struct):
    """A struct."""

    name: str


def answer_of(result: object, annotation: object = None, **options: object):
    app = App(defaults=False)

    def handler():
        return result

    if annotation is not None:
        handler.__annotations__["return"] = annotation
    app.get("/", blocking=False, **options)(handler)  # type: ignore[arg-type]
    return Client(app).get("/")


TEXT, JSON = "text/plain; charset=utf-8", "application/json"


@pytest.mark.parametrize("declared", [True, False])
@pytest.mark.parametrize(
    ("result", "content_type", "content"),
    [
        ("héllo", TEXT, "héllo".encode()),
        ({"a": 1}, JSON, b'{"a":1}'),
        ([1, "b"], JSON, b'[1,"b"]'),
        (Point(3), JSON, b'{"x":3}'),
        (Item("n"), JSON, b'{"name":"n"}'),
        (7, JSON, b"7"),
        (True, JSON, b"true"),
        (date(2026, 11, 22), JSON, b'"2026-11-22"'),
        (datetime(2026, 11, 22, tzinfo=UTC), JSON, b'"2026-11-22T00:00:00Z"'),
        (Decimal("1.10"), JSON, b'"1.10"'),
        (UUID(int=1), JSON, b'"00000000-0000-0000-0000-000000000001"'),
        (b"raw", "application/octet-stream", b"raw"),
    ],
)
def test_the_type_of_the_result_says_what_the_answer_is(
    result: object, content_type: str, content: bytes, declared: bool
) -> None:
    response = answer_of(result, type(result) if declared else None)
    assert (response.status, response.headers["content-type"], response.content) == (
        200,
        content_type,
        content,
    )


def test_a_result_of_another_type_than_declared_is_answered_by_its_own() -> None:
    assert answer_of({"a": 1}, str).headers["content-type"] == JSON
    assert answer_of("text", dict).headers["content-type"] == TEXT
    assert answer_of(Redirect("/there"), dict).status == 303


def test_none_is_no_content() -> None:
    response = answer_of(None)
    assert response.status == 204
    assert "content-length" not in response.headers


def test_text_that_is_marked_as_html_is_html() -> None:
    from bistro import escape

    assert answer_of(escape("<b>")).headers["content-type"] == "text/html; charset=utf-8"


@pytest.mark.parametrize(
    ("result", "status"), [({"a": 1}, 201), ("text", 202), (None, 205), (Json({}, status=418), 418)]
)
def test_the_routes_status_holds_unless_the_answer_has_its_own(result: object, status: int) -> None:
    assert answer_of(result, status=201 if status == 418 else status).status == status


def test_the_kinds_of_answers() -> None:
    assert answer_of(Text("t")).headers["content-type"] == TEXT
    assert answer_of(Html("<p>")).headers["content-type"] == "text/html; charset=utf-8"
    assert answer_of(Empty()).status == 204
    redirect = answer_of(Redirect("/there?x=1"))
    assert (redirect.status, redirect.headers["location"]) == (303, "/there?x=1")
    custom = answer_of(Response("a;b", content_type="text/csv", status=203, headers={"X-Own": "1"}))
    assert (custom.status, custom.headers["content-type"], custom.headers["x-own"]) == (203, "text/csv", "1")
    problem = answer_of(Json({"a": 1}, content_type="application/vnd.api+json"))
    assert problem.headers["content-type"] == "application/vnd.api+json"


def test_a_redirect_to_another_host_needs_to_be_allowed() -> None:
    with pytest.raises(BadRequest):
        Redirect("https://other.example/")
    assert Redirect("https://other.example/", allowed_hosts=["other.example"]).status == 303


def test_what_has_no_json_form_is_named() -> None:
    app = App(defaults=False)

    @app.get("/", blocking=False)
    def handler():
        return object()

    with pytest.raises(EncodingError, match="object"):
        Client(app).get("/")


async def async_pieces() -> AsyncIterator[str]:
    yield "a"
    await asyncio.sleep(0)
    yield "b"


def sync_pieces() -> Iterator[bytes]:
    yield b"a"
    yield b"b"


@pytest.mark.parametrize("make", [async_pieces, sync_pieces])
def test_generators_are_streamed(make) -> None:
    assert answer_of(make()).content == b"ab"
    assert answer_of(Stream(make(), content_type="text/csv")).headers["content-type"] == "text/csv"


def test_a_handler_that_is_a_generator_is_streamed() -> None:
    app = App(defaults=False)
    app.get("/async")(async_pieces)
    app.get("/sync")(sync_pieces)
    with Client(app) as client:
        assert client.get("/async").content == b"ab"
        assert client.get("/sync").content == b"ab"


def test_a_stream_that_fails_breaks_off_and_is_not_taken_for_whole() -> None:
    async def pieces() -> AsyncIterator[str]:
        yield "a"
        raise LookupError("in the middle")

    app = App(defaults=False)

    @app.get("/")
    async def handler() -> Stream:
        return Stream(pieces())

    async def run() -> MemoryExchange:
        exchange = MemoryExchange("GET", "/")
        await app.start()
        coroutine = app.handle(exchange)
        assert coroutine is not None
        await coroutine
        await app.stop()
        return exchange

    exchange = asyncio.run(run())
    assert exchange.is_aborted


def test_a_stream_whose_client_leaves_runs_its_cleanup() -> None:
    closed: list[str] = []

    async def pieces() -> AsyncIterator[bytes]:
        try:
            while True:
                yield b"x" * 1000
                await asyncio.sleep(0)
        finally:
            closed.append("closed")

    app = App(defaults=False)

    @app.get("/")
    async def handler() -> Stream:
        return Stream(pieces())

    with Client(app) as client, client.stream("GET", "/") as response:
        assert next(iter(response.iter_bytes()))
    assert closed == ["closed"]


def test_cache_headers_have_helpers() -> None:
    def handler() -> Response:
        response = Text("t")
        response.cache(60, public=True, immutable=True, stale_while_revalidate_seconds=5)
        response.vary("Accept", "Cookie")
        return response

    app = App(defaults=False)
    app.get("/", blocking=False)(handler)
    headers = Client(app).get("/").headers
    assert headers["cache-control"] == "public, max-age=60, immutable, stale-while-revalidate=5"
    assert headers["vary"] == "accept, cookie"


def test_no_store_overrides_the_rest() -> None:
    response = Text("t")
    response.cache(60, public=True, no_store=True)
    assert response.headers["cache-control"] == "no-store"


def test_one_handler_answers_in_the_media_type_that_the_client_likes() -> None:
    app = App(defaults=False)

    @app.get("/", blocking=False)
    def show(request: Request) -> Response:
        return request.negotiate({"text/html": lambda: Html("<p>1</p>"), JSON: lambda: Json({"n": 1})})

    client = Client(app)
    assert client.get("/", headers={"accept": "text/html"}).text == "<p>1</p>"
    answer = client.get("/", headers={"accept": JSON})
    assert (answer.json(), answer.headers["vary"]) == ({"n": 1}, "accept")
    assert client.get("/", headers={"accept": "image/png"}).status == 406


class Account(Item):
    """An item with something that must stay here."""

    password: str = "secret"


class Holder(msgspec.Struct):
    """Holds an item that may be more than an item."""

    item: Item


@pytest.mark.parametrize("plans", ["written", "interpreted"])
@pytest.mark.parametrize("watched", [True, False])
@pytest.mark.parametrize(
    ("declared", "result", "sent"),
    [
        (Item, Account("a"), {"name": "a"}),
        (list[Item], [Account("a")], [{"name": "a"}]),
        (Holder, Holder(Account("a")), {"item": {"name": "a"}}),
        (Item | None, Account("a"), {"name": "a"}),
        (Item | Redirect, Account("a"), {"name": "a"}),
        (Account, Account("a"), {"name": "a", "password": "secret"}),
    ],
)
def test_fields_that_the_declared_type_does_not_have_stay_here(
    declared, result, sent, plans, watched
) -> None:
    app = App(defaults=False, plans=plans)

    def handler():
        return result

    handler.__annotations__["return"] = declared
    app.get("/", blocking=False)(handler)
    if watched:
        app.after(lambda: None)
    assert Client(app).get("/").json() == sent


def test_an_answer_of_the_sites_own_is_left_alone_whatever_is_declared() -> None:
    assert answer_of(Json({"a": 1, "b": 2}), Item | Json).json() == {"a": 1, "b": 2}
    assert answer_of(None, Item | None).status == 204


async def find_item() -> Item:
    return Item("tea")


@pytest.mark.parametrize("declared", [Item, list[Item], None])
def test_coroutine_that_nobody_awaited_is_told_with_the_place_of_the_handler(declared) -> None:
    app = App(defaults=False)

    async def forgets():
        return find_item()

    forgets.__annotations__["return"] = declared
    app.get("/")(forgets)
    with pytest.raises(OutputMismatch, match=r"what find_item.* without having awaited it") as caught:
        Client(app).get("/")
    assert caught.value.where[0].name.endswith("forgets")
    assert "return await" in caught.value.fix


def test_query_that_nobody_awaited_is_told() -> None:
    class Query:
        def __await__(self): ...

    with pytest.raises(OutputMismatch, match="returned a Query without having awaited it"):
        answer_of(Query(), list[Item])


def test_what_has_no_json_form_is_told_with_the_place_of_the_handler() -> None:
    with pytest.raises(EncodingError) as caught:
        answer_of(object())
    assert caught.value.where[0].file == __file__
