"""What a parameter's type asks for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Annotated, TypedDict
from uuid import UUID

import msgspec
import pytest

from bistro import (
    App,
    Background,
    Body,
    Cookie,
    From,
    Header,
    NotFound,
    Query,
    Request,
    Response,
    Routes,
    Text,
    Upload,
)
from bistro.app import BaseApp, HookError, InjectionError, Setup, SetupErrors
from bistro.app.options import Plans
from bistro.db import Database as OpenDatabase
from bistro.forms import Form, FormView
from bistro.ground.types import Exchange
from bistro.http import FormData
from bistro.plugins import Database, Flashes, Mailer, Session, SessionData, StoredFiles
from bistro.plugins.accounts import User
from bistro.testing import Client


class Reader:
    """What a provider makes."""

    def __init__(self, page: int) -> None:
        self.page = page


class Colour(Enum):
    """A choice."""

    RED = "red"


class Filters(msgspec.Struct):
    """Several query fields as one value."""

    page: int = 1
    tags: list[str] = []


class Item(msgspec.Struct):
    """A body."""

    name: str
    price: float


@dataclass
class Point:
    """A body as a dataclass."""

    x: int
    y: int = 0


class Row(TypedDict):
    """A body as a typed dictionary."""

    key: str


class Service:
    """Something that is provided."""


class Unknown:
    """Something that nobody provides."""


def client_for(handler: object, path: str = "/", method: str = "GET", **options: object) -> Client:
    app = App(defaults=False)
    app.route(method, path, blocking=False, **options)(handler)  # type: ignore[arg-type, call-arg]
    return Client(app)


def test_path_values_come_converted_and_others_from_the_query() -> None:
    def show(id: int, when: date, key: UUID, page: int = 1) -> dict[str, object]:
        return {"id": id, "when": when, "key": key, "page": page}

    client = client_for(show, "/{id:int}/{when:date}/{key:uuid}")
    key = "12345678-1234-5678-1234-567812345678"
    answer = client.get(f"/7/2026-11-22/{key}?page=3").json()
    assert answer == {"id": 7, "when": "2026-11-22", "key": key, "page": 3}


def test_an_untyped_path_value_is_converted_to_the_parameters_type_or_is_a_404() -> None:
    def show(id: int) -> dict[str, object]:
        return {"id": id}

    client = client_for(show, "/{id}")
    assert client.get("/7").json() == {"id": 7}
    assert client.get("/seven").status == 404


def test_query_fields_of_every_scalar_kind() -> None:
    def show(
        text: str,
        number: float,
        flag: bool,
        colour: Colour,
        when: date | None,
        many: list[int],
        absent: int | None = None,
    ) -> dict[str, object]:
        return {"all": [text, number, flag, colour, when, many, absent]}

    answer = client_for(show).get("/?text=a%20b&number=1.5&flag=true&colour=red&when=&many=1&many=2")
    assert answer.json() == {"all": ["a b", 1.5, True, "red", None, [1, 2], None]}


def test_a_struct_of_query_fields() -> None:
    def show(filters: Query[Filters]) -> Filters:
        return filters

    assert client_for(show).get("/?page=2&tags=a&tags=b").json() == {"page": 2, "tags": ["a", "b"]}


def test_headers_and_cookies_by_marker_and_by_name() -> None:
    def show(
        user_agent: Header[str],
        theme: Cookie[str] = "light",
        token: Annotated[str, From("header", "X-Token")] = "",
    ) -> dict[str, str]:
        return {"agent": user_agent, "theme": theme, "token": token}

    client = client_for(show)
    answer = client.get("/", headers={"user-agent": "me", "x-token": "t"}, cookies={"theme": "dark"})
    assert answer.json() == {"agent": "me", "theme": "dark", "token": "t"}


def test_a_constraint_beside_a_marker_is_checked() -> None:
    def show(page: Annotated[Query[int], msgspec.Meta(ge=1)]) -> int:
        return page

    client = client_for(show)
    assert client.get("/?page=1").status == 200
    assert client.get("/?page=0").status == 422


@pytest.mark.parametrize("kind", [Item, Point, Row, dict, list[Point], Annotated[Item | None, From("body")]])
def test_a_type_with_fields_is_the_json_body(kind: object) -> None:
    bodies = {
        Item: {"name": "a", "price": 1.0},
        Point: {"x": 1, "y": 0},
        Row: {"key": "k"},
        dict: {"free": True},
    }
    body = [{"x": 1, "y": 2}] if kind == list[Point] else bodies.get(kind, {"name": "a", "price": 1.0})  # type: ignore[arg-type]

    def create(item):
        return item

    create.__annotations__ = {"item": kind}
    assert client_for(create, method="POST").post("/", json=body).json() == body


def test_a_body_of_a_simple_type_needs_the_marker() -> None:
    def create(number: Body[int]) -> dict[str, int]:
        return {"number": number}

    assert client_for(create, method="POST").post("/", json=5).json() == {"number": 5}


def test_every_problem_of_query_and_body_is_told_at_once() -> None:
    def create(item: Item, page: int, size: int = 1) -> None:
        return None

    response = client_for(create, method="POST").post("/?size=x", json={"name": 5})
    assert response.status == 422
    found = {(each["place"], each["path"], each["code"]) for each in response.json()["errors"]}
    assert found == {
        ("body", "name", "type"),
        ("body", "price", "missing"),
        ("query", "page", "missing"),
        ("query", "size", "type"),
    }


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""]
)
def test_json_that_does_not_say_so_is_refused_since_forms_of_other_sites_could_send_it(
    content_type: str,
) -> None:
    def create(item: Item) -> None:
        return None

    headers = {"content-type": content_type} if content_type else {}
    client = client_for(create, method="POST")
    response = client.post("/", content=b'{"name": "a", "price": 1}', headers=headers)
    assert response.status == 415


@pytest.mark.parametrize(
    "content_type", ["application/json", "Application/JSON; charset=utf-8", "application/merge-patch+json"]
)
def test_kinds_of_json_are_json(content_type: str) -> None:
    def create(item: Item) -> str:
        return item.name

    client = client_for(create, method="POST")
    response = client.post("/", content=b'{"name": "a", "price": 1}', headers={"content-type": content_type})
    assert response.text == "a"


def test_a_form_gives_its_checked_value_and_its_files() -> None:
    def create(form: Form[Point], picture: Upload, pictures: list[Upload]) -> dict[str, object]:
        return {
            "x": form.value.x,
            "fields": dict(form.fields),
            "name": picture.file_name,
            "count": len(pictures),
        }

    client = client_for(create, method="POST")
    files = {"picture": ("a.png", b"1", "image/png"), "pictures": ("b.png", b"2", "image/png")}
    assert client.post("/", data={"x": "4"}, files=files).json() == {
        "x": 4,
        "fields": {"x": "4"},
        "name": "a.png",
        "count": 1,
    }


def test_a_missing_file_is_a_problem_of_the_form() -> None:
    def create(picture: Upload) -> None:
        return None

    response = client_for(create, method="POST").post("/", data={"x": "1"})
    assert response.status == 422
    assert response.json()["errors"][0]["place"] == "form"


def test_uploads_are_closed_when_the_request_is_through() -> None:
    kept: list[Upload] = []

    async def create(picture: Upload) -> bytes:
        kept.append(picture)
        return await picture.read()

    client = client_for(create, method="POST")
    assert client.post("/", files={"picture": ("a", b"content", "text/plain")}).content == b"content"
    assert kept[0].file.closed


def test_the_whole_form_and_the_bare_request() -> None:
    def create(data: FormData, request: Request, exchange: Exchange) -> dict[str, object]:
        return {"fields": dict(data.fields), "path": request.path, "method": exchange.method}

    response = client_for(create, method="POST").post("/", data={"a": "1"})
    assert response.json() == {"fields": {"a": "1"}, "path": "/", "method": "POST"}


def test_a_provided_value_is_made_once_for_a_request_however_many_ask() -> None:
    made: list[Service] = []

    class Wrapper:
        """Needs the service too."""

        def __init__(self, service: Service) -> None:
            self.service = service

    def make() -> Service:
        made.append(Service())
        return made[-1]

    def wrap(service: Service) -> Wrapper:
        return Wrapper(service)

    def check(service: Service, wrapper: Wrapper) -> None:
        assert wrapper.service is service

    wrap.__annotations__ = {"service": Service, "return": Wrapper}
    check.__annotations__ = {"service": Service, "wrapper": Wrapper}

    def show(service, wrapper):
        return {"same": wrapper.service is service}

    show.__annotations__ = {"service": Service, "wrapper": Wrapper}
    app = App(defaults=False)
    app.provide(Service, make)
    app.provide(Wrapper, wrap)
    app.before(check)
    app.get("/", blocking=False)(show)
    with Client(app) as client:
        assert client.get("/").json() == {"same": True}
        assert client.get("/").json() == {"same": True}
    assert len(made) == 2


def test_a_provider_may_take_values_of_the_request() -> None:
    class Page:
        """Made from the query."""

        def __init__(self, number: int) -> None:
            self.number = number

    def make(request: Request, page: int = 1) -> Page:
        return Page(page)

    def show(page):
        return {"page": page.number}

    show.__annotations__ = {"page": Page}
    app = App(defaults=False)
    app.provide(Page, make)
    app.get("/", blocking=False)(show)
    assert Client(app).get("/?page=4").json() == {"page": 4}


@pytest.mark.parametrize("plans", ["written", "interpreted"])
def test_plain_parameters_beside_an_upload_are_fields_of_the_form(plans: Plans) -> None:
    app = App(defaults=False, plans=plans)

    def make_reader(page: int = 3) -> Reader:
        return Reader(page)

    app.provide(Reader, make_reader)

    @app.post("/{album}")
    def add(
        album: str,
        picture: Upload,
        reader: Reader,
        title: str,
        tags: list[str],
        size: Query[int],
        year: int = 0,
    ) -> list[object]:
        return [album, picture.file_name, reader.page, title, tags, size, year]

    client = Client(app)
    parts = {"title": "Sea", "tags": ["a", "b"]}
    answer = client.post("/x?size=5&title=query&page=9", files={"picture": ("p.jpg", b"jpg")}, data=parts)
    assert answer.json() == ["x", "p.jpg", 9, "Sea", ["a", "b"], 5, 0]
    missing = client.post("/x?size=5&title=query", files={"picture": ("p.jpg", b"jpg")})
    assert missing.status == 422
    assert {error["place"] for error in missing.json()["errors"]} == {"form"}


@pytest.mark.parametrize("plans", ["written", "interpreted"])
def test_work_left_behind_does_not_run_where_an_error_is_answered(plans: Plans) -> None:
    done: list[str] = []

    async def note() -> None:
        done.append("done")

    app = App(defaults=False, plans=plans)

    @app.get("/{what}")
    async def order(what: str, background: Background) -> str:
        background.add(note)
        if what == "missing":
            raise NotFound
        return what

    with Client(app) as client:
        assert client.get("/missing").status == 404
        assert client.get("/there").status == 200
    assert done == ["done"]


@pytest.mark.parametrize("plans", ["written", "interpreted"])
def test_kept_response_collects_nothing_from_the_hooks_of_other_requests(plans: Plans) -> None:
    kept, refusal = Text("kept", headers={"x-own": "1"}), Text("no", status=403)
    app = App(defaults=False, plans=plans)

    @app.after
    def mark(response: Response, request: Request) -> None:
        response.set_cookie("path", request.path.strip("/"))
        response.headers["x-own"] = response.headers.get("x-own", "") + "!"
        response.body += b"."

    @app.before
    def refuse(request: Request) -> Response | None:
        return refusal if request.path == "/no" else None

    @app.get("/{name}")
    async def show(name: str) -> Text:
        return kept

    with Client(app) as client:
        for name, text in (("a", "kept."), ("b", "kept."), ("no", "no."), ("no", "no."), ("c", "kept.")):
            answer = client.get(f"/{name}")
            assert answer.text == text
            assert [value.partition(";")[0] for value in answer.headers.get_all("set-cookie")] == [
                f"path={name}"
            ]


def test_work_left_behind_runs_after_the_answer() -> None:
    done: list[str] = []

    async def later(text: str) -> None:
        done.append(text)

    def blocking(text: str) -> None:
        done.append(text)

    def fails() -> None:
        raise LookupError("job")

    async def create(background: Background) -> str:
        background.add(later, "first")
        background.add(fails)
        background.add(blocking, text="second")
        assert not done
        return "accepted"

    app = App(defaults=False)
    app.post("/")(create)
    with Client(app) as client:
        assert client.post("/").text == "accepted"
    assert done == ["first", "second"]


def freeze_error(app: App) -> Exception:
    with pytest.raises((InjectionError, HookError, SetupErrors)) as caught:
        app.freeze()
    return caught.value


def test_a_parameter_that_nobody_can_provide_stops_the_start_with_place_and_fix() -> None:
    app = App(defaults=False)

    @app.get("/")
    async def show(service: Unknown) -> None:
        return None

    message = str(freeze_error(app))
    assert "InjectionError (B302)" in message
    assert "service: Unknown" in message
    assert "test_inject.py:" in message
    assert "app.provide" in message


def test_a_near_miss_is_named() -> None:
    app = App(defaults=False)
    app.provide(Service, Service)

    class Servise:
        """Misspelt."""

    async def show(service):
        return None

    show.__annotations__ = {"service": Servise}
    app.get("/")(show)
    assert "Did you mean Service?" in str(freeze_error(app))


def test_a_parameter_without_a_type_is_told() -> None:
    app = App(defaults=False)

    @app.get("/")
    async def show(thing):
        return None

    assert "has no type" in str(freeze_error(app))


def test_a_type_that_cannot_be_read_from_text_names_the_parameter() -> None:
    app = App(defaults=False)

    @app.get("/")
    async def show(value: Query[Service]) -> None:
        return None

    message = str(freeze_error(app))
    assert "'value'" in message
    assert "test_inject.py:" in message


def test_a_path_value_with_another_type_than_its_converter_is_told() -> None:
    app = App(defaults=False)

    @app.get("/{id:int}")
    async def show(id: str) -> None:
        return None

    assert "the path gives int" in str(freeze_error(app))


def test_a_marker_for_a_path_value_that_is_not_there_is_told() -> None:
    app = App(defaults=False)

    @app.get("/")
    async def show(value: Annotated[str, From("path", "missing")]) -> None:
        return None

    assert "the path has no {missing}" in str(freeze_error(app))


def test_providers_in_a_circle_are_told() -> None:
    app = App(defaults=False)

    class First:
        """Needs the second."""

    class Second:
        """Needs the first."""

    def make_first(second):
        return First()

    def make_second(first):
        return Second()

    make_first.__annotations__ = {"second": Second}
    make_second.__annotations__ = {"first": First}
    app.provide(First, make_first)
    app.provide(Second, make_second)

    async def show(first):
        return None

    show.__annotations__ = {"first": First}
    app.get("/")(show)
    assert "First -> Second -> First" in str(freeze_error(app))


def test_type_hints_that_cannot_be_resolved_are_told() -> None:
    app = App(defaults=False)

    @app.get("/")
    async def show(value: NotImported) -> None:  # type: ignore[name-defined]  # noqa: F821 - the point of the test
        return None

    assert "can't be read" in str(freeze_error(app))


def test_all_faults_of_an_app_are_told_together() -> None:
    app = App(defaults=False)
    inner = Routes()

    @inner.get("/a")
    async def first(thing: Unknown) -> None:
        return None

    @inner.get("/b")
    async def second(other: Unknown) -> None:
        return None

    app.include(inner)
    message = str(freeze_error(app))
    assert "thing: Unknown" in message
    assert "other: Unknown" in message
    assert "2 things keep this app from starting" in message


def test_a_default_stands_where_nobody_provides() -> None:
    def show(thing: Unknown | None = None) -> dict[str, object]:
        return {"thing": thing}

    assert client_for(show).get("/").json() == {"thing": None}


def test_a_plugin_is_not_made_of_a_body_and_the_value_of_the_same_name_is_told() -> None:
    app = App(Database("sqlite://"))

    @app.post("/")
    def show(database: Database) -> None: ...

    with pytest.raises(InjectionError, match="asks for a plugin") as caught:
        app.freeze()
    assert caught.value.fix.endswith(": bistro.db.Database.")


class Setting(msgspec.Struct):
    name: str = ""


class Shade(Setting):
    pass


class SettingsPlugin:
    requires = ()

    def install(self, setup: Setup) -> None:
        setup.provide_subclasses(Setting, self.make)

    def make(self, kind: type[Setting]) -> Callable[[Request], Setting]:
        def provide(request: Request) -> Setting:
            return kind(f"{kind.__name__} of {request.path}")

        return provide


def test_one_provider_can_serve_all_subclasses_of_a_type() -> None:
    app = BaseApp(SettingsPlugin())

    @app.get("/x")
    async def handler(shade: Shade) -> str:
        return f"{type(shade).__name__}: {shade.name}"

    assert Client(app).get("/x").text == "Shade: Shade of /x"


def test_the_base_itself_is_not_provided_with_its_subclasses() -> None:
    app = BaseApp(SettingsPlugin())

    @app.post("/x")
    async def handler(setting: Setting) -> str:
        return setting.name

    assert Client(app).post("/x", json={"name": "sent"}).text == "sent"


def test_a_missing_database_names_its_plugin() -> None:
    app = App(defaults=False)

    @app.get("/")
    async def show(database: OpenDatabase) -> None: ...

    with pytest.raises(InjectionError) as caught:
        app.freeze()
    assert "App(Database()), with Database from bistro.plugins." in str(caught.value)


class Basket(SessionData): ...


@pytest.mark.parametrize(
    ("kind", "plugin"),
    [
        (Flashes, "FlashMessages"),
        (Mailer, "Mail"),
        (Session, "Sessions"),
        (Basket, "Sessions"),
        (StoredFiles, "PrivateFiles"),
        (User, "Accounts"),
        (User | None, "Accounts"),
        (OpenDatabase, "Database"),
    ],
)
def test_plugin_that_was_forgotten_is_named(kind, plugin) -> None:
    app = BaseApp()

    def show(value): ...

    show.__annotations__["value"] = kind
    app.get("/")(show)
    with pytest.raises(InjectionError) as caught:
        app.freeze()
    assert f"App({plugin}()), with {plugin} from bistro.plugins." in caught.value.fix


@pytest.mark.parametrize("kind", [Form, FormView])
def test_form_that_does_not_say_of_what_is_told(kind) -> None:
    app = BaseApp()

    def show(form): ...

    show.__annotations__["form"] = kind
    app.post("/")(show)
    with pytest.raises(InjectionError, match="doesn't say of what") as caught:
        app.freeze()
    assert f"form: {kind.__name__}[NewNote]" in caught.value.fix
