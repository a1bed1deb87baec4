"""F6: a foreign WSGI or ASGI application is mounted under a prefix, and lives by the site's rules there."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import unquote

import pytest
from flask import Flask, jsonify, request, url_for
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import Request as StarletteRequest
from starlette.responses import JSONResponse, PlainTextResponse, StreamingResponse
from starlette.routing import Route

from bistro import App
from bistro.routing import RouteConflict, RouteError
from bistro.testing import Client, LiveServer
from tests.features.support import fetch


def make_flask() -> Flask:
    flask = Flask("old")

    @flask.get("/show/<name>")
    def show(name: str):  # type: ignore[no-untyped-def]
        return jsonify(
            name=name, page=request.args.get("page"), url=url_for("show", name=name), root=request.script_root
        )

    @flask.post("/size")
    def size() -> str:
        return str(len(request.get_data()))

    @flask.get("/stream")
    def stream():  # type: ignore[no-untyped-def]
        return (piece for piece in ("a", "b"))

    @flask.get("/cookies")
    def cookies():  # type: ignore[no-untyped-def]
        answer = jsonify(dict(request.cookies))
        answer.set_cookie("one", "1")
        answer.set_cookie("two", "2")
        return answer

    return flask


def make_starlette(log: list[str]) -> Starlette:
    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[dict[str, str]]:
        log.append("up")
        yield {"opened": "yes"}
        log.append("down")

    async def show(request: StarletteRequest) -> JSONResponse:
        return JSONResponse(
            {
                "name": request.path_params["name"],
                "page": request.query_params.get("page"),
                "url": str(request.url_for("show", name=request.path_params["name"])),
                "root": request.scope["root_path"],
                "opened": request.state.opened,
            },
            background=BackgroundTask(log.append, "background"),
        )

    async def size(request: StarletteRequest) -> PlainTextResponse:
        return PlainTextResponse(str(len(await request.body())))

    async def stream(request: StarletteRequest) -> StreamingResponse:
        return StreamingResponse(iter(["a", "b"]))

    async def fail(request: StarletteRequest) -> PlainTextResponse:
        raise ZeroDivisionError("a secret")

    routes = [
        Route("/show/{name}", show),
        Route("/size", size, methods=["POST"]),
        Route("/stream", stream),
        Route("/fail", fail),
    ]
    return Starlette(routes=routes, lifespan=lifespan)


LOG: list[str] = []


@pytest.fixture(scope="module")
def server() -> Iterator[LiveServer]:
    from tests.features import django_site

    app = App()
    app.mount("/flask", make_flask())
    app.mount("/starlette", make_starlette(LOG))
    app.mount("/django", django_site.wsgi)
    app.mount("/django-async", django_site.asgi)

    @app.get("/flask/new")
    async def new() -> str:
        return "of the new site"

    with LiveServer(app) as server:
        yield server


@pytest.mark.parametrize("mount", ["flask", "starlette", "django", "django-async"])
class TestEveryKind:
    def test_path_query_and_prefix_arrive(self, server: LiveServer, mount: str) -> None:
        answer = json.loads(fetch(server, f"/{mount}/show/caf%C3%A9?page=2").body)
        assert (answer["name"], answer["page"]) == ("café", "2")
        assert unquote(answer["url"]).endswith(f"/{mount}/show/café")

    def test_hooks_and_headers_of_the_site_hold(self, server: LiveServer, mount: str) -> None:
        answer = fetch(server, f"/{mount}/show/x")
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-request-id"]
        assert fetch(server, f"/{mount}/show/x", headers={"host": "evil.example"}).status == 421

    def test_body_of_a_request_arrives_whole(self, server: LiveServer, mount: str) -> None:
        assert fetch(server, f"/{mount}/size", "POST", body=b"x" * 300_000).text == "300000"

    def test_body_over_the_sites_limit_is_refused(self, server: LiveServer, mount: str) -> None:
        # Only as far as the application reads it; Django has a limit of its own, below ours.
        status = fetch(server, f"/{mount}/size", "POST", body=b"x" * 21_000_000).status
        assert status == (400 if mount == "django" else 413)

    @pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume synchronous iterators:Warning")
    def test_streams_come_through(self, server: LiveServer, mount: str) -> None:
        assert fetch(server, f"/{mount}/stream").text == "ab"

    def test_head_has_no_body(self, server: LiveServer, mount: str) -> None:
        answer = fetch(server, f"/{mount}/show/x", "HEAD")
        assert (answer.status, answer.body) == (200, b"")
        if mount in ("flask", "starlette"):  # Django leaves the length to a middleware
            assert int(answer.headers["content-length"]) > 20

    def test_prefix_alone_leads_to_the_prefix_with_a_slash(self, server: LiveServer, mount: str) -> None:
        answer = fetch(server, f"/{mount}?a=b")
        assert (answer.status, answer.headers["location"]) == (308, f"/{mount}/?a=b")

    def test_what_it_does_not_know_is_its_own_404(self, server: LiveServer, mount: str) -> None:
        assert fetch(server, f"/{mount}/nowhere").status == 404


def test_route_of_the_site_beneath_the_prefix_comes_first(server: LiveServer) -> None:
    assert fetch(server, "/flask/new").text == "of the new site"


def test_several_cookies_are_set(server: LiveServer) -> None:
    answer = fetch(server, "/flask/cookies", headers={"cookie": "a=b; c=d"})
    assert json.loads(answer.body) == {"a": "b", "c": "d"}
    assert answer.headers.get_all("set-cookie") == ["one=1; Path=/", "two=2; Path=/"]


def test_failing_application_is_a_500_without_its_secrets(server: LiveServer) -> None:
    answer = fetch(server, "/starlette/fail")
    assert answer.status == 500
    assert b"secret" not in answer.body


def test_lifespan_state_and_background_work_of_an_asgi_application_hold() -> None:
    log: list[str] = []
    app = App()
    app.mount("/api", make_starlette(log))
    with Client(app) as client:
        assert log == ["up"]
        assert client.get("/api/show/x").json()["opened"] == "yes"
    assert log == ["up", "background", "down"]


def test_mount_at_the_root_answers_what_no_route_does() -> None:
    app = App()
    app.mount("/", make_flask())

    @app.get("/")
    async def home() -> str:
        return "home"

    with Client(app) as client:
        assert client.get("/").text == "home"
        assert client.get("/show/x").json()["root"] == ""


def test_two_mounts_in_one_place_stop_the_start() -> None:
    app = App()
    app.mount("/old", make_flask())
    app.mount("/old", make_starlette([]))
    with pytest.raises(RouteConflict, match="test_f006_foreign_apps"):
        app.freeze()


def test_what_shows_no_interface_is_refused_until_somebody_says_it() -> None:
    app = App()
    with pytest.raises(RouteError, match="neither as ASGI nor as WSGI"):
        app.mount("/x", lambda *anything: None)
    app.mount("/x", lambda *anything: None, interface="wsgi")


def test_bistro_app_is_mounted_as_any_other() -> None:
    inner, outer = App(defaults=False), App()
    outer.mount("/inner", inner)

    @inner.get("/there")
    async def there() -> str:
        return inner.url(there)

    with Client(outer) as client:
        assert client.get("/inner/there").text == "/there"


def test_mounts_are_listed(tmp_path: Path) -> None:
    from tests.cli.processes import run_command

    (tmp_path / "app.py").write_text(
        "from bistro import App\nfrom flask import Flask\napp = App()\napp.mount('/old', Flask('old'))\n"
    )
    assert "flask.app.Flask (WSGI)" in run_command(["routes"], tmp_path).stdout
