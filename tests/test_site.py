from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bistro import App
from bistro.ground.errors import SetupError
from bistro.plugins import (
    Csrf,
    DebugPage,
    ErrorPages,
    Health,
    HostCheck,
    Rendering,
    RequestLog,
    SecurityHeaders,
    Static,
)
from bistro.testing import Client

HTML = {"accept": "text/html"}


def kinds(app: App) -> list[type]:
    return [type(plugin) for plugin in app.plugins]


def test_app_comes_with_the_parts_that_every_site_needs() -> None:
    assert kinds(App()) == [
        RequestLog,
        HostCheck,
        SecurityHeaders,
        ErrorPages,
        Csrf,
        Rendering,
        Static,
        Health,
    ]


def test_app_without_defaults_has_none() -> None:
    assert App(defaults=False).plugins == ()
    assert App(defaults=False).freeze().routes == ()


def test_plugin_that_is_given_takes_the_place_of_the_default() -> None:
    own = HostCheck(["example.com"])
    app = App(own)
    assert kinds(app) == kinds(App())
    assert own in app.plugins


def test_other_plugins_come_behind_the_defaults() -> None:
    class Extra:
        requires = ()

        def install(self, setup: object) -> None:
            """Nothing to add."""

    assert kinds(App(Extra())) == [*kinds(App()), Extra]


def test_five_line_app_answers_with_everything_on() -> None:
    app = App()

    @app.get("/")
    async def hello() -> str:
        return "Hello from Bistro"

    with Client(app) as client:
        response = client.get("/")
    assert response.text == "Hello from Bistro"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert len(response.headers["x-request-id"]) == 24


def test_development_shows_the_debug_page_with_the_routes_of_the_site(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ENV", "development")
    app = App()

    @app.get("/notes")
    async def notes() -> str:
        return "notes"

    assert DebugPage in kinds(app)
    assert "/notes" in Client(app).get("/note", headers=HTML).text.partition("Routes of this site")[0]


@pytest.mark.parametrize("environment", [None, "production", "testing"])
def test_debug_page_is_in_development_only(environment: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENV", environment or "")
    assert DebugPage not in kinds(App())


def test_debug_in_production_keeps_the_app_from_starting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENV", "production")
    monkeypatch.setenv("ALLOWED_HOSTS", "example.com")
    monkeypatch.setenv("DEBUG", "1")
    with pytest.raises(SetupError, match="debug page"):
        App().freeze()


def test_production_without_hosts_keeps_the_app_from_starting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENV", "production")
    with pytest.raises(SetupError, match="ALLOWED_HOSTS"):
        App().freeze()


def test_site_of_which_nothing_is_known_answers_on_this_machine_only() -> None:
    client = Client(App())
    assert client.get("/livez").status == 200
    assert client.get("/", headers={"host": "example.com"}).status == 421
    assert client.get("/", headers={"host": "localhost"}).status == 404


def test_folder_static_beside_the_file_of_the_app_is_served(tmp_path: Path) -> None:
    (tmp_path / "static").mkdir()
    (tmp_path / "static" / "site.css").write_text("body {}")
    code = compile("from bistro import App\napp = App()\n", str(tmp_path / "app.py"), "exec")
    scope: dict[str, App] = {}
    exec(code, {"__name__": "app"}, scope)
    assert Static in kinds(scope["app"])
    assert Client(scope["app"]).get("/static/site.css").text == "body {}"


def test_readiness_asks_every_plugin_that_has_a_check() -> None:
    class Database:
        requires = ()

        def install(self, setup: object) -> None:
            """Nothing to add."""

        async def check_ready(self) -> None:
            raise ConnectionError

    response = Client(App(Database())).get("/readyz")
    assert (response.status, response.json()["checks"]) == (503, {"Database": "failed"})
    own = Client(App(Database(), Health(timeout_seconds=1)))
    assert own.get("/readyz").json()["checks"] == {"Database": "failed"}


def test_written_and_interpreted_plans_give_the_same_answers() -> None:
    answers = []
    for plans in ("written", "interpreted"):
        app = App(plans=plans)  # type: ignore[arg-type]

        @app.get("/")
        async def hello() -> dict[str, int]:
            return {"a": 1}

        client = Client(app, headers={"x-request-id": "same"})
        answers.append(
            [
                (response.status, response.headers.multi_items(), response.content)
                for path in ("/", "/nowhere", "/livez", "/readyz")
                for response in [client.get(path)]
            ]
        )
    assert answers[0] == answers[1]


def test_debug_page_is_not_even_loaded_outside_of_development() -> None:
    program = "import sys, bistro, json; bistro.App(); print(json.dumps('bistro.plugins.debug_page' in sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) is False
