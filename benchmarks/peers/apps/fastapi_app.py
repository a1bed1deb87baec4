"""FastAPI, with pydantic."""

from __future__ import annotations

from fastapi import FastAPI, UploadFile, WebSocket
from fastapi.responses import FileResponse, PlainTextResponse
from pydantic import BaseModel

from benchmarks.peers.apps.common import FILES, OTHER_ROUTES

app = FastAPI()


class Item(BaseModel):
    name: str
    price: float
    quantity: int
    tags: list[str]
    active: bool


for number in OTHER_ROUTES:

    @app.get(f"/section{number}/{{name}}", response_class=PlainTextResponse)
    async def other(name: str):
        return name


@app.get("/json")
async def json():
    return {"message": "Hello, World!"}


@app.get("/plaintext", response_class=PlainTextResponse)
async def plaintext():
    return "Hello, World!"


@app.get("/users/{user}/posts/{post}")
async def params(user: int, post: str):
    return {"user": user, "post": post}


@app.post("/items")
async def items(item: Item):
    return {"name": item.name, "total": item.price * item.quantity}


@app.get("/files/{name}")
async def files(name: str):
    return FileResponse(FILES / name)


@app.post("/upload")
async def upload(file: UploadFile):
    return {"size": file.size}


@app.websocket("/echo")
async def echo(websocket: WebSocket):
    await websocket.accept()
    async for message in websocket.iter_text():
        await websocket.send_text(message)
