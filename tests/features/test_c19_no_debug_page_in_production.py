"""C19: the debug page is never on in production (the sample secret is checked where secrets are used)."""

from __future__ import annotations

import pytest

from bistro import App
from bistro.ground.errors import SetupError
from bistro.plugins import DebugPage
from bistro.testing import Client


def answer_of(app: App) -> str:
    @app.get("/broken")
    async def broken() -> str:
        raise RuntimeError("hunter2")

    client = Client(app, raise_server_errors=False)
    return (
        client.get("/broken", headers={"accept": "text/html", "host": "example.com"}).text
        + client.get("/broken").text
    )


def test_c19_production_tells_nothing_of_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENV", "production")
    monkeypatch.setenv("ALLOWED_HOSTS", "example.com")
    text = answer_of(App())
    assert "hunter2" not in text
    assert "Traceback" not in text
    assert "Something went wrong" in text


@pytest.mark.parametrize("variable", ["DEBUG", "plugin"])
def test_c19_asking_for_it_in_production_stops_the_start(
    variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENV", "production")
    monkeypatch.setenv("ALLOWED_HOSTS", "example.com")
    if variable == "DEBUG":
        monkeypatch.setenv("DEBUG", "true")
    with pytest.raises(SetupError, match="debug page"):
        App(*([DebugPage()] if variable == "plugin" else [])).freeze()
