"""F262: settings are a class with types, filled from the environment and `.env`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import pytest

from bistro.ground import ConfigError, Secret, read_config


@dataclass(frozen=True)
class Mail:
    host: str = "localhost"
    port: Annotated[int, msgspec.Meta(ge=1, le=65535)] = 25


@dataclass(frozen=True)
class Shop:
    database_url: str
    api_key: Secret
    mail: Mail = Mail()
    hosts: tuple[str, ...] = ()
    lifetime: timedelta = timedelta(days=14)
    theme: Literal["light", "dark"] = "light"
    debug: bool = False
    rate: float | None = None


class Small(msgspec.Struct, frozen=True):
    workers: int = 1


ENV_FILE = """
# of a developer
DATABASE_URL=sqlite:///shop.db   # beside the app
export API_KEY='k#y $HOME'
MAIL_PORT=2525
HOSTS="shop.example, www.shop.example"
LIFETIME=2h30m
THEME=dark
DEBUG=yes
RATE=0.5
"""
FROM_FILE = Shop(
    database_url="sqlite:///shop.db",
    api_key=Secret("k#y $HOME"),
    mail=Mail(port=2525),
    hosts=("shop.example", "www.shop.example"),
    lifetime=timedelta(hours=2, minutes=30),
    theme="dark",
    debug=True,
    rate=0.5,
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a project with a file `.env`, in which the program runs."""
    (tmp_path / ".env").write_text(ENV_FILE, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_env_file_fills_every_field_in_its_type_in_development(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BISTRO_ENV", "development")

    assert read_config(Shop) == FROM_FILE


def test_environment_comes_before_the_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BISTRO_ENV", "development")
    monkeypatch.setenv("MAIL_PORT", "587")
    monkeypatch.setenv("THEME", "light")

    config = read_config(Shop)

    assert (config.mail.port, config.theme, config.database_url) == (587, "light", "sqlite:///shop.db")


def test_production_reads_the_file_only_where_asked(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BISTRO_ENV", "production")

    with pytest.raises(ConfigError, match="DATABASE_URL is missing"):
        read_config(Shop)
    assert read_config(Shop, env_file=folder / ".env") == FROM_FILE


def test_struct_is_filled_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKERS", "4")

    assert read_config(Small) == Small(workers=4)


@pytest.mark.parametrize(
    ("name", "text"),
    [("MAIL_PORT", "smtp"), ("MAIL_PORT", "70000"), ("THEME", "blue"), ("DEBUG", "perhaps"), ("RATE", "x")],
)
def test_text_that_does_not_fit_the_type_is_refused_by_name(
    folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, text: str
) -> None:
    monkeypatch.setenv(name, text)

    with pytest.raises(ConfigError, match=f"{name} is '{text}'"):
        read_config(Shop, env_file=folder / ".env")
