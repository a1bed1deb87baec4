"""Pages and `render(…)` as answers."""

from __future__ import annotations

from pathlib import Path

import pytest

from bistro import App, Html, NotFound, Page, Request, Response, Setup, render
from bistro.app import PluginError
from bistro.cli.checks import run_checks
from bistro.ground import ConflictError
from bistro.plugins import Rendered, Rendering, TemplateFolderError
from bistro.templates import PageError, TemplateNotFound, UndefinedName, maker
from bistro.testing import Client

BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


def app_with(**sources: str) -> App:
    return App(Rendering(sources={f"{name}.html": text for name, text in sources.items()}))


def test_rendered_template_is_html_with_its_values_escaped() -> None:
    app = app_with(note="<h1>{{ title }}</h1>")

    @app.get("/")
    async def show() -> Rendered:
        return render("note.html", title="<script>")

    answer = Client(app).get("/")
    assert (answer.status, answer.text) == (200, "<h1>&lt;script&gt;</h1>")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"


@pytest.mark.parametrize("plans", ["written", "interpreted"])
@pytest.mark.parametrize("hint", [Rendered, Response, Html, None])
def test_any_return_annotation_does(plans: str, hint: object) -> None:
    app = App(Rendering(sources={"a.html": "{{ request.path }}"}), plans=plans)  # type: ignore[arg-type]

    def show(id: int) -> object:
        return render("a.html")

    show.__annotations__["return"] = hint
    if hint is None:
        del show.__annotations__["return"]
    app.get("/{id:int}")(show)
    assert Client(app).get("/7").text == "/7"


def test_page_is_rendered_from_its_fields() -> None:
    app = app_with(note="{{ title }}: {{ count + 1 }}")

    class NotePage(Page, template="note.html"):
        title: str
        count: int = 0

    @app.get("/")
    def show() -> NotePage:
        return NotePage("Milk")

    @app.get("/unannotated")
    async def unannotated():
        return NotePage("Milk", 4)

    client = Client(app)
    assert (client.get("/").text, client.get("/unannotated").text) == ("Milk: 1", "Milk: 5")


def test_page_may_be_given_a_status_and_headers() -> None:
    app = app_with(note="{{ title }}")

    class NotePage(Page, template="note.html"):
        title: str

    @app.get("/")
    async def show() -> Rendered:
        return render(NotePage("Milk"), status=404, headers={"x-shop": "closed"})

    answer = Client(app).get("/")
    assert (answer.status, answer.text, answer.headers["x-shop"]) == (404, "Milk", "closed")


def test_hooks_and_error_hooks_may_answer_with_pages() -> None:
    app = app_with(closed="closed {{ request.path }}", lost="no {{ what }}", slow="replaced")

    @app.before
    def close(request: Request) -> object:
        return render("closed.html", status=503) if request.path == "/closed" else None

    @app.on_error(NotFound)
    def lost(error: NotFound) -> object:
        return render("lost.html", what=error.detail, status=404)

    @app.after
    async def replace(request: Request, response: Response) -> object:
        return render("slow.html") if request.path == "/replaced" else None

    @app.get("/{name}")
    async def show(name: str) -> str:
        raise NotFound("cake")

    client = Client(app)
    assert (client.get("/closed").status, client.get("/closed").text) == (503, "closed /closed")
    assert (client.get("/x").status, client.get("/x").text) == (404, "no cake")
    assert client.get("/replaced").text == "replaced"


def test_page_from_an_error_hook_has_the_status_of_the_error() -> None:
    app = app_with(lost="lost")

    class LostPage(Page, template="lost.html"):
        pass

    @app.on_error(NotFound)
    async def lost() -> LostPage:
        return LostPage()

    assert Client(app).get("/nowhere").status == 404


def test_cookies_set_on_a_rendered_answer_are_sent() -> None:
    app = app_with(a="a")

    @app.get("/")
    async def show() -> Rendered:
        answer = render("a.html")
        answer.set_cookie("seen", "1")
        return answer

    assert "seen=1" in Client(app).get("/").headers["set-cookie"]


def test_after_hook_sees_the_body_and_may_return_the_same_answer() -> None:
    app = app_with(a="body")
    seen: list[bytes] = []

    @app.after
    def look(response: Response) -> Response:
        seen.append(response.body)
        return response

    @app.get("/")
    async def show() -> Rendered:
        return render("a.html")

    assert (Client(app).get("/").text, seen) == ("body", [b"body"])


def test_url_leads_to_handlers_by_name_and_now_is_the_time() -> None:
    app = app_with(a="{{ url('show', id=3) }} {{ now.tzinfo }}")

    @app.get("/notes/{id:int}")
    async def show(id: int) -> Rendered:
        return render("a.html")

    assert Client(app).get("/notes/1").text == "/notes/3 UTC"


def test_templates_stand_beside_the_file_of_the_app(tmp_path: Path) -> None:
    (tmp_path / "templates" / "notes").mkdir(parents=True)
    (tmp_path / "templates" / "notes" / "show.html").write_text("from a file")
    source = (
        "from bistro import App, render\napp = App()\n"
        "@app.get('/')\nasync def show(): return render('notes/show.html')\n"
    )
    names: dict[str, App] = {}
    exec(compile(source, str(tmp_path / "app.py"), "exec"), names)
    assert Client(names["app"]).get("/").text == "from a file"


def test_folder_that_was_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(TemplateFolderError, match=r"there is no folder .*pagess"):
        App(Rendering(tmp_path / "pagess")).freeze()


def test_site_overrides_the_templates_of_plugins(tmp_path: Path) -> None:
    for place, names in (("plugin", "ab"), ("site", "b"), ("extra", "c")):
        (tmp_path / place).mkdir()
        for name in names:
            (tmp_path / place / f"{name}.html").write_text(f"{name} of {place}")

    class Shop:
        def install(self, setup: Setup) -> None:
            setup.templates(tmp_path / "plugin")

    app = App(Shop(), Rendering(tmp_path / "site"))
    app.templates(tmp_path / "extra")

    @app.get("/{name}")
    async def show(name: str) -> Rendered:
        return render(f"{name}.html")

    client = Client(app)
    texts = [client.get(f"/{name}").text for name in "abc"]
    assert texts == ["a of plugin", "b of site", "c of extra"]


def test_missing_template_says_where_it_was_looked_for() -> None:
    app = app_with(note="x")

    @app.get("/")
    async def show() -> Rendered:
        return render("nota.html")

    with pytest.raises(TemplateNotFound, match=r"there is no template nota.html\nDid you mean note.html\?"):
        Client(app).get("/")


def test_name_without_a_value_is_an_error() -> None:
    app = app_with(note="{{ titel }}")

    @app.get("/")
    async def show() -> Rendered:
        return render("note.html", title="x")

    with pytest.raises(UndefinedName, match="'titel' is undefined"):
        Client(app).get("/")


def test_blank_prints_nothing_for_it_and_logs_it(caplog: pytest.LogCaptureFixture) -> None:
    app = App(Rendering(sources={"a.html": "[{{ titel }}]"}, undefined="blank"))

    @app.get("/")
    async def show() -> Rendered:
        return render("a.html")

    assert Client(app).get("/").text == "[]"
    assert "titel" in caplog.text


def test_page_without_a_template_is_an_error() -> None:
    app = App()

    class Lonely(Page):
        pass

    @app.get("/")
    async def show() -> Lonely:
        return Lonely()

    with pytest.raises(PageError, match="the page Lonely has no template"):
        Client(app).get("/")


def test_two_globals_of_one_name_stop_the_start_with_both_places() -> None:
    app = App()
    app.template_global("shop")(lambda: "a")
    app.template_function("shop")(lambda: "b")
    with pytest.raises(ConflictError, match="two claims of template global 'shop'"):
        app.freeze()


def test_two_parts_that_answer_one_type_stop_the_start() -> None:
    class Other:
        def install(self, setup: Setup) -> None:
            setup.answer(Page, lambda page, request: Html("x"))

    with pytest.raises(PluginError, match="two parts answer results of type Page"):
        App(Other()).freeze()


def test_check_leaves_compiled_what_the_next_start_serves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BISTRO_CACHE", str(tmp_path / "kept"))
    (tmp_path / "kept.html").write_text("{{ title }}")

    class Kept(Page, template="kept.html"):
        title: str

    def app() -> App:
        made = App(Rendering(tmp_path))

        @made.get("/")
        async def show() -> Kept:
            return Kept("a")

        return made

    checked = app()
    assert [each for each in run_checks(checked, checked.freeze()) if each.id.startswith("templates")] == []
    monkeypatch.setattr(maker, "compile_program", lambda *_, **__: pytest.fail("it was compiled again"))
    assert Client(app()).get("/").text == "a"
