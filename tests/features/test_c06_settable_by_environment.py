"""C6: everything is settable by environment; `.env` counts in development only; `.env.example` is generated."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.processes import Running, children_of, fetch, run_command

pytestmark = pytest.mark.slow

HELLO = 'from bistro import App\napp = App()\n@app.get("/")\ndef hello() -> str:\n    return "hello"\n'
VALUES = {
    "HOST": "0.0.0.0",
    "PORT": "9000",
    "WEB_CONCURRENCY": "3",
    "UDS": "/run/shop.sock",
    "GRACE_SECONDS": "5.0",
    "TLS_CERTIFICATE": "/etc/shop.pem",
    "TLS_KEY": "/etc/shop.key",
    "LOCAL_HTTPS": "true",
    "WORKER_MAX_MEMORY": "400.0",
    "WORKER_MAX_REQUESTS": "10000",
    "WORKER_MAX_AGE": "3600.0",
    "WORKER_MAX_BLOCKED": "30.0",
    "DATABASE_URL": "sqlite:///shop.db",
    "LOG_LEVEL": "DEBUG",
    "LOG_FORMAT": "json",
    "DEBUG": "true",
    "BISTRO_APP": "app:app",
}


def settings(folder: Path, env: dict[str, str]) -> dict[str, tuple[str, str]]:
    ended = run_command(["config", "--json"], folder, env)
    return {each["variable"]: (each["value"], each["from"]) for each in json.loads(ended.stdout)}


@pytest.mark.parametrize("name", VALUES)
def test_c06_environment_sets_it_and_dot_env_does_in_development(tmp_path: Path, name: str) -> None:
    (tmp_path / "app.py").write_text(HELLO)
    value = VALUES[name]
    assert settings(tmp_path, {name: value})[name] == (value, "environment")
    (tmp_path / ".env").write_text(f"{name}={value}\n")
    assert settings(tmp_path, {})[name] == (value, ".env:1")
    assert settings(tmp_path, {"ENV": "testing"})[name][1] == "default"


def test_c06_environment_decides_where_and_with_how_many_is_served(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(HELLO)
    env = {"PORT": "0", "WEB_CONCURRENCY": "2", "ENV": "production", "ALLOWED_HOSTS": "127.0.0.1"}
    with Running(["run"], tmp_path, env) as running:
        assert fetch(running.wait_until_serving()) == (200, "hello")
        assert len(children_of(running.process.pid)) == 2


def test_c06_command_line_wins_over_the_environment(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(HELLO)
    with Running(
        ["run", "--port", "0", "--workers", "1"], tmp_path, {"PORT": "1", "WEB_CONCURRENCY": "9"}
    ) as running:
        running.wait_until_serving()


def test_c06_log_level_comes_from_the_environment(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(HELLO)
    with Running(["run", "--port", "0"], tmp_path, {"LOG_LEVEL": "ERROR"}) as running:
        fetch(running.wait_until_serving())
        running.signal(15)
        running.wait()
        assert '"event":"request"' not in running.text


def test_c06_env_example_is_generated(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(HELLO)
    example = run_command(["config", "--example"], tmp_path).stdout
    assert [name for name in (*VALUES, "SECRET_KEY") if f"{name}=" not in example] == []
