"""A chat for all who are here: over a WebSocket, or, where there is none, over events and POST.

bistro run examples/chat/app.py
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import Annotated

from msgspec import Meta, Struct

from bistro import App, Event, EventStream, Header, Response, WebSocket, render

KEPT_MESSAGES = 200


class NewMessage(Struct):
    """What a client says."""

    author: Annotated[str, Meta(min_length=1, max_length=40)]
    text: Annotated[str, Meta(min_length=1, max_length=1000)]


class Message(NewMessage, kw_only=True):
    """What everybody hears; ids count up from 1."""

    id: int


class Room:
    """The last messages, in memory: a restart forgets them, and workers would not hear each other."""

    def __init__(self) -> None:
        self._messages: deque[Message] = deque(maxlen=KEPT_MESSAGES)
        self._last_id = 0
        self._said = asyncio.Condition()

    async def say(self, new: NewMessage) -> Message:
        """Let everybody hear it."""
        async with self._said:
            self._last_id += 1
            message = Message(id=self._last_id, author=new.author, text=new.text)
            self._messages.append(message)
            self._said.notify_all()
        return message

    async def listen(self, after: int) -> AsyncIterator[Message]:
        """Every message with an id above `after`, as long as somebody listens.

        Who listens more slowly than others speak misses what is no longer kept.
        """
        while True:
            async with self._said:
                while self._last_id <= after:
                    await self._said.wait()
                news = [message for message in self._messages if message.id > after]
            for message in news:
                yield message
            after = news[-1].id


def make_app() -> App:
    """The site, with a room of its own."""
    app, room = App(), Room()

    @app.get("/")
    async def index() -> Response:
        return render("chat.html")

    @app.websocket("/socket")
    async def talk(socket: WebSocket, after: int = 0) -> None:
        async def hear() -> None:
            while True:
                await room.say(await socket.receive_json(NewMessage))

        async def tell() -> None:
            async for message in room.listen(after):
                await socket.send_json(message)

        await socket.accept()
        async with asyncio.TaskGroup() as group:
            group.create_task(hear())
            group.create_task(tell())

    @app.get("/events")
    async def events(last_event_id: Header[int] = 0) -> EventStream[Message]:
        async def made() -> AsyncIterator[Event]:
            async for message in room.listen(last_event_id):
                yield Event(message, id=str(message.id))

        return EventStream(made())

    @app.post("/messages")
    async def say(new: NewMessage) -> Message:
        return await room.say(new)

    return app


app = make_app()
