from __future__ import annotations

import base64
import hashlib
import re

import pytest

from bistro.app import BaseApp
from bistro.ground.problems import Problem
from bistro.http import (
    ContentTooLarge,
    Forbidden,
    HttpError,
    NotFound,
    ServiceUnavailable,
    TooManyRequests,
    UnprocessableContent,
    UnsupportedMediaType,
)
from bistro.plugins import ErrorPages
from bistro.plugins.error_pages import STYLE
from bistro.testing import Client

HTML = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
ERRORS: dict[str, Exception] = {
    "/forbidden": Forbidden(),
    "/missing": NotFound("There is no order 12 & none <b>13</b>."),
    "/large": ContentTooLarge(),
    "/media": UnsupportedMediaType(),
    "/often": TooManyRequests(headers={"retry-after": "7"}),
    "/busy": ServiceUnavailable(),
    "/invalid": UnprocessableContent("Wrong.", problems=[Problem("form", "age", "is missing", "missing")]),
    "/surrogate": NotFound("no \ud800"),
    "/broken": RuntimeError("password=hunter2"),
}
STATUSES = [403, 404, 413, 415, 429, 503, 422, 404, 500]


def make_app(pages: ErrorPages | None = None) -> BaseApp:
    app = BaseApp(pages or ErrorPages())
    for path, error in ERRORS.items():
        app.get(path, name=path[1:], blocking=False)(_failing(error))
    return app


def _failing(error: Exception):
    def fail() -> str:
        raise error

    return fail


@pytest.fixture
def client() -> Client:
    return Client(make_app(), raise_server_errors=False)


@pytest.mark.parametrize(("path", "status"), list(zip(ERRORS, STATUSES, strict=True)))
def test_browser_gets_a_page_with_the_status_in_words(client: Client, path: str, status: int) -> None:
    response = client.get(path, headers=HTML)
    assert (response.status, response.content_type) == (status, "text/html")
    assert '<html lang="en">' in response.text
    assert len(re.findall("<h1>", response.text)) == 1
    assert f"<title>{status} " in response.text


@pytest.mark.parametrize(("path", "status"), list(zip(ERRORS, STATUSES, strict=True)))
def test_program_gets_a_problem_document(client: Client, path: str, status: int) -> None:
    response = client.get(path)
    assert (response.status, response.content_type) == (status, "application/problem+json")
    assert response.json()["status"] == status
    assert response.json()["title"]


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/nowhere", 404), ("DELETE", "/missing", 405)]
)
def test_paths_and_methods_without_a_route_get_them_too(
    client: Client, method: str, path: str, status: int
) -> None:
    response = client.request(method, path, headers=HTML)
    assert (response.status, response.content_type) == (status, "text/html")
    assert client.request(method, path).content_type == "application/problem+json"


def test_headers_of_the_error_are_sent(client: Client) -> None:
    assert client.get("/often", headers=HTML).headers["retry-after"] == "7"
    assert client.get("/often").headers["retry-after"] == "7"
    assert client.delete("/missing").headers["allow"] == "GET, HEAD, OPTIONS"


def test_what_comes_from_the_request_is_escaped(client: Client) -> None:
    text = client.get("/missing", headers=HTML).text
    assert "There is no order 12 &amp; none &lt;b&gt;13&lt;/b&gt;." in text


def test_invalid_values_are_listed(client: Client) -> None:
    assert "<li>age: is missing</li>" in client.get("/invalid", headers=HTML).text
    assert client.get("/invalid").json()["errors"][0]["path"] == "age"


def test_unexpected_error_tells_nothing_but_an_id(client: Client) -> None:
    page = client.get("/broken", headers={**HTML, "x-request-id": "abc-123"}).text
    assert "abc-123" in page
    assert "hunter2" not in page + client.get("/broken").text
    assert "RuntimeError" not in page


def test_unexpected_error_is_still_logged_and_raised_to_tests() -> None:
    with pytest.raises(RuntimeError):
        Client(make_app()).get("/broken", headers=HTML)


def test_page_lets_its_own_style_in_by_its_hash_and_nothing_else(client: Client) -> None:
    response = client.get("/missing", headers=HTML)
    digest = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in response.headers["content-security-policy"]
    assert f"<style>{STYLE}</style>" in response.text
    assert "<script" not in response.text
    assert "style=" not in response.text


def test_error_is_not_kept_by_caches_and_varies_with_accept(client: Client) -> None:
    for headers in (HTML, {}):
        response = client.get("/missing", headers=headers)
        assert (response.headers["cache-control"], response.headers["vary"]) == ("no-store", "accept")


def test_accept_header_that_cannot_be_read_gets_a_problem_document(client: Client) -> None:
    assert client.get("/missing", headers={"accept": ";" * 5000}).content_type == "application/problem+json"


def test_sentences_and_language_can_be_ones_own() -> None:
    pages = ErrorPages(home="/start", language="de", sentences={403: "Das dürfen Sie nicht."})
    text = Client(make_app(pages)).get("/forbidden", headers=HTML).text
    assert '<html lang="de">' in text
    assert "Das dürfen Sie nicht." in text
    assert '<a href="/start">' in text


def test_hook_of_the_site_comes_first() -> None:
    app = make_app()

    @app.on_error(NotFound)
    def not_found(error: NotFound) -> dict[str, str]:
        return {"error": "not here"}

    response = Client(app).get("/nowhere", headers=HTML)
    assert (response.status, response.json()) == (404, {"error": "not here"})


def test_hook_of_the_site_for_all_http_errors_comes_first() -> None:
    app = make_app()

    @app.on_error(HttpError)
    def any_error(error: HttpError) -> str:
        return f"own {error.status}"

    assert Client(app).get("/forbidden", headers=HTML).text == "own 403"
