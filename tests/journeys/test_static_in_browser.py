"""Collected files and a front end in a real browser: every reference leads somewhere, nothing is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bistro import App, render
from bistro.plugins import Compression, Rendered, Rendering, Spa, Static
from bistro.plugins.static.collect import collect
from bistro.testing import LiveServer

pytestmark = pytest.mark.browser

PAGE = """<!doctype html><title>Menu</title>
<link rel="stylesheet" href="{{ static('css/site.css') }}"><h1>Menu</h1>
<script type="module" src="{{ static('js/app.js') }}"></script>"""
FILES = {
    "css/site.css": '@import "base.css"; h1 { background: url("../img/bowl.svg") }' + " a {}" * 500,
    "css/base.css": "h1 { color: rgb(1, 2, 3) }",
    "img/bowl.svg": "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'></svg>",
    "js/app.js": 'import { soup } from "./soup.js"; const { late } = await import("./late.js");'
    "document.title = soup() + late;",
    "js/soup.js": 'import "./app.js"; export const soup = () => "soup";',
    "js/late.js": 'export const late = " is served";',
}


@pytest.fixture
def page(browser: Any) -> Any:
    page = browser.new_page()
    page.answers = []
    page.faults = []
    page.on("response", lambda answer: page.answers.append(answer))
    page.on("console", lambda message: page.faults.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: page.faults.append(str(error)))
    return page


@pytest.fixture(autouse=True)
def production(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENV", "production")
    monkeypatch.setenv("ALLOWED_HOSTS", "127.0.0.1")


def write(folder: Path, files: dict[str, str]) -> None:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)


def test_a_browser_follows_every_hashed_reference_and_keeps_what_it_got(page: Any, tmp_path: Path) -> None:
    write(tmp_path / "static", FILES)
    static = Static(tmp_path / "static")
    app = App(static, Rendering(sources={"page.html": PAGE}), Compression())

    @app.get("/")
    async def menu() -> Rendered:
        return render("page.html")

    @app.get("/favicon.ico")
    async def icon() -> None:
        return None

    asked: list[str] = []
    app.observe(lambda request, status, seconds: asked.append(request.path))
    site = static.site(app.freeze().registered.static_folders)
    collect(site.sources, site.at, site.collected)
    with LiveServer(app) as server:
        page.goto(server.url + "/")
        page.wait_for_function("document.title === 'soup is served'")
        assert page.locator("h1").evaluate("element => getComputedStyle(element).color") == "rgb(1, 2, 3)"
        page.wait_for_load_state("networkidle")
        found = {answer.url.removeprefix(server.url): answer.status for answer in page.answers}
        assert set(found.values()) == {200}
        assert {path.partition("-")[0] for path in found if path.startswith("/static/")} == {
            f"/static/{name.partition('.')[0]}" for name in FILES
        }
        asked.clear()
        page.goto(server.url + "/")
        page.wait_for_function("document.title === 'soup is served'")
    assert [path for path in asked if path.startswith("/static/")] == []
    assert "/" in asked
    assert page.faults == []


def test_a_browser_navigates_in_a_front_end_and_reloads_anywhere(page: Any, tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "index.html": "<!doctype html><main></main><script type=module src=/assets/app-1a2b.js></script>",
            "assets/app-1a2b.js": "const show = () => document.querySelector('main').textContent = location.pathname;"
            "show(); window.go = path => { history.pushState({}, '', path); show() }",
        },
    )
    with LiveServer(App(Spa(tmp_path))) as server:
        page.goto(server.url + "/")
        page.evaluate("go('/orders/7')")
        assert page.inner_text("main") == "/orders/7"
        page.reload()
        assert page.inner_text("main") == "/orders/7"
        assert page.goto(server.url + "/assets/gone.js").status == 404
    assert [fault for fault in page.faults if "404" not in fault] == []
