"""C22: a path for WebSockets answers other requests as RFC 9110 asks."""

from __future__ import annotations

from bistro import App, WebSocket
from bistro.testing import Client


def test_c22_a_path_for_websockets_says_what_it_is_for() -> None:
    app = App()

    @app.websocket("/chat")
    async def chat(socket: WebSocket) -> None: ...

    client = Client(app)
    answer = client.get("/chat")
    assert (answer.status, answer.headers["upgrade"], answer.headers["connection"]) == (
        426,
        "websocket",
        "upgrade",
    )
    assert client.head("/chat").status == 426
    answer = client.post("/chat")
    assert (answer.status, answer.headers["allow"]) == (405, "GET, OPTIONS")
    assert client.options("/chat").headers["allow"] == "GET, OPTIONS"
