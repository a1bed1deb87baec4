"""F164: own 404, 403 and 500 as HTML and JSON."""

from __future__ import annotations

from bistro import App, Html, HttpError, NotFound, Request, Response
from bistro.http import Forbidden
from bistro.testing import Client

HTML = {"accept": "text/html"}


def make_client() -> Client:
    app = App()

    @app.on_error(NotFound)
    def not_found(error: NotFound, request: Request) -> Response | dict[str, str]:
        return Html("<h1>Nichts hier</h1>", status=404) if request.wants_html else {"error": "nothing here"}

    @app.on_error(Forbidden)
    def forbidden(error: Forbidden) -> str:
        return "members only"

    @app.on_error(Exception)
    def failed(error: Exception) -> Response:
        return Html("<h1>Sorry</h1>", status=500)

    @app.get("/secret")
    async def secret() -> str:
        raise Forbidden

    @app.get("/broken")
    async def broken() -> str:
        raise RuntimeError

    return Client(app, raise_server_errors=False)


def test_f164_404_is_the_sites_own_as_html_and_as_json() -> None:
    client = make_client()
    page = client.get("/nowhere", headers=HTML)
    assert (page.status, page.text) == (404, "<h1>Nichts hier</h1>")
    document = client.get("/nowhere")
    assert (document.status, document.json()) == (404, {"error": "nothing here"})


def test_f164_403_and_500_are_the_sites_own() -> None:
    client = make_client()
    assert (client.get("/secret").status, client.get("/secret").text) == (403, "members only")
    assert (client.get("/broken").status, client.get("/broken").text) == (500, "<h1>Sorry</h1>")


def test_f164_what_the_site_does_not_answer_itself_stays_as_it_was() -> None:
    response = make_client().post("/secret", headers=HTML)
    assert (response.status, response.content_type) == (405, "text/html")
    assert issubclass(NotFound, HttpError)
