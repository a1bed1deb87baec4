"""Files of models, from the form to the disk and back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, ClassVar

import pytest

from bistro import App, Html, Response, Setup
from bistro.db import (
    Field,
    Model,
    QueryError,
    StoredFile,
    auto,
    create_tables,
    field,
    get_database,
    sync,
    transaction,
)
from bistro.forms import FileCheck, Form, FormView
from bistro.ground import make_secret_key
from bistro.plugins import Database, PrivateFiles, StoredFiles
from bistro.storage import DiskStorage, FileStorage
from bistro.testing import Client

PDF = b"%PDF-1.7 "


class Paper(Model):
    id: Field[int] = auto()
    title: Field[str] = field(unique=True, min_length=1)
    text: Field[Annotated[StoredFile, FileCheck(types=("application/pdf",), size_max=1000)]]
    cover: Field[StoredFile | None]


class Site:
    """A site of papers, and what lies in its storage."""

    def __init__(self, folder: Path, *, atomic: bool = True) -> None:
        self.folder = folder / "kept"
        url = f"sqlite:///{folder / 'papers.sqlite3'}"
        self.app = App(
            Database(test_url=url, atomic=atomic), PrivateFiles(DiskStorage(self.folder)), defaults=False
        )
        add_routes(self.app)

    @property
    def kept(self) -> set[bytes]:
        return {path.read_bytes() for path in self.folder.rglob("*") if path.is_file()}


def add_routes(app: App) -> None:
    app.on_start(lambda: create_tables(Paper))

    @app.get("/papers/new")
    async def new(form: FormView[Paper.Create]) -> Html:
        return Html(f'<form method="post" enctype="{form.enctype}">{form.html}</form>')

    @app.post("/papers/new")
    async def create(form: Form[Paper.Create]) -> Paper:
        return await Paper.objects.create(form.value)

    @app.post("/json")
    async def create_by_json(paper: Paper.Create) -> Paper:
        return await Paper.objects.create(paper)

    @app.patch("/json/{id:int}")
    async def change_by_json(id: int, paper: Paper.Update) -> int:
        return await Paper.objects.filter(Paper.id == id).update(paper)

    @app.post("/papers/{id:int}")
    async def change(id: int, form: Form[Paper.Update]) -> int:
        return await Paper.objects.filter(Paper.id == id).update(form.value)

    @app.post("/papers/{id:int}/refused")
    async def change_and_refuse(id: int, form: Form[Paper.Update]) -> Response:
        await Paper.objects.filter(Paper.id == id).update(form.value)
        return Response(b"", status=409)

    @app.get("/papers/{id:int}")
    async def show(id: int, files: StoredFiles) -> dict[str, Any]:
        paper = await Paper.objects.get(Paper.id == id)
        return {
            "file_name": paper.text.file_name,
            "size": paper.text.size,
            "url": files.url_for(paper.text),
            "has_cover": paper.cover is not None,
        }

    @app.get("/out/{id:int}")
    async def out(id: int) -> Paper.Out:
        return await Paper.objects.get(Paper.id == id)

    @app.delete("/papers/{id:int}")
    async def delete(id: int) -> None:
        await (await Paper.objects.get(Paper.id == id)).delete()


@pytest.fixture(params=[True, False], ids=["atomic", "by-itself"])
def site(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    monkeypatch.setenv("SECRET_KEY", make_secret_key())
    return Site(tmp_path, atomic=request.param)


def pdf(number: int = 1) -> tuple[str, bytes]:
    return f"my paper {number}.pdf", PDF + str(number).encode()


def test_file_of_a_form_is_kept_with_its_row_and_given_by_an_url(site: Site) -> None:
    with Client(site.app) as client:
        page = client.get("/papers/new").text
        assert 'enctype="multipart/form-data"' in page
        assert '<input type="file" name="text"' in page or 'type="file"' in page
        assert "application/pdf" in page
        made = client.post("/papers/new", data={"title": "Tea"}, files={"text": pdf()})
        assert made.status == 200, made.text
        shown = client.get("/papers/1").json()
        assert (shown["file_name"], shown["size"], shown["has_cover"]) == ("my paper 1.pdf", 10, False)
        given = client.get(shown["url"])
        assert given.content == PDF + b"1"
        assert 'filename="my paper 1.pdf"' in given.headers["content-disposition"]
    assert site.kept == {PDF + b"1"}


def test_what_is_shown_of_a_row_has_names_and_no_path(site: Site) -> None:
    with Client(site.app) as client:
        client.post("/papers/new", data={"title": "Tea"}, files={"text": pdf()})
        for answer in (client.get("/out/1"),):
            text = answer.json()["text"]
            assert set(text) == {"name", "file_name", "size"}
            assert len(text["name"]) == 36
            assert str(site.folder) not in answer.text


def test_checks_beside_the_type_are_those_of_the_form(site: Site) -> None:
    with Client(site.app) as client:
        wrong = client.post("/papers/new", data={"title": "Tea"}, files={"text": ("a.pdf", b"<html>")})
        large = client.post("/papers/new", data={"title": "Tea"}, files={"text": ("a.pdf", PDF * 200)})
        none = client.post("/papers/new", data={"title": "Tea"}, files={})
        assert [each.status for each in (wrong, large, none)] == [422, 422, 422]
    assert site.kept == set()


def test_replaced_file_is_removed_and_a_form_without_one_leaves_it(site: Site) -> None:
    with Client(site.app) as client:
        client.post("/papers/new", data={"title": "Tea"}, files={"text": pdf(), "cover": ("c.png", b"old")})
        assert (
            client.post("/papers/1", data={"title": "Milk"}, files={"cover": ("c.png", b"new")}).text == "1"
        )
        assert site.kept == {PDF + b"1", b"new"}
        assert client.post("/papers/1", data={"title": "Beer"}).text == "1"
        assert site.kept == {PDF + b"1", b"new"}
        assert client.patch("/json/1", json={"cover": None}).text == "1"
        assert client.get("/papers/1").json()["has_cover"] is False
        assert site.kept == {PDF + b"1"}


def test_files_go_with_their_row(site: Site) -> None:
    with Client(site.app) as client:
        client.post("/papers/new", data={"title": "Tea"}, files={"text": pdf(), "cover": ("c.png", b"old")})
        assert client.delete("/papers/1").status == 204
    assert site.kept == set()


def test_row_that_is_refused_leaves_no_file(site: Site) -> None:
    with Client(site.app) as client:
        client.post("/papers/new", data={"title": "Tea"}, files={"text": pdf()})
        twice = client.post(
            "/papers/new", data={"title": "Tea"}, files={"text": pdf(2), "cover": ("c.png", b"cover")}
        )
        assert twice.status in (409, 422)
    assert site.kept == {PDF + b"1"}


def test_answer_above_400_undoes_the_change_and_its_file(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("SECRET_KEY", make_secret_key())
    site = Site(tmp_path)
    with Client(site.app) as client:
        client.post("/papers/new", data={"title": "Tea"}, files={"text": pdf()})
        assert client.post("/papers/1/refused", files={"text": pdf(2)}).status == 409
        assert client.get(client.get("/papers/1").json()["url"]).content == PDF + b"1"
    assert site.kept == {PDF + b"1"}


@pytest.mark.parametrize(
    "text",
    ["a" * 32, "../../etc/passwd", {"name": "a" * 32, "file_name": "x", "size": 1}, ["a" * 32], 7, True],
)
def test_client_can_name_no_file_by_json(site: Site, text: object) -> None:
    with Client(site.app) as client:
        client.post("/papers/new", data={"title": "Tea"}, files={"text": pdf()})
        for name in ("text", "cover"):
            created = client.post("/json", json={"title": "Theft", "text": text, name: text})
            changed = client.patch("/json/1", json={name: text})
            assert (created.status, changed.status) == (422, 422), (created.text, changed.text)
        assert client.get(client.get("/papers/1").json()["url"]).content == PDF + b"1"
    assert site.kept == {PDF + b"1"}


def test_client_can_not_take_the_file_of_another_row(site: Site) -> None:
    with Client(site.app) as client:
        client.post("/papers/new", data={"title": "Tea"}, files={"text": pdf()})
        client.post("/papers/new", data={"title": "Milk"}, files={"text": pdf(2)})
        theirs = client.get("/out/1").json()["text"]
        assert client.patch("/json/2", json={"cover": theirs}).status == 422
        assert client.patch("/json/2", json={"cover": theirs["name"]}).status == 422
        # A form's fields are files, or nothing.
        client.post("/papers/2", data={"title": "Milk", "cover": theirs["name"]})
        assert client.get("/papers/2").json()["has_cover"] is False
        # A file that is called like it is a file of its own.
        client.post("/papers/2", files={"cover": (theirs["name"], b"mine")})
        assert client.get("/out/2").json()["cover"]["name"] != theirs["name"]
    assert site.kept == {PDF + b"1", PDF + b"2", b"mine"}


def test_json_without_files_still_changes_the_rest(site: Site) -> None:
    with Client(site.app) as client:
        client.post("/papers/new", data={"title": "Tea"}, files={"text": pdf()})
        assert client.patch("/json/1", json={"title": "Milk"}).text == "1"
        assert client.post("/json", json={"title": "No file"}).status == 422
    assert site.kept == {PDF + b"1"}


def test_handler_without_async_keeps_files_too(site: Site) -> None:
    @site.app.post("/plain")
    def create(form: Form[Paper.Create]) -> str:
        with transaction():
            return sync(Paper.objects.create(form.value)).text.file_name

    @site.app.post("/plain/undone")
    def create_and_fail(form: Form[Paper.Create]) -> str:
        with pytest.raises(ZeroDivisionError), transaction():
            sync(Paper.objects.create(form.value))
            raise ZeroDivisionError
        return "undone"

    with Client(site.app) as client:
        assert client.post("/plain", data={"title": "Tea"}, files={"text": pdf()}).text == "my paper 1.pdf"
        assert client.post("/plain/undone", data={"title": "Milk"}, files={"text": pdf(2)}).text == "undone"
    assert site.kept == {PDF + b"1"}


class Scan(Model, database="archive"):
    id: Field[int] = auto()
    page: Field[StoredFile]


class OwnFiles:
    """A plugin of the site's own that says where files are."""

    requires: ClassVar[tuple[type, ...]] = ()

    def __init__(self, storage: FileStorage) -> None:
        self.storage = storage

    def install(self, setup: Setup) -> None:
        setup.file_storage(self.storage)


def test_plugin_may_say_where_files_are_for_all_databases(tmp_path: Path) -> None:
    storage = DiskStorage(tmp_path / "own")
    # The order of the plugins does not matter.
    app = App(OwnFiles(storage), Database("sqlite://", others={"archive": "sqlite://"}), defaults=False)

    @app.post("/scans")
    async def create(form: Form[Scan.Create]) -> str:
        await create_tables(Scan, using=get_database("archive"))
        return (await Scan.objects.create(form.value)).page.name

    with Client(app) as client:
        name = client.post("/scans", files={"page": ("page", b"content")}).text
    path = storage.find_path(name)
    assert path is not None
    assert path.read_bytes() == b"content"


def test_site_without_a_place_for_files_says_what_to_install() -> None:
    app = App(Database("sqlite://"), defaults=False)

    @app.post("/papers")
    async def create(form: Form[Paper.Create]) -> None:
        await create_tables(Paper)
        with pytest.raises(QueryError, match=r"App\(PrivateFiles\(\)\)"):
            await Paper.objects.create(form.value)

    with Client(app) as client:
        assert client.post("/papers", data={"title": "Tea"}, files={"text": pdf()}).status == 204


def test_a_check_beside_a_file_that_may_be_missing_may_stand_in_or_around_the_union() -> None:
    class Cover(Model):
        id: Field[int] = auto()
        within: Field[Annotated[StoredFile, FileCheck(types=("image/png",))] | None]
        around: Field[Annotated[StoredFile | None, FileCheck(types=("image/png",))]]

    assert [each.field for each in Cover.__table_info__.file_columns] == ["within", "around"]
    fields = FormView(Cover.Create).fields
    assert [(each.kind, each.attributes["accept"]) for each in fields] == [("file", "image/png")] * 2
