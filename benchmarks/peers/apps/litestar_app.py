"""Litestar, with msgspec."""

from typing import Annotated

from litestar import Litestar, MediaType, WebSocket, get, post, websocket
from litestar.datastructures import UploadFile
from litestar.enums import RequestEncodingType
from litestar.exceptions import WebSocketDisconnect
from litestar.params import Body
from litestar.response import File
from msgspec import Struct

from benchmarks.peers.apps.common import FILES, OTHER_ROUTES


class Item(Struct):
    name: str
    price: float
    quantity: int
    tags: list[str]
    active: bool


@get("/json")
async def json() -> dict[str, str]:
    return {"message": "Hello, World!"}


@get("/plaintext", media_type=MediaType.TEXT)
async def plaintext() -> str:
    return "Hello, World!"


@get("/users/{user:int}/posts/{post:str}")
async def params(user: int, post: str) -> dict[str, object]:
    return {"user": user, "post": post}


@post("/items", status_code=200)
async def items(data: Item) -> dict[str, object]:
    return {"name": data.name, "total": data.price * data.quantity}


@get("/files/{name:str}")
async def files(name: str) -> File:
    return File(FILES / name)


@post("/upload", status_code=200)
async def upload(
    data: Annotated[dict[str, UploadFile], Body(media_type=RequestEncodingType.MULTI_PART)],
) -> dict[str, int]:
    return {"size": len(await data["file"].read())}


@websocket("/echo")
async def echo(socket: WebSocket) -> None:
    await socket.accept()
    try:
        while True:
            await socket.send_text(await socket.receive_text())
    except WebSocketDisconnect:
        pass


def make_other(number):
    @get(f"/section{number}/{{name:str}}", media_type=MediaType.TEXT)
    async def other(name: str) -> str:
        return name

    return other


app = Litestar(
    [
        *[make_other(number) for number in OTHER_ROUTES],
        json,
        plaintext,
        params,
        items,
        files,
        upload,
        echo,
    ],
    openapi_config=None,
    request_max_body_size=20 * 1024 * 1024,
)
