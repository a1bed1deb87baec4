"""Starlette; the body is checked by hand, since it brings no validation."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse
from starlette.routing import Route, WebSocketRoute

from benchmarks.peers.apps.checking import check_item
from benchmarks.peers.apps.common import FILES, OTHER_ROUTES


async def json(request):
    return JSONResponse({"message": "Hello, World!"})


async def plaintext(request):
    return PlainTextResponse("Hello, World!")


async def params(request):
    return JSONResponse({"user": request.path_params["user"], "post": request.path_params["post"]})


async def items(request):
    item = await request.json()
    if not check_item(item):
        raise HTTPException(422)
    return JSONResponse({"name": item["name"], "total": item["price"] * item["quantity"]})


async def files(request):
    return FileResponse(FILES / request.path_params["name"])


async def upload(request):
    async with request.form() as form:
        return JSONResponse({"size": form["file"].size})


async def echo(websocket):
    await websocket.accept()
    async for message in websocket.iter_text():
        await websocket.send_text(message)


async def other(request):
    return PlainTextResponse(request.path_params["name"])


app = Starlette(
    routes=[
        *[Route(f"/section{number}/{{name}}", other) for number in OTHER_ROUTES],
        Route("/json", json),
        Route("/plaintext", plaintext),
        Route("/users/{user:int}/posts/{post}", params),
        Route("/items", items, methods=["POST"]),
        Route("/files/{name}", files),
        Route("/upload", upload, methods=["POST"]),
        WebSocketRoute("/echo", echo),
    ]
)
