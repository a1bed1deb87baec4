"""F310: the public names are typed: strict type checkers accept a right program and refuse a wrong one."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import venv
from dataclasses import dataclass
from pathlib import Path

import pytest

RIGHT = """
from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, assert_type

from msgspec import Struct

from bistro import App, Background, Html, Json, NotFound, Proceed, Query, Redirect, Request, Response, Routes, Setup, Stream, Upload
from bistro.forms import Form
from bistro.ground import Secret, read_config
from bistro.http import MethodNotAllowed
from bistro.plugins import Accounts, Cors, Database, HostCheck, Passkeys, SignInWith, TwoFactor, User
from bistro.plugins.accounts.providers import github, google
from bistro.routing import accept, get, post
from bistro.testing import Client, ClientResponse, LiveServer


class Note(Struct):
    title: str


class Settings(Struct, frozen=True):
    database_url: str
    key: Secret


class Store:
    def find(self, id: int) -> Note | None:
        return Note("milk") if id == 1 else None


class Shop:
    requires: ClassVar[tuple[type, ...]] = ()

    def install(self, setup: Setup) -> None:
        setup.provide(Store, Store)
        setup.after(self.mark)
        setup.routes.get("/shop")(self.index)

    def index(self) -> str:
        return "shop"

    def mark(self, response: Response) -> None:
        response.headers["x-shop"] = "1"


app = App(Shop(), HostCheck(["localhost"]), Cors(origins=["https://example.com"]))
notes = Routes(name="notes")
members = App(
    Database("sqlite://"),
    Accounts(methods=[SignInWith([github(), google()]), TwoFactor(), Passkeys()]),
)


@members.get("/me")
def me(user: User, maybe: User | None) -> str:
    assert_type(user.name, str)
    return user.email if maybe is None else str(maybe)


@notes.get("/{id:int}", when=[accept("application/json")])
async def show(id: int, store: Store, request: Request, page: Query[int] = 1) -> Note:
    assert_type(request.query["a"], str)
    assert_type(request.headers.get("a"), str | None)
    assert_type(await request.body(), bytes)
    assert_type(await request.json(Note), Note)
    assert_type(page, int)
    note = store.find(id)
    if note is None:
        raise NotFound(f"There is no note {id}.", headers={"x-id": str(id)})
    return note


@notes.post("/")
def create(note: Note, background: Background) -> Redirect:
    background.add(print, note.title, sep="")
    return Redirect(app.url(show, id=1))


@notes.post("/form")
def submit(form: Form[Note], photo: Upload) -> Json:
    assert_type(form.value, Note)
    return Json({"title": form.value.title, "size": photo.size}, status=201)


@app.around
async def wrap(proceed: Proceed) -> Response:
    response = await proceed()
    response.set_cookie("seen", "1", max_age=60, same_site="strict")
    return response


@app.on_error(MethodNotAllowed)
def refuse(error: MethodNotAllowed, request: Request) -> Html:
    return Html(f"<p>{error.status}</p>", status=405)


@app.get("/count")
def count() -> Stream:
    def pieces() -> Iterator[bytes]:
        yield b"1"

    return Stream(pieces(), content_type="text/plain")


@app.lifespan
def open_store() -> Iterator[None]:
    yield


app.include(notes, at="/notes")
table = Routes([get("/table", count), post("/table", create)])
app.include(table, at="/central", name="central")
assert_type(app.url("notes.show", id=1, query={"page": 2}), str)
assert_type(read_config(Settings).key.reveal(), str)

with Client(app) as client, LiveServer(app) as server:
    answer = client.get("/notes/1", params={"page": 2}, headers={"accept": "application/json"})
    assert_type(answer, ClientResponse)
    assert_type(answer.json(Note), Note)
    assert_type(server.url, str)
"""
WRONG = """
from bistro import App, Redirect, Request, Response
from bistro.testing import Client

app = App()
app.get("/", status="200")
app.get(7)
App(slash="sometimes")
Redirect("/", status=200)


def read(request: Request, response: Response) -> None:
    request.query["a"] + 1
    request.nothing
    response.set_cookie("a", 1)


Client(app).get("/", jason={})
"""
WRONG_LINES = [
    number
    for number, line in enumerate(WRONG.splitlines(), 1)
    if line.strip() and not line.startswith(("from", "app = ", "def"))
]
MYPY_SETTINGS = "[mypy]\nstrict = true\n"
PYRIGHT_SETTINGS = '{"typeCheckingMode": "strict", "reportUnusedExpression": "none"}'


@dataclass(frozen=True)
class Project:
    """A folder with programs, and an environment in which Bistro is installed, not its source."""

    folder: Path
    python: Path

    def check(self, tool: str, name: str) -> subprocess.CompletedProcess[str]:
        commands = {
            "mypy": ["-m", "mypy", "--config-file", "mypy.ini", "--python-executable", str(self.python)],
            "basedpyright": ["-m", "basedpyright", "--pythonpath", str(self.python)],
        }
        return subprocess.run(
            [sys.executable, *commands[tool], name],
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=280,
            check=False,
        )


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    folder = tmp_path_factory.mktemp("typed")
    environment = folder / "environment"
    venv.create(environment, with_pip=False, symlinks=True)
    python = environment / "bin" / "python"
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    site = environment / "lib" / version / "site-packages"
    (site / "bistro").symlink_to(Path(__file__).resolve().parents[2] / "bistro")
    # What Bistro itself needs is where it is for these tests.
    (site / "others.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    for name, text in {
        "right.py": RIGHT,
        "wrong.py": WRONG,
        "mypy.ini": MYPY_SETTINGS,
        "pyrightconfig.json": PYRIGHT_SETTINGS,
    }.items():
        (folder / name).write_text(text.lstrip("\n") if name != "wrong.py" else text, encoding="utf-8")
    return Project(folder, python)


def test_package_says_that_it_is_typed(root: Path) -> None:
    assert (root / "bistro" / "py.typed").is_file()
    assert 'packages = ["bistro"]' in (root / "pyproject.toml").read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.one_python
@pytest.mark.parametrize("tool", ["mypy", "basedpyright"])
def test_right_program_passes_the_strict_check(tool: str, project: Project) -> None:
    done = project.check(tool, "right.py")

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.one_python
@pytest.mark.parametrize("tool", ["mypy", "basedpyright"])
def test_every_mistake_of_a_wrong_program_is_found(tool: str, project: Project) -> None:
    output = project.check(tool, "wrong.py").stdout

    unnoticed = [line for line in WRONG_LINES if f"wrong.py:{line}:" not in output]
    assert unnoticed == [], output
