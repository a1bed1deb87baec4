from __future__ import annotations

import json

import pytest

from tests.cli.conftest import HELLO, Site

CONFIGURED = (
    """
from dataclasses import dataclass
from bistro.ground.config import Secret, read_config

@dataclass(frozen=True)
class ShopConfig:
    shop_name: str = "Corner"
    pay_key: Secret | None = None

config = read_config(ShopConfig)
"""
    + HELLO
)


def values(site: Site) -> dict[str, tuple[str, str]]:
    return {
        each["variable"]: (each["value"], each["from"])
        for each in json.loads(site.run("config", "--json").out)
    }


def test_every_setting_tells_its_value_and_origin(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "9000")
    site.write("\nHOST=0.0.0.0\n", ".env")
    found = values(site)
    assert found["PORT"] == ("9000", "environment")
    assert found["HOST"] == ("0.0.0.0", ".env:2")
    assert found["WEB_CONCURRENCY"] == ("", "default")
    assert found["BISTRO_ENV"] == ("development", "default")


def test_settings_of_the_site_are_shown_with_their_owner(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.write(CONFIGURED)
    monkeypatch.setenv("SHOP_NAME", "Bistro")
    line = next(line for line in site.run("config").out.splitlines() if line.startswith("SHOP_NAME"))
    assert line.split() == ["SHOP_NAME", "Bistro", "environment", "ShopConfig"]


def test_secrets_and_passwords_are_masked(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.write(CONFIGURED)
    monkeypatch.setenv("SECRET_KEY", "hunter2hunter2")
    monkeypatch.setenv("PAY_KEY", "hunter2")
    monkeypatch.setenv("DATABASE_URL", "postgres://shop:hunter2@db/shop")
    for arguments in (["config"], ["config", "--json"]):
        text = site.run(*arguments).out
        assert "hunter2" not in text
        assert "***" in text


def test_dot_env_is_not_read_in_production(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENV", "production")
    site.write("PORT=9000\n", ".env")
    found = values(site)
    assert found["PORT"] == ("8000", "default")
    assert found["BISTRO_ENV"] == ("production", "environment (ENV)")


def test_wrong_value_ends_with_78_and_names_it(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "http")
    result = site.run("config")
    assert result.code == 78
    assert "PORT is 'http'; wanted a whole number   (environment)" in result.err


def test_framework_settings_are_shown_also_where_the_site_is_broken(site: Site) -> None:
    site.write("1 / 0\n")
    result = site.run("config")
    assert result.code == 1
    assert "WEB_CONCURRENCY" in result.out
    assert "ZeroDivisionError" in result.err


def test_example_has_every_setting_and_no_value(site: Site) -> None:
    site.write(CONFIGURED)
    text = site.run("config", "--example").out
    assert "# SHOP_NAME=" in text
    assert "SECRET_KEY=" in text


def test_setting_that_site_and_framework_share_keeps_its_origin(site: Site) -> None:
    site.write(CONFIGURED.replace("shop_name: str", "database_url: str"))
    site.write("DATABASE_URL=sqlite:///a.db\n", ".env")
    lines = [line.split() for line in site.run("config").out.splitlines() if line.startswith("DATABASE_URL")]
    assert [line[2] for line in lines] == [".env:1", ".env:1"]
