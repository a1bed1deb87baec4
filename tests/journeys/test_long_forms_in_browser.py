"""Rows, wizards, files and live checks in a real browser, with and without JavaScript, and axe-core."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from msgspec import Meta, Struct

from bistro import App, Page, Redirect, Upload
from bistro.forms import FileCheck, Form, FormView, Widget, check, in_steps
from bistro.ground import make_secret_key
from bistro.plugins import (
    Flashes,
    FlashMessages,
    LiveForms,
    MemorySessions,
    PrivateFiles,
    Rendering,
    Sessions,
    StoredFiles,
)
from bistro.storage import DiskStorage
from bistro.testing import LiveServer
from tests.browsers import find_faults, open_browser

pytestmark = pytest.mark.browser
TEMPLATES = {
    "form.html": """<!doctype html>
<html lang="en"><head><title>{{ title }}</title>{{ live_forms() }}</head>
<body><main><h1>{{ title }}</h1>
{% for each in flashes %}<p role="status">{{ each.text }}</p>{% endfor %}
<form method="post" data-live novalidate enctype="{{ form.enctype }}">{{ form.html }}
<button>{% if form.is_last_step %}Send{% else %}Next{% endif %}</button></form>
</main></body></html>""",
    "done.html": """<!doctype html>
<html lang="en"><head><title>Done</title></head><body><main><h1>Done</h1>
{% for each in flashes %}<p role="status">{{ each.text }}</p>{% endfor %}
</main></body></html>""",
}


class FormPage(Page, template="form.html"):
    title: str
    form: FormView[Any]


class DonePage(Page, template="done.html"):
    pass


class Books:
    rows = tuple((str(number), f"Book {number}") for number in range(500))

    async def find_choices(self, text: str, limit: int) -> Sequence[tuple[str, str]]:
        return [row for row in self.rows if text in row[1]][:limit]

    async def get_choices(self, values: Sequence[str]) -> Sequence[tuple[str, str]]:
        return [row for row in self.rows if row[0] in values]


class Line(Struct):
    name: Annotated[str, Meta(min_length=1)]
    count: Annotated[int, Meta(ge=1)] = 1


class Order(Struct, kw_only=True):
    title: Annotated[str, Meta(min_length=1, max_length=20), Widget(help="In a few words")]
    lines: Annotated[list[Line], Meta(min_length=1), Widget(label="Line", help="What you want")]
    book: Annotated[int, Books()]
    size: Annotated[Literal["small", "large"], Widget(kind="radio")]
    tags: list[Literal["home", "work"]] = []

    @check("title", code="taken")
    async def title_is_free(self) -> str | None:
        return "is taken" if self.title == "Milk" else None


class Person(Struct):
    name: Annotated[str, Meta(min_length=1)]


class Scan(Struct):
    file: Annotated[Upload, FileCheck(types=("application/pdf",), size_max=1000)]


@in_steps
class Application(Struct):
    person: Person
    scan: Scan


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> App:
    monkeypatch.setenv("ENV", "development")
    monkeypatch.setenv("SECRET_KEY", make_secret_key())
    app = App(
        Rendering(sources=TEMPLATES), LiveForms(), Sessions(MemorySessions()), FlashMessages(),
        PrivateFiles(DiskStorage(tmp_path / "kept")),
    )  # fmt: skip

    @app.get("/order")
    async def show_order(form: FormView[Order]) -> FormPage:
        return FormPage("Order", form)

    @app.post("/order")
    async def take_order(form: Form[Order], flashes: Flashes) -> Redirect:
        order = form.value
        lines = ", ".join(f"{each.count} {each.name}" for each in order.lines)
        flashes.add(f"{order.title}: {lines}; book {order.book}")
        return Redirect("/done", status=303)

    @app.get("/apply")
    async def show_application(form: FormView[Application]) -> FormPage:
        return FormPage("Apply", form)

    @app.post("/apply")
    async def take_application(form: Form[Application], files: StoredFiles, flashes: Flashes) -> Redirect:
        await files.save(form.value.scan.file)
        flashes.add(f"Thank you, {form.value.person.name}: {form.value.scan.file.file_name}")
        return Redirect("/done", status=303)

    @app.get("/done")
    async def done() -> DonePage:
        return DonePage()

    return app


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Any]:
    with open_browser(chromium) as made:
        yield made


@pytest.fixture(params=[True, False], ids=["with-javascript", "without-javascript"])
def page(browser: Any, request: pytest.FixtureRequest) -> Iterator[Any]:
    yield from open_page(browser, request.param)


@pytest.fixture
def live_page(browser: Any) -> Iterator[Any]:
    yield from open_page(browser, True)


def open_page(browser: Any, has_scripts: bool) -> Iterator[Any]:
    context = browser.new_context(java_script_enabled=has_scripts)
    page: Any = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(f"Content Security Policy? {error}"))
    yield page
    context.close()
    assert [text for text in said if "Content Security Policy" in text] == []


def press(page: Any, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def test_rows_are_added_moved_and_removed_and_the_form_is_sent(page: Any, live_server: LiveServer) -> None:
    page.goto(live_server.url + "/order")
    page.get_by_label("Title").fill("Tea")
    page.get_by_label("Name").fill("cups")
    press(page, "Add to Line")
    assert page.locator(":focus").get_attribute("name") == "lines[1].name"
    page.keyboard.type("pots")
    page.get_by_label("Count").nth(1).fill("2")
    press(page, "Move Line 2 up")
    assert page.get_by_label("Name").first.input_value() == "pots"
    press(page, "Remove Line 2")
    assert page.get_by_label("Name").count() == 1
    page.get_by_label("Book", exact=True).select_option("3")
    page.get_by_label("Small").check()
    press(page, "Send")
    assert page.get_by_role("status").inner_text() == "Tea: 2 pots; book 3"


def test_enter_sends_the_form_and_presses_no_button_of_a_row(page: Any, live_server: LiveServer) -> None:
    page.goto(live_server.url + "/order")
    page.get_by_label("Name").fill("cups")
    page.get_by_label("Name").press("Enter")
    page.wait_for_selector(".error-summary")
    assert page.get_by_label("Name").input_value() == "cups"
    links = page.get_by_role("alert").first.get_by_role("link").all_inner_texts()
    assert [each.partition(":")[0] for each in links] == ["Title", "Book", "Size"]


def test_wizard_keeps_what_was_filled_in_and_takes_a_file_at_the_end(
    page: Any, live_server: LiveServer, tmp_path: Path
) -> None:
    (tmp_path / "cv.pdf").write_bytes(b"%PDF-1.7\n")
    (tmp_path / "cv.exe").write_bytes(b"MZ\x90\0")
    page.goto(live_server.url + "/apply")
    press(page, "Next")
    assert page.get_by_role("alert").inner_text().endswith("is required")
    page.get_by_label("Name").fill("Ann")
    press(page, "Next")
    press(page, "Back")
    assert page.get_by_label("Name").input_value() == "Ann"
    press(page, "Next")
    page.get_by_label("File").set_input_files(tmp_path / "cv.exe")
    press(page, "Send")
    assert "must be a PDF" in page.get_by_role("alert").inner_text()
    page.get_by_label("File").set_input_files(tmp_path / "cv.pdf")
    press(page, "Send")
    assert page.get_by_role("status").inner_text() == "Thank you, Ann: cv.pdf"


def test_field_tells_what_is_wrong_when_it_was_left(live_page: Any, live_server: LiveServer) -> None:
    page = live_page
    page.goto(live_server.url + "/order")
    title = page.get_by_label("Title")
    title.fill("Milk")
    title.press("Tab")
    page.wait_for_selector("#f-title-error")
    assert page.locator("#f-title-error").inner_text() == "is taken"
    assert title.get_attribute("aria-invalid") == "true"
    assert title.get_attribute("aria-describedby") == "f-title-help f-title-error"
    title.fill("Tea")
    title.press("Tab")
    page.wait_for_selector("#f-title-error", state="detached")
    assert title.get_attribute("aria-invalid") is None
    assert title.get_attribute("aria-describedby") == "f-title-help"


def test_choices_are_looked_for_while_somebody_types(live_page: Any, live_server: LiveServer) -> None:
    page = live_page
    page.goto(live_server.url + "/order")
    page.get_by_role("searchbox", name="Search Book").fill("499")
    page.wait_for_selector("#f-book option[value='499']", state="attached")
    page.get_by_label("Book", exact=True).select_option("499")
    assert page.url.endswith("/order")


def test_choices_are_looked_for_without_a_script(browser: Any, live_server: LiveServer) -> None:
    for page in open_page(browser, False):
        page.goto(live_server.url + "/order")
        page.get_by_label("Title").fill("kept")
        page.get_by_role("searchbox", name="Search Book").fill("499")
        press(page, "Search Book")
        page.get_by_label("Book", exact=True).select_option("499")
        assert page.get_by_label("Title").input_value() == "kept"


@pytest.mark.parametrize(
    ("path", "button"),
    [("/order", ""), ("/order", "Send"), ("/order", "Add to Line"), ("/apply", ""), ("/apply", "Next")],
)
def test_axe_finds_no_violation(live_page: Any, live_server: LiveServer, path: str, button: str) -> None:
    page = live_page
    page.goto(live_server.url + path)
    if button:
        press(page, button)
    assert find_faults(page, options="") == []
