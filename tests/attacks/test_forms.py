"""Attacks with forms: other fields, odd names and charsets, many rows, hostile texts, forged steps."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC
from typing import Annotated, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Meta, Struct

from bistro import App, Html
from bistro.forms import Form, FormView, Widget, check, in_steps
from bistro.forms.receive import FormTaker
from bistro.forms.rows import Action, change_rows
from bistro.forms.sent import SentTree
from bistro.ground import MultiDict
from bistro.http import FormData, Upload
from bistro.testing import Client
from tests.timing import is_within

HTML = {"accept": "text/html"}


class Item(Struct):
    name: Annotated[str, Meta(min_length=1)]
    parts: list[Part] = []


class Part(Struct):
    code: str


class Account(Struct, kw_only=True):
    name: Annotated[str, Meta(min_length=1, max_length=50)]
    note: Annotated[str, Widget(kind="textarea")] = ""
    is_admin: bool = False


class SignUp(Struct, kw_only=True):
    """What visitors may send: `is_admin` of the account is not among it."""

    name: Annotated[str, Meta(min_length=1, max_length=50)]
    note: Annotated[str, Widget(kind="textarea")] = ""
    items: list[Item] = []

    @check("name")
    def is_plain(self) -> str | None:
        return "must be plain" if "<" in self.name else None


class One(Struct):
    name: Annotated[str, Meta(min_length=1)]


class Two(Struct):
    agreed: bool


@in_steps
class Steps(Struct):
    one: One
    two: Two


def make_client() -> Client:
    app = App()

    @app.get("/sign-up")
    async def show(form: FormView[SignUp]) -> Html:
        return Html(form.html)

    @app.post("/sign-up")
    async def take(form: Form[SignUp]) -> dict[str, Any]:
        account = Account(name=form.value.name, note=form.value.note)
        return {"is_admin": account.is_admin, "rows": len(form.value.items)}

    @app.get("/steps")
    async def show_steps(form: FormView[Steps]) -> Html:
        return Html(form.html)

    @app.post("/steps")
    async def take_steps(form: Form[Steps]) -> str:
        return "through"

    return Client(app)


SITE = make_client()


@pytest.fixture
def client() -> Client:
    return make_client()


@pytest.mark.parametrize(
    "name",
    ["is_admin", "account.is_admin", "__class__", "__init__", "name.__class__", "items.append", "kw_only", "items[0].__class__",
     "_action", "_step", "_csrf", "constructor.prototype.is_admin"],
)  # fmt: skip
def test_field_that_the_form_does_not_have_changes_nothing(client: Client, name: str) -> None:
    answer = client.post("/sign-up", data={"name": "Ann", name: "true"})
    assert answer.json() == {"is_admin": False, "rows": 0}


@pytest.mark.parametrize(
    "charset",
    [
        "utf-7",
        "utf-16",
        "rot13",
        "zlib",
        "unicode_escape",
        "idna",
        "latin-1",
        "x" * 5000,
        "utf-8; charset=utf-7",
    ],
)
def test_other_charsets_are_refused(client: Client, charset: str) -> None:
    headers = {"content-type": f"application/x-www-form-urlencoded; charset={charset}"}
    assert client.post("/sign-up", content=b"name=+ADw-script+AD4-", headers=headers).status in (400, 415)


@pytest.mark.parametrize(
    "content", [b"name=%ff", b"name=%c3%28", b"name=%ed%a0%80", b"name=%", b"%ff=a", b"name=\xff"]
)
def test_what_is_no_utf8_is_a_400(client: Client, content: bytes) -> None:
    headers = {"content-type": "application/x-www-form-urlencoded", **HTML}
    assert client.post("/sign-up", content=content, headers=headers).status == 400


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "</textarea><script>",
        "' onfocus='x",
        "\0<b>",
        "‮<i>",
    ],
)
def test_hostile_text_comes_back_as_text(client: Client, text: str) -> None:
    page = client.post(
        "/sign-up", data={"name": text, "note": text, "items[0].parts[0].code": text}, headers=HTML
    )
    assert page.status == 422
    for piece in ("<script", "<img", "<b>", "<i>", "onfocus='"):
        assert piece not in page.text


@pytest.mark.parametrize("index", [0, 9999])
def test_hostile_names_of_rows_never_reach_the_page(client: Client, index: int) -> None:
    name = f'items[{index}].x"><script>'
    page = client.post("/sign-up", data={"name": "<", name: "x", 'items["><script>].name': "y"}, headers=HTML)
    assert "<script" not in page.text


def test_rows_by_the_thousand_are_bounded(client: Client) -> None:
    fields = {f"items[{index}].name": "x" for index in range(999)}
    assert client.post("/sign-up", data={"name": "Ann", **fields}).json()["rows"] == 999
    fields["items[1000].name"] = "x"
    fields["one more"] = "x"
    assert client.post("/sign-up", data={"name": "Ann", **fields}).status == 413


def test_buttons_make_only_so_many_rows() -> None:
    fields = FormTaker(SignUp)._reader.fields  # type: ignore[union-attr]
    tree = SentTree()
    made = [change_rows(fields, tree, Action("add", "items")) for _ in range(300)]
    assert made.count(None) == 100


def names_of_rows(count: int) -> FormData:
    return FormData(MultiDict([(f"items[{index}].parts[{index}].code", "x") for index in range(count)]))


def names_in_depth(size: int) -> FormData:
    return FormData(MultiDict([("items[0]." * (size // 9), "x")]))


def long_brackets(size: int) -> FormData:
    return FormData(MultiDict([("items" + "[" * size, "x"), ("items[" + "1" * size + "].name", "x")]))


@pytest.mark.timed
@pytest.mark.parametrize("make", [names_in_depth, long_brackets])
def test_reading_names_is_linear(make: Callable[[int], FormData], assert_linear: Callable[..., None]) -> None:
    assert_linear(SentTree.of, make)


@pytest.mark.timed
def test_nested_rows_of_a_whole_form_take_little_time() -> None:
    data = names_of_rows(999)
    taker = FormTaker(SignUp)
    assert taker._reader is not None
    started = time.thread_time()
    tree = SentTree.of(data)
    taker._reader.read(tree, UTC)
    spent = time.thread_time() - started
    assert len(tree.rows("items")) == 999
    assert is_within(spent, 0.2)


@pytest.mark.parametrize("step", ["two", "one", "", "three", "two\0", "../two"])
def test_no_step_of_a_wizard_is_skipped(client: Client, step: str) -> None:
    answer = client.post("/steps", data={"_step": step, "two.agreed": "true"}, headers=HTML)
    assert answer.text != "through"


def test_hidden_field_of_an_earlier_step_is_checked_at_the_end(client: Client) -> None:
    sent = {"_step": "two", "one.name": "", "two.agreed": "true"}
    assert client.post("/steps", data=sent, headers=HTML).status == 422
    assert client.post("/steps", data={**sent, "one.name": "Ann"}).text == "through"


@pytest.mark.parametrize("header", ["name", "", "x" * 5000, "items[0].name", "\xff", "__class__"])
def test_question_of_a_script_never_calls_the_handler(client: Client, header: str) -> None:
    answer = client.post("/sign-up", data={"name": "Ann"}, headers={"x-form-validate": header})
    assert answer.status == 204


def test_page_that_is_shown_again_is_no_way_around_its_own_guards() -> None:
    from bistro.http import Forbidden

    def guard() -> None:
        raise Forbidden("not yours")

    app = App()

    @app.get("/x", before=[guard])
    async def show(form: FormView[One]) -> Html:
        return Html("secret" + form.html)

    @app.post("/x")
    async def take(form: Form[One]) -> str:
        return "taken"

    answer = Client(app).post("/x", data={}, headers=HTML)
    assert answer.status == 403
    assert "secret" not in answer.text


steps_of_names = st.sampled_from(
    [
        "items",
        "items[0]",
        "items[1]",
        "parts",
        "parts[0]",
        "name",
        "code",
        "note",
        "one",
        "two",
        "agreed",
        "_step",
        "_action",
        "",
    ]
)
sent_names = st.lists(steps_of_names, min_size=1, max_size=5).map(".".join)
sent_values = st.one_of(
    st.text(max_size=6),
    st.builds(
        "{}:{}".format,
        st.sampled_from(["add", "remove", "up", "down", "back", "search", "next", ""]),
        sent_names,
    ),
)


@settings(max_examples=150)
@given(
    st.sampled_from(["/sign-up", "/steps"]),
    st.dictionaries(sent_names, sent_values, max_size=8),
    sent_values,
    st.sampled_from([{}, HTML, {"x-form-validate": "name"}]),
)
def test_whatever_is_sent_is_an_answer(
    path: str, fields: dict[str, str], action: str, headers: dict[str, str]
) -> None:
    fields = {name: value.encode("utf-8", "ignore").decode() for name, value in fields.items()}
    sent = {**fields, "_action": action.encode("utf-8", "ignore").decode()}
    assert SITE.post(path, data=sent, headers=headers).status in (200, 204, 400, 422)


@given(st.sampled_from(["/sign-up", "/steps"]), st.binary(max_size=60))
def test_whatever_bytes_are_sent_is_an_answer(path: str, body: bytes) -> None:
    headers = {"content-type": "application/x-www-form-urlencoded", **HTML}
    assert SITE.post(path, content=body, headers=headers).status in (200, 400, 422)


@pytest.mark.parametrize(
    "accept",
    ["text/html;q=x", "text/html;;;", "a" * 9000, 'text/html;"', ",", "text/html\xff", "*/*;q=9", "\t"],
)
def test_malformed_accept_is_no_way_to_a_500(client: Client, accept: str) -> None:
    assert client.post("/sign-up", data={"name": ""}, headers={"accept": accept}).status in (400, 422, 431)


class WithFile(Struct, kw_only=True):
    name: str = ""
    photo: Upload | None = None


class Unshown(Struct):
    """No page can show it, but a program may send it."""

    tags: list[str] = []


@pytest.mark.parametrize(("kind", "status"), [(One, 413), (Unshown, 413), (WithFile, 200)])
def test_only_a_form_with_files_may_be_as_large_as_files_are(kind: Any, status: int) -> None:
    app = App(defaults=False)

    async def take(form: Any) -> str:
        return "taken"

    take.__annotations__ = {"form": Form[kind], "return": str}
    app.post("/")(take)
    part = b'--x\r\nContent-Disposition: form-data; name="photo"; filename="a.txt"\r\n\r\n'
    name = b'\r\n--x\r\nContent-Disposition: form-data; name="name"\r\n\r\nAnn\r\n--x--\r\n'
    body = part + b"x" * 3 * 1024 * 1024 + name
    with Client(app) as client:
        headers = {"content-type": "multipart/form-data; boundary=x"}
        assert client.post("/", content=body, headers=headers).status == status
