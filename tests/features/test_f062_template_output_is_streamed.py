"""F62: a template's output is sent while it is made."""

from __future__ import annotations

from collections.abc import Iterator

from bistro import App
from bistro.plugins import Rendered, Rendering, stream
from bistro.testing import Client, LiveServer
from tests.features.support import connect, receive_until

SOURCE = "{% for row in rows %}<p>{{ row }}</p>{% endfor %}"


def test_f062_rows_are_asked_for_while_the_answer_is_sent() -> None:
    app = App(Rendering(sources={"rows.html": SOURCE}))
    made: list[int] = []

    def rows() -> Iterator[str]:
        for number in range(100_000):
            made.append(number)
            yield f"row {number} <"

    @app.get("/")
    async def show() -> Rendered:
        return stream("rows.html", rows=rows())

    with LiveServer(app) as server, connect(server) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n")
        received = receive_until(connection, b"row 0 &lt;")
        assert b"text/html" in received
        assert len(made) < 100_000


def test_f062_status_headers_and_text_are_as_rendered() -> None:
    app = App(Rendering(sources={"rows.html": SOURCE}))

    @app.get("/")
    def show() -> Rendered:
        return stream("rows.html", rows=["a", "&"], status=203, headers={"x-a": "1"})

    answer = Client(app).get("/")
    assert (answer.status, answer.text, answer.headers["x-a"]) == (203, "<p>a</p><p>&amp;</p>", "1")
