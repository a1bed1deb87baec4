"""Forms in a real browser, with and without JavaScript: fail, mend, submit, upload, message, and axe-core."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from msgspec import Meta, Struct

from bistro import App, Html, Redirect, Upload, escape
from bistro.forms import FormView, Widget
from bistro.ground import make_secret_key
from bistro.http import FormData
from bistro.plugins import Flashes, FlashMessages, MemorySessions, PrivateFiles, Sessions, StoredFiles
from bistro.storage import DiskStorage
from bistro.testing import LiveServer
from tests.browsers import find_faults

pytestmark = pytest.mark.browser


class Note(Struct, kw_only=True):
    title: Annotated[str, Meta(min_length=1, max_length=20), Widget(help="In a few words")]
    body: Annotated[str, Widget(kind="textarea")] = ""
    stars: Annotated[int, Meta(ge=1, le=5)] = 3
    colour: Literal["red", "blue"] = "red"
    size: Annotated[Literal["small", "large"], Widget(kind="radio")]
    tags: list[Literal["home", "work"]] = []
    is_public: bool = False


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> App:
    monkeypatch.setenv("ENV", "development")
    monkeypatch.setenv("SECRET_KEY", make_secret_key())
    app = App(Sessions(MemorySessions()), FlashMessages(), PrivateFiles(DiskStorage(tmp_path / "kept")))

    def page(title: str, content: str, status: int = 200) -> Html:
        text = f"<h1>{title}</h1>{content}"
        return Html(
            f'<!doctype html><html lang="en"><head><title>{title}</title></head>'
            f"<body><main>{text}</main></body></html>",
            status=status,
        )

    def form_page(form: FormView[Note]) -> Html:
        return page(
            "New note",
            f'<form method="post" novalidate>{form.html}<button>Save</button></form>',
            form.status,
        )

    @app.get("/new")
    async def new() -> Html:
        return form_page(FormView(Note))

    @app.post("/new")
    async def create(data: FormData, flashes: Flashes) -> Html | Redirect:
        form = FormView.read(Note, data.fields)
        if form.value is None:
            return form_page(form)
        flashes.add(f"Saved {form.value.title}, {form.value.size}, {form.value.tags}", "success")
        return Redirect("/notes", status=303)

    @app.get("/notes")
    async def notes(flashes: Flashes) -> Html:
        return page("Notes", "".join(f'<p role="status">{escape(each.text)}</p>' for each in flashes))

    @app.get("/upload")
    async def show_upload() -> Html:
        return page(
            "Upload",
            '<form method="post" enctype="multipart/form-data"><label for="f">File</label>'
            '<input type="file" id="f" name="file"><button>Send</button></form>',
        )

    @app.post("/upload")
    async def upload(file: Upload, files: StoredFiles) -> Html:
        return page("Sent", f'<a href="{files.url_for(await files.save(file))}">Your file</a>')

    return app


@pytest.fixture(params=[True, False], ids=["with-javascript", "without-javascript"])
def page(browser: Any, request: pytest.FixtureRequest) -> Any:
    context = browser.new_context(java_script_enabled=request.param)
    page: Any = context.new_page()  # which takes the list of what its console says
    page.faults = []
    page.on("console", lambda said: page.faults.append(said.text))
    return page


def policy_faults(page: Any) -> list[str]:
    return [text for text in page.faults if "Content Security Policy" in text]


def test_form_that_failed_is_mended_and_sent(page: Any, live_server: LiveServer) -> None:
    page.goto(live_server.url + "/new")
    page.get_by_label("Body").fill("kept")
    page.get_by_label("Stars").fill("9")
    page.get_by_label("Large").check()
    page.get_by_label("Work").check()
    page.get_by_role("button", name="Save").click()
    assert page.get_by_role("alert").get_by_role("link").all_inner_texts()[0].startswith("Title:")
    assert page.get_by_label("Body").input_value() == "kept"
    assert page.get_by_label("Stars").get_attribute("aria-invalid") == "true"
    page.get_by_label("Title").fill("Milk")
    page.get_by_label("Stars").fill("5")
    page.get_by_role("button", name="Save").click()
    assert page.url.endswith("/notes")
    assert page.get_by_role("status").inner_text() == "Saved Milk, large, ['work']"
    page.reload()
    assert page.get_by_role("status").count() == 0
    assert policy_faults(page) == []


def test_summary_has_the_focus_when_the_page_opens_again(page: Any, live_server: LiveServer) -> None:
    page.goto(live_server.url + "/new")
    page.get_by_role("button", name="Save").click()
    assert page.locator(":focus").get_attribute("class") == "error-summary"
    page.get_by_role("alert").get_by_role("link", name="Title").first.click()
    assert page.url.endswith("#f-title")


def test_file_is_sent_and_fetched_again(page: Any, live_server: LiveServer, tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text("<script>document.title = 'run'</script>")
    page.goto(live_server.url + "/upload")
    page.get_by_label("File").set_input_files(tmp_path / "a.html")
    page.get_by_role("button", name="Send").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Your file").click()
    assert Path(download.value.path()).read_text() == "<script>document.title = 'run'</script>"


@pytest.mark.parametrize("state", ["empty", "failed"])
def test_axe_finds_no_violation(live_server: LiveServer, browser: Any, state: str) -> None:
    page = browser.new_page()
    page.goto(live_server.url + "/new")
    if state == "failed":
        page.get_by_role("button", name="Save").click()
    assert find_faults(page, options="") == []
