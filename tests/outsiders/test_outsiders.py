"""Built-ins have no private door: each plugin works as well when somebody else has written it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bistro.app import BaseApp
from bistro.http import Upload
from bistro.mail import MemoryTransport, Message
from bistro.testing import Client
from tests.outsiders.copying import (
    ROOT,
    copy_plugins,
    files_of,
    forbidden_imports,
    import_copy,
    importable,
    plugin_names,
    private_uses,
)


@pytest.fixture(scope="module")
def copies(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("outsiders")
    copy_plugins(folder)
    with importable(folder):
        yield folder


@pytest.mark.parametrize("plugin", plugin_names())
def test_plugin_imports_public_names_only(plugin: str) -> None:
    assert [fault for path in files_of(plugin) for fault in forbidden_imports(path)] == []


@pytest.mark.parametrize("plugin", plugin_names())
def test_plugin_touches_nobodys_private_parts(plugin: str) -> None:
    assert [fault for path in files_of(plugin) for fault in private_uses(path)] == []


# --- what each copy can do ----------------------------------------------------------------------------


def app_with(*plugins: object) -> BaseApp:
    app = BaseApp(*plugins)  # type: ignore[arg-type]

    @app.get("/")
    async def hello() -> str:
        return "hello"

    @app.get("/broken")
    async def broken() -> str:
        raise RuntimeError("broken")

    return app


def client_with(*plugins: object) -> Client:
    return Client(app_with(*plugins), raise_server_errors=False)


Function = Callable[..., Any]


def asking_for(**types: type) -> Callable[[Function], Function]:
    """Let parameters have the types of a copy, which can't be written down."""

    def annotate(function: Function) -> Function:
        function.__annotations__ |= types
        return function

    return annotate


HTML = {"accept": "text/html"}


def check_accounts(copy: ModuleType) -> None:
    database = import_copy("database").Database("sqlite://")
    hosts, pages = import_copy("host_check").HostCheck(), import_copy("error_pages").ErrorPages()
    rendering, csrf = import_copy("rendering").Rendering(), import_copy("csrf").Csrf()
    with client_with(hosts, pages, database, rendering, csrf, copy.Accounts()) as client:
        assert "Log in" in client.get("/accounts/log-in").text


def check_compression(copy: ModuleType) -> None:
    client = client_with(copy.Compression(size_min=0))
    assert client.get("/", headers={"accept-encoding": "gzip"}).headers["vary"] == "accept-encoding"


def check_cors(copy: ModuleType) -> None:
    headers = (
        client_with(copy.Cors(["https://a.example"]))
        .get("/", headers={"origin": "https://a.example"})
        .headers
    )
    assert headers["access-control-allow-origin"] == "https://a.example"


def check_csrf(copy: ModuleType) -> None:
    app = app_with(copy.Csrf())
    app.post("/")(lambda: "changed")
    client = Client(app)
    assert client.post("/", headers={"sec-fetch-site": "same-origin"}).status == 200
    assert client.post("/", headers={"sec-fetch-site": "cross-site"}).status == 403


def check_database(copy: ModuleType) -> None:
    plugin = copy.Database("sqlite://")
    with client_with(plugin, import_copy("health").Health(watch=[plugin])) as client:
        assert client.get("/readyz").json()["checks"] == {"Database": "ok"}


def check_debug_page(copy: ModuleType) -> None:
    pages = import_copy("error_pages").ErrorPages()
    assert "RuntimeError" in client_with(pages, copy.DebugPage()).get("/broken", headers=HTML).text


def check_error_pages(copy: ModuleType) -> None:
    assert "<h1>Not Found</h1>" in client_with(copy.ErrorPages()).get("/nowhere", headers=HTML).text


def check_etags(copy: ModuleType) -> None:
    client = client_with(copy.ETags())
    assert client.get("/", headers={"if-none-match": client.get("/").headers["etag"]}).status == 304


def check_flash(copy: ModuleType) -> None:
    app = app_with(copy.Sessions(import_copy("sessions").MemorySessions()), copy.FlashMessages())

    @app.post("/save")
    @asking_for(flashes=copy.Flashes)
    def save(flashes: Any) -> None:
        flashes.add("Saved.")

    @app.get("/next")
    @asking_for(flashes=copy.Flashes)
    def show(flashes: Any) -> list[str]:
        return [each.text for each in flashes.take()]

    client = Client(app)
    client.post("/save")
    assert [client.get("/next").json() for _ in range(2)] == [["Saved."], []]


def check_live_forms(copy: ModuleType) -> None:
    app = app_with(import_copy("static").Static(), copy.LiveForms())
    answer = Client(app).get("/static/bistro/live-forms.js")
    assert answer.headers["content-type"].startswith("text/javascript")


def check_time_zone(copy: ModuleType) -> None:
    app = app_with(copy.TimeZone("Europe/Berlin"))

    @app.get("/zone")
    async def show(zone: ZoneInfo) -> str:
        return zone.key

    assert Client(app).get("/zone").text == "Europe/Berlin"


def check_health(copy: ModuleType) -> None:
    client = client_with(copy.Health())
    assert [client.get(path).status for path in ("/livez", "/readyz")] == [200, 200]


def check_live_reload(copy: ModuleType) -> None:
    answer = client_with(copy.LiveReload()).get("/_bistro/reload.js")
    assert answer.headers["content-type"].startswith("text/javascript")


def check_host_check(copy: ModuleType) -> None:
    client = client_with(copy.HostCheck(["localhost"]))
    assert [client.get("/", headers={"host": host}).status for host in ("localhost", "evil")] == [200, 421]


def check_mail(copy: ModuleType) -> None:
    transport = MemoryTransport()
    app = app_with(import_copy("rendering").Rendering(), copy.Mail(transport=transport))

    @app.get("/send")
    @asking_for(mailer=copy.Mailer)
    async def send(mailer: Any) -> None:
        await mailer.send_now(Message(to="ada@example.com", subject="Hello"))

    Client(app).get("/send")
    assert [each.subject for each in transport.messages] == ["Hello"]


def check_private_files(copy: ModuleType) -> None:
    with TemporaryDirectory() as folder:
        app = app_with(copy.PrivateFiles(copy.DiskStorage(folder)))

        @app.post("/keep")
        @asking_for(files=copy.StoredFiles, file=Upload)
        async def keep(files: Any, file: Any) -> str:
            return str(files.url_for(await files.save(file)))

        client = Client(app)
        link = client.post("/keep", files={"file": ("a.txt", b"secret")}).text
        assert client.get(link).text == "secret"
        assert client.get(link[:-1]).status == 404


def check_rate_limit(copy: ModuleType) -> None:
    client = client_with(copy.RateLimit("1/day"))
    assert [client.get("/").status for _ in range(2)] == [200, 429]


def check_rendering(copy: ModuleType) -> None:
    app = BaseApp(copy.Rendering(sources={"a.html": "{{ name }}"}))

    @app.get("/")
    async def show() -> object:
        return copy.render("a.html", name="<b>", status=201)

    assert (Client(app).get("/").status, Client(app).get("/").text) == (201, "&lt;b&gt;")


def check_request_log(copy: ModuleType) -> None:
    client = client_with(copy.RequestLog())
    assert client.get("/", headers={"x-request-id": "abc"}).headers["x-request-id"] == "abc"


def check_security_headers(copy: ModuleType) -> None:
    assert client_with(copy.SecurityHeaders()).get("/").headers["x-content-type-options"] == "nosniff"


def check_sessions(copy: ModuleType) -> None:
    app = app_with(copy.Sessions(copy.MemorySessions()))

    @app.get("/count")
    @asking_for(session=copy.Session)
    def count(session: Any) -> int:
        session["count"] = session.get("count", 0) + 1
        return int(session["count"])

    client = Client(app)
    assert [client.get("/count").json() for _ in range(2)] == [1, 2]


def check_static(copy: ModuleType) -> None:
    folder = Path(str(copy.__file__)).parent
    assert client_with(copy.Static(folder)).get("/static/plugin.py").status == 200


CHECKS: dict[str, Callable[[ModuleType], None]] = {
    name.removeprefix("check_"): function
    for name, function in dict(globals()).items()
    if name.startswith("check_") and callable(function)
}


@pytest.mark.parametrize("plugin", plugin_names())
def test_copy_under_another_name_works(plugin: str, copies: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENV", "development")
    assert plugin in CHECKS, f"write check_{plugin} in this file"
    CHECKS[plugin](import_copy(plugin))


FILES = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "tests/plugins").rglob("test_*.py"))
# So many that each ends in a fraction of its time-out also on a busy machine, and all cores have work.
PARTS = 8


@pytest.mark.slow
@pytest.mark.one_python  # which names a plugin asks for does not depend on it
@pytest.mark.parametrize("part", [FILES[start::PARTS] for start in range(PARTS)], ids=range(1, PARTS + 1))
def test_copies_pass_the_whole_tests_of_the_plugins(copies: Path, part: list[str]) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.outsiders.replace_plugins", *part]
    # What measures times is for a machine that rests.
    command += ["-m", "not timed and not browser"]
    env = {**os.environ, "OUTSIDERS_FOLDER": str(copies), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=220, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed is not None
    assert int(passed[1]) > 100


def test_redirected_imports_lead_to_the_copies(copies: Path) -> None:
    program = "import tests.outsiders.replace_plugins, bistro.plugins; print(bistro.plugins.Cors.__module__)"
    env = {**os.environ, "OUTSIDERS_FOLDER": str(copies), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=env, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "outside_cors"
