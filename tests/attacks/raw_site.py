"""The site that is attacked over real sockets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from bistro import App, Request, Upload
from bistro.forms import Form
from bistro.testing import LiveServer


class Item(msgspec.Struct):
    """What `/items` takes."""

    name: str
    price: float
    count: int = 1


class Entry(msgspec.Struct):
    """What `/form` takes."""

    name: str
    age: int | None = None


def make_site() -> App:
    """Every way in which a request reaches a handler."""
    app = App()
    app.get("/", blocking=False, name="home")(lambda: "hello")

    @app.get("/numbers/{number:int}")
    async def show_number(number: int) -> dict[str, int]:
        return {"number": number}

    @app.get("/texts/{text}")
    async def show_text(text: str) -> dict[str, str]:
        return {"text": text}

    @app.get("/paths/{rest:path}")
    async def show_path(rest: str) -> dict[str, str]:
        return {"rest": rest}

    @app.get("/query")
    async def show_query(number: int, name: str = "") -> dict[str, object]:
        return {"number": number, "name": name}

    @app.get("/parameters")
    async def show_parameters(request: Request) -> list[tuple[str, str]]:
        return request.query.multi_items()

    @app.post("/items")
    async def create_item(item: Item) -> Item:
        return item

    @app.post("/anything")
    async def take_anything(request: Request) -> Any:
        return await request.json()

    @app.post("/form")
    async def take_form(form: Form[Entry]) -> Entry:
        return form.value

    @app.post("/upload")
    async def take_file(file: Upload) -> dict[str, object]:
        return {"name": file.file_name, "size": file.size}

    @app.post("/raw")
    async def take_raw(request: Request) -> dict[str, int]:
        return {"size": len(await request.body())}

    @app.post("/stream")
    async def take_stream(request: Request) -> dict[str, int]:
        size = 0
        async for piece in request.stream():
            size += len(piece)
        return {"size": size}

    @app.post("/unread")
    async def ignore_body() -> str:
        return "unread"

    return app


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """The port of the site as it runs in production."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BISTRO_ENV", "production")
        patch.setenv("ALLOWED_HOSTS", "localhost")
        with LiveServer(make_site()) as server:
            yield server.port
