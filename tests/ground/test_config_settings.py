"""The settings that a class describes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

import msgspec
import pytest

from bistro.ground.config_errors import ConfigError
from bistro.ground.config_settings import NO_DEFAULT, describe_settings
from bistro.ground.secret import Secret


@dataclass(frozen=True)
class Mail:
    host: str
    password: str = ""


class Shop(msgspec.Struct, frozen=True):
    database_url: Annotated[str, msgspec.Meta(description="Where the data lives.")]
    mail: Mail
    backup_mail: Mail | None = None
    hosts: list[str] = []
    key: Secret = Secret("")


@dataclass
class WithDataclassDefaults:
    hosts: list[str] = field(default_factory=lambda: ["localhost"])
    made: int = field(default=1, init=False)


@dataclass
class Clashing:
    mail: Mail
    mail_host: str = ""


@dataclass
class Endless:
    inner: Endless | None = None


@dataclass
class Unresolvable:
    value: NowhereDefined  # type: ignore[name-defined]  # noqa: F821 - that is the test


def test_nested_fields_are_named_by_their_whole_path():
    names = {setting.name: setting.env_name for setting in describe_settings(Shop, "SHOP_").settings()}

    assert names == {
        "database_url": "SHOP_DATABASE_URL",
        "mail.host": "SHOP_MAIL_HOST",
        "mail.password": "SHOP_MAIL_PASSWORD",
        "backup_mail.host": "SHOP_BACKUP_MAIL_HOST",
        "backup_mail.password": "SHOP_BACKUP_MAIL_PASSWORD",
        "hosts": "SHOP_HOSTS",
        "key": "SHOP_KEY",
    }


def test_secret_is_what_has_the_type_or_the_name():
    secret = [setting.name for setting in describe_settings(Shop).settings() if setting.secret]

    assert secret == ["mail.password", "backup_mail.password", "key"]


def test_defaults_and_descriptions_are_found():
    settings = {setting.name: setting for setting in describe_settings(Shop).settings()}

    assert settings["database_url"].default is NO_DEFAULT
    assert settings["database_url"].description == "Where the data lives."
    assert settings["hosts"].default == []


def test_default_factories_are_called_and_fields_that_are_not_arguments_left_out():
    (setting,) = describe_settings(WithDataclassDefaults).settings()

    assert setting.default == ["localhost"]


def test_two_settings_with_one_name_in_the_environment_are_refused():
    with pytest.raises(ConfigError, match=r"MAIL_HOST would be read by both mail\.host and mail_host"):
        describe_settings(Clashing)


def test_class_that_holds_itself_is_refused():
    with pytest.raises(ConfigError, match="inner holds itself"):
        describe_settings(Endless)


def test_type_that_cannot_be_found_is_told():
    with pytest.raises(ConfigError, match="NowhereDefined"):
        describe_settings(Unresolvable)


@pytest.mark.parametrize("kind", [int, dict, object])
def test_what_is_no_class_of_settings_is_refused(kind: type):
    with pytest.raises(TypeError, match="Struct or a dataclass"):
        describe_settings(kind)
