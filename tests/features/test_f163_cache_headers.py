"""F163: helpers for cache headers (`Cache-Control`, `Vary`)."""

from __future__ import annotations

from datetime import timedelta

from bistro import App, Response, Text
from bistro.testing import Client


def test_f163_answers_say_who_may_keep_them_and_what_they_depend_on() -> None:
    app = App()

    @app.get("/public")
    async def public() -> Response:
        response = Text("news")
        response.cache(timedelta(minutes=5), public=True, stale_while_revalidate_seconds=60)
        response.vary("accept-language")
        return response

    @app.get("/private")
    async def private() -> Response:
        response = Text("mine")
        response.cache(no_store=True)
        return response

    client = Client(app)
    headers = client.get("/public").headers
    assert headers["cache-control"] == "public, max-age=300, stale-while-revalidate=60"
    assert headers["vary"] == "accept-language"
    assert client.get("/private").headers["cache-control"] == "no-store"
