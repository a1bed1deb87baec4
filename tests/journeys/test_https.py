"""HTTPS by `bistro run`, as clients that look at certificates meet it."""

from __future__ import annotations

import http.client
import signal
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bistro.cli.local_certificate import get_local_certificate
from bistro.serving.tls import TlsFiles
from tests.cli.processes import Running, moments, run_to_end

pytestmark = pytest.mark.slow

SITE = """
from pathlib import Path

from bistro import App, Request, Response
from bistro.http import File

app = App()

@app.get("/")
async def hello(request: Request) -> Response:
    response = Response(request.scheme)
    response.set_cookie("seen", "1")
    return response

@app.get("/big")
async def big() -> File:
    return File(Path("big.bin"))
"""
PRODUCTION = {"ENV": "production", "ALLOWED_HOSTS": "localhost"}
ADDRESS = r"Bistro serves https://127\.0\.0\.1:(\d+) "


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "app.py").write_text(SITE)
    return tmp_path


@pytest.fixture
def files(tmp_path: Path) -> TlsFiles:
    return get_local_certificate(tmp_path / "certificates")


def trust(folder: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(folder / "authority.pem"))


@contextmanager
def connect(port: int, context: ssl.SSLContext) -> Iterator[http.client.HTTPSConnection]:
    connection = http.client.HTTPSConnection("localhost", port, context=context, timeout=10)
    try:
        yield connection
    finally:
        connection.close()


def fetch(port: int, context: ssl.SSLContext, path: str = "/") -> tuple[int, http.client.HTTPMessage, bytes]:
    with connect(port, context) as connection:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.msg, answer.read()


def serve(folder: Path, files: TlsFiles, *options: str) -> Running:
    certificate = ["--tls-certificate", files.certificate, "--tls-key", str(files.key)]
    return Running(["run", "--workers", "1", "--port", "0", *certificate, *options], folder, PRODUCTION)


def port_of(running: Running) -> int:
    return int(running.wait_for_line(ADDRESS)[1])


def test_scheme_is_https_and_cookies_are_secure(folder: Path, files: TlsFiles) -> None:
    with serve(folder, files) as running:
        status, headers, body = fetch(port_of(running), trust(Path(files.certificate).parent))
    assert (status, body) == (200, b"https")
    assert "Secure" in str(headers["set-cookie"])


def test_http_1_1_is_agreed_upon_and_old_versions_of_tls_are_refused(folder: Path, files: TlsFiles) -> None:
    context = trust(Path(files.certificate).parent)
    context.set_alpn_protocols(["h2", "http/1.1"])
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    old.set_ciphers("ALL:@SECLEVEL=0")
    with serve(folder, files) as running:
        address = ("127.0.0.1", port_of(running))
        with (
            socket.create_connection(address) as plain,
            context.wrap_socket(plain, server_hostname="localhost") as wrapped,
        ):
            assert wrapped.selected_alpn_protocol() == "http/1.1"
        with socket.create_connection(address) as plain, pytest.raises((ssl.SSLError, OSError)):
            old.wrap_socket(plain)


def test_a_client_that_speaks_plain_http_harms_nobody(folder: Path, files: TlsFiles) -> None:
    with serve(folder, files) as running:
        port = port_of(running)
        with socket.create_connection(("127.0.0.1", port), timeout=10) as plain:
            plain.sendall(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n")
            assert b"200" not in plain.recv(1000)
        assert fetch(port, trust(Path(files.certificate).parent))[0] == 200
        assert "Traceback" not in running.text


def test_a_big_file_arrives_whole(folder: Path, files: TlsFiles) -> None:
    content = bytes(range(256)) * 20_000
    (folder / "big.bin").write_bytes(content)
    with serve(folder, files) as running:
        assert fetch(port_of(running), trust(Path(files.certificate).parent), "/big")[2] == content


def serial_of(port: int, context: ssl.SSLContext) -> object:
    with (
        socket.create_connection(("127.0.0.1", port), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as wrapped,
    ):
        return (wrapped.getpeercert() or {}).get("serialNumber")


def test_sighup_serves_the_new_certificate_without_a_failed_request(folder: Path, files: TlsFiles) -> None:
    context = trust(Path(files.certificate).parent)
    bad: list[object] = []
    is_over = threading.Event()
    with serve(folder, files, "--log-level", "ERROR") as running:
        port = port_of(running)
        before = serial_of(port, context)

        def ask_on(headers: dict[str, str]) -> None:
            with connect(port, context) as connection:
                while not is_over.is_set():
                    try:
                        connection.request("GET", "/", headers=headers)
                        answer = connection.getresponse()
                        answer.read()
                        if answer.status != 200:
                            bad.append(answer.status)
                    except (OSError, http.client.HTTPException) as error:
                        bad.append(error)
                        connection.close()

        kinds: list[dict[str, str]] = [{}, {"connection": "close"}, {"connection": "close"}]
        clients = [threading.Thread(target=ask_on, args=(kind,)) for kind in kinds]
        for client in clients:
            client.start()
        try:
            Path(files.certificate).unlink()
            get_local_certificate(Path(files.certificate).parent)
            running.signal(signal.SIGHUP)
            running.wait_for_line("has taken over from")
            after = serial_of(port, context)
        finally:
            is_over.set()
            for client in clients:
                client.join()
    assert before != after
    assert bad == []


def test_certificate_that_can_not_be_used_ends_the_start_with_78(folder: Path) -> None:
    env = PRODUCTION | {"TLS_CERTIFICATE": "/no/such.pem"}
    ended = run_to_end(["run", "--port", "0"], folder, env)
    assert ended.returncode == 78
    assert ended.stderr.count("TlsFilesError (B720): can't use the certificate /no/such.pem") == 1


# --- on one's own machine ---------------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["option", "environment"])
def test_local_https_makes_a_certificate_and_says_how_to_trust_it(folder: Path, by: str) -> None:
    option, env = (["--https"], {}) if by == "option" else ([], {"LOCAL_HTTPS": "1"})
    with Running(["run", "--port", "0", *option], folder, env | {"XDG_DATA_HOME": str(folder)}) as running:
        running.wait_for_line(rf"once you trust {folder}/bistro/https/authority\.pem as an authority")
        status, headers, body = fetch(port_of(running), trust(folder / "bistro" / "https"))
        assert (status, body) == (200, b"https")
        assert "Secure" in str(headers["set-cookie"])


def test_page_of_an_app_that_is_broken_comes_by_https_too(folder: Path) -> None:
    (folder / "app.py").write_text("import missing_part\n" + SITE)
    env = {"XDG_DATA_HOME": str(folder), "PORT": "0"}
    with Running(["run", "--https"], folder, env) as running:
        running.wait_for_line("started again once a file changes")
        context = trust(folder / "bistro" / "https")
        port = next(port for _ in moments() if (port := find_listening_port(running.process.pid)) is not None)
        assert fetch(port, context)[0] == 503
        (folder / "missing_part.py").write_text("")
        assert fetch(port_of(running), context)[0] == 200


def find_listening_port(pid: int) -> int | None:
    """The TCP port on which the process listens; the command tells it only once the app serves."""
    inodes = {link.readlink().name for link in Path(f"/proc/{pid}/fd").iterdir()}
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        words = line.split()
        if words[3] == "0A" and f"socket:[{words[9]}]" in inodes:
            return int(words[1].split(":")[1], 16)
    return None


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--https", "--env", "production"], "in production give --tls-certificate"),
        (["--https", "--tls-certificate", "x.pem"], "leave it out, or --tls-certificate"),
        (["--tls-key", "x.key"], "of no use without --tls-certificate"),
    ],
)
def test_options_that_do_not_go_together_are_wrong_usage(folder: Path, options: list[str], said: str) -> None:
    ended = run_to_end(["run", *options], folder, {"XDG_DATA_HOME": str(folder)})
    assert ended.returncode == 2
    assert said in " ".join(ended.stderr.split())
    assert not (folder / "bistro").exists()
