"""The five-line app and the routes that all servers have to serve alike."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import msgspec

from bistro import App, Empty, File, Html, Json, NotFound, Redirect, Request, Response, Stream, Text, Upload
from bistro.forms import Form
from bistro.plugins import Compression, Static

HERE = Path(__file__).parent
app = App(Static(HERE / "static"), Compression())
wsgi = app.wsgi


class Item(msgspec.Struct):
    name: str
    price: float
    tags: list[str] = []


@app.get("/")
async def hello() -> str:
    return "Hello from Bistro"


@app.get("/numbers/{number:int}")
async def show_number(number: int) -> dict[str, int]:
    return {"number": number}


@app.get("/texts/{text}")
def show_text(text: str) -> Html:
    return Html(f"<p>{len(text)} {text.encode().hex()}</p>")


@app.get("/paths/{rest:path}")
async def show_path(rest: str, request: Request) -> dict[str, str]:
    return {"rest": rest, "path": request.path, "raw": request.exchange.raw_path}


@app.get("/query")
async def show_query(request: Request) -> list[tuple[str, str]]:
    return request.query.multi_items()


@app.get("/headers")
async def show_headers(request: Request) -> list[list[str]]:
    return [request.headers.get_all(name) for name in ("x-one", "x-two", "cookie")]


@app.post("/items")
async def create_item(item: Item) -> Json:
    return Json(item, status=201, headers={"location": f"/items/{item.name}"})


@app.put("/items/{name}")
async def replace_item(name: str, item: Item) -> dict[str, object]:
    return {"was": name, "is": item.name, "tags": item.tags}


@app.delete("/items/{name}")
async def delete_item(name: str) -> None:
    return None


@app.post("/form")
async def take_form(form: Form[Item]) -> Item:
    return form.value


@app.post("/upload")
async def take_upload(file: Upload) -> dict[str, object]:
    return {"name": file.file_name, "size": file.size, "starts": (await file.read())[:5].decode()}


@app.post("/echo")
async def echo(request: Request) -> Stream:
    async def pieces() -> AsyncIterator[bytes]:
        async for piece in request.stream():
            yield piece

    return Stream(pieces(), content_type="application/octet-stream")


@app.post("/size")
async def size_of(request: Request) -> Text:
    return Text(str(len(await request.body())))


@app.get("/stream")
def stream() -> Iterator[str]:
    for number in range(5):
        yield f"{number}\n"


@app.get("/stream-of-known-length")
async def stream_of_known_length() -> Stream:
    return Stream(iter([b"abc", b"def"]), content_type="text/plain", length=6)


@app.get("/file")
def file() -> File:
    return File(HERE / "file.txt", inside=HERE)


@app.get("/compressible")
async def compressible() -> str:
    return "soup of the day " * 100


@app.get("/compressible-stream")
async def compressible_stream() -> Stream:
    return Stream(["soup "] * 10, content_type="text/plain")


@app.get("/old")
async def old() -> Redirect:
    return Redirect("/new?a=b", status=308)


@app.get("/cookies")
async def cookies() -> Response:
    answer = Text("two")
    answer.set_cookie("one", "1", max_age=60)
    answer.set_cookie("two", "2", path="/here")
    return answer


@app.get("/empty")
async def empty() -> Empty:
    return Empty(headers={"x-empty": "yes"})


@app.get("/missing")
async def missing() -> str:
    raise NotFound("There is no such thing.")


@app.get("/broken")
async def broken() -> str:
    raise ZeroDivisionError("a secret")


@app.get("/large")
def large() -> bytes:
    return bytes(range(256)) * 2000
