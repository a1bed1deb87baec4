"""F194: static front end (SPA) served with fallback."""

from __future__ import annotations

from pathlib import Path

from bistro import App
from bistro.plugins import Spa
from bistro.testing import LiveServer
from tests.features.support import fetch

BROWSER = {"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


def test_f194_paths_of_the_front_end_get_its_page_and_all_others_do_not(tmp_path: Path) -> None:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<div id=app></div>")
    (tmp_path / "assets" / "app-1a2b3c.js").write_text("render()")
    app = App(Spa(tmp_path))

    @app.get("/api/menu")
    async def menu() -> list[str]:
        return ["soup"]

    with LiveServer(app) as server:
        for path in ("/", "/orders", "/orders/7/edit"):
            page = fetch(server, path, headers=BROWSER)
            assert (page.status, page.text) == (200, "<div id=app></div>")
            assert page.headers["cache-control"] == "no-cache"
        script = fetch(server, "/assets/app-1a2b3c.js")
        assert (script.text, "immutable" in script.headers["cache-control"]) == ("render()", True)
        assert fetch(server, "/assets/gone.js", headers=BROWSER).status == 404
        assert fetch(server, "/api/menu").text == '["soup"]'
        assert fetch(server, "/api/nothing", headers=BROWSER).status == 404
        assert fetch(server, "/orders", headers={"accept": "application/json"}).status == 404
