"""Reading a site's settings: the right value from the right place, and every fault at once."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import pytest

from bistro.ground.config import ConfigError, Secret, config_origins, make_env_example, read_config


@dataclass(frozen=True)
class Mail:
    host: str = "localhost"
    port: int = 25
    password: Secret = Secret("")  # noqa: RUF009 - a Secret never changes


@dataclass(frozen=True)
class Shop:
    database_url: Annotated[str, msgspec.Meta(description="Where the data lives.")]
    mail: Mail = Mail()
    session_lifetime: timedelta = timedelta(days=14)
    debug: bool = False
    hosts: list[str] = field(default_factory=list)
    kind: Literal["small", "large"] = "small"


class StructShop(msgspec.Struct, frozen=True):
    database_url: str
    secret_key: Secret
    mail: Mail | None = None
    port: int = 80


@dataclass(frozen=True)
class Checked:
    low: int = 0
    high: int = 10

    def __post_init__(self) -> None:
        if self.low > self.high:
            raise ValueError("low is above high")


DATABASE = {"DATABASE_URL": "sqlite:///shop.db"}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def faults_of(kind: type, **options: object) -> dict[str, str]:
    with pytest.raises(ConfigError) as caught:
        read_config(kind, **options)  # type: ignore[arg-type]  # passed on as they are
    return {fault.name: str(fault) for fault in caught.value.faults}


def test_values_come_from_the_environment_and_the_rest_from_defaults():
    config = read_config(Shop, env={**DATABASE, "DEBUG": "yes", "HOSTS": "a.example, b.example"})

    assert config == Shop("sqlite:///shop.db", debug=True, hosts=["a.example", "b.example"])


def test_the_process_environment_is_read_by_default(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DATABASE_URL", "postgres://db/shop")

    assert read_config(Shop, env_file=False).database_url == "postgres://db/shop"


def test_prefix_goes_before_every_name():
    env = {"SHOP_DATABASE_URL": "x", "SHOP_MAIL_HOST": "mx", "MAIL_HOST": "wrong"}

    assert read_config(Shop, env=env, env_prefix="SHOP_") == Shop("x", Mail("mx"))


def test_nested_settings_come_from_the_environment_and_from_tables(folder: Path):
    (folder / "shop.toml").write_text('[mail]\nhost = "mx"\nport = 587\n')

    config = read_config(Shop, env={**DATABASE, "MAIL_PORT": "2525"}, toml_file="shop.toml")

    assert config.mail == Mail("mx", 2525)


def test_precedence_is_environment_then_env_file_then_toml_then_default(folder: Path):
    (folder / ".env").write_text("MAIL_HOST=from-env-file\nKIND=large\nMAIL_PORT=2\n")
    (folder / "shop.toml").write_text('kind = "small"\ndebug = true\n[mail]\nhost = "from-toml"\n')

    config = read_config(Shop, env={**DATABASE, "MAIL_PORT": "1"}, env_file=".env", toml_file="shop.toml")

    assert config == Shop("sqlite:///shop.db", Mail("from-env-file", 1), debug=True, kind="large")


def test_msgspec_structs_are_filled_too():
    config = read_config(StructShop, env={**DATABASE, "SECRET_KEY": "s", "PORT": "8000"})

    assert config == StructShop("sqlite:///shop.db", Secret("s"), None, 8000)


def test_optional_group_is_made_when_one_of_its_settings_is_given():
    config = read_config(StructShop, env={**DATABASE, "SECRET_KEY": "s", "MAIL_HOST": "mx"})

    assert config.mail == Mail("mx")


def test_group_with_a_default_object_keeps_the_values_of_that_object():
    @dataclass
    class Site:
        mail: Mail = Mail("mx", 587)

    # A class made in a function can't be resolved from text, so that its types are given as they are.
    Site.__annotations__ = {"mail": Mail}

    assert read_config(Site, env={"MAIL_PORT": "2525"}).mail == Mail("mx", 2525)


def test_empty_text_means_not_set_for_what_is_no_text():
    assert read_config(Shop, env={**DATABASE, "DEBUG": "", "MAIL_PORT": "", "MAIL_HOST": ""}).mail == Mail("")


def test_all_faults_are_told_at_once_each_with_its_origin(folder: Path):
    (folder / ".env").write_text("DEBUG=maybe\nMAIL_PORT=x\nwhat is this\n")
    (folder / "shop.toml").write_text('kind = "huge"\nsession_lifetme = "1d"\n[mail]\nprot = 1\n')

    faults = faults_of(Shop, env={"HOSTS": "[1,"}, env_file=".env", toml_file="shop.toml")

    assert faults == {
        ".env:3": ".env:3 can't be read: there is no = on this line",
        "DATABASE_URL": "DATABASE_URL is missing; wanted a text\n    Where the data lives.",
        "MAIL_PORT": "MAIL_PORT is 'x'; wanted a whole number   (.env:2)",
        "DEBUG": "DEBUG is 'maybe'; wanted true or false   (.env:1)",
        "HOSTS": faults["HOSTS"],
        "KIND": "KIND is 'huge'; wanted one of 'small', 'large'   (shop.toml: kind)",
        "session_lifetme": "session_lifetme is no setting   (shop.toml)\n    Did you mean session_lifetime?",
        "mail.prot": "mail.prot is no setting   (shop.toml)\n    Did you mean port?",
    }
    assert faults["HOSTS"].endswith("wanted a list with commas, each a text   (environment)")


def test_required_setting_that_is_empty_is_told_as_empty():
    assert faults_of(Shop, env={"DATABASE_URL": ""})["DATABASE_URL"].startswith("DATABASE_URL is empty;")


def test_near_miss_of_a_missing_setting_is_proposed():
    faults = faults_of(Shop, env={"DATABSE_URL": "x"})

    assert "DATABSE_URL is set. Did you mean DATABASE_URL?" in faults["DATABASE_URL"]


def test_other_variables_of_the_machine_are_no_near_misses():
    faults = faults_of(Shop, env={"HOSTNAME": "x", "PATH": "x", "DATA": "x"})

    assert "Did you mean" not in faults["DATABASE_URL"]


def test_misspelt_name_with_the_prefix_is_a_fault_also_where_there_is_a_default():
    faults = faults_of(
        Shop, env={"SHOP_DATABASE_URL": "x", "SHOP_DEBGU": "1", "SHOP_HOME": "/srv"}, env_prefix="SHOP_"
    )

    assert faults == {"SHOP_DEBGU": "SHOP_DEBGU is no setting   (environment)\n    Did you mean SHOP_DEBUG?"}


def test_near_miss_is_told_once():
    assert list(faults_of(Shop, env={"SHOP_DATABSE_URL": "x"}, env_prefix="SHOP_")) == ["SHOP_DATABASE_URL"]


def test_wrong_value_of_a_secret_setting_is_not_shown():
    @dataclass
    class Site:
        session_token: int

    Site.__annotations__ = {"session_token": int}

    faults = faults_of(Site, env={"SESSION_TOKEN": "hunter2"})

    assert faults == {
        "SESSION_TOKEN": "SESSION_TOKEN has a wrong value; wanted a whole number   (environment)"
    }


def test_password_in_a_url_is_not_shown():
    @dataclass
    class Site:
        database: int

    Site.__annotations__ = {"database": int}

    assert "hunter2" not in faults_of(Site, env={"DATABASE": "postgres://ada:hunter2@db/shop"})["DATABASE"]


def test_refusal_of_the_class_itself_is_a_fault():
    assert faults_of(Checked, env={"LOW": "11"}) == {"Checked": "Checked is refused: low is above high"}


def test_table_where_a_value_is_wanted_and_value_where_a_table_is_wanted_are_faults(folder: Path):
    (folder / "shop.toml").write_text("mail = 3\n[database_url]\nx = 1\n")

    faults = faults_of(Shop, env={}, toml_file="shop.toml")

    assert "mail is no table" in faults["mail"]
    assert "wanted a text" in faults["DATABASE_URL"]


def test_exit_code_of_a_wrong_configuration_is_78():
    assert ConfigError.exit_code == 78


def test_origins_of_a_dataclass_are_those_of_the_reading(folder: Path):
    (folder / ".env").write_text("\nMAIL_HOST=mx\n")
    (folder / "shop.toml").write_text("debug = true\n")
    config = read_config(Shop, env=DATABASE, env_file=".env", toml_file="shop.toml")

    origins = {name: (value.value, value.origin) for name, value in config_origins(config).items()}

    assert origins == {
        "database_url": ("sqlite:///shop.db", "environment"),
        "mail.host": ("mx", ".env:2"),
        "mail.port": ("25", "default"),
        "mail.password": ("", "default"),
        "session_lifetime": ("14d", "default"),
        "debug": ("true", "shop.toml: debug"),
        "hosts": ("", "default"),
        "kind": ("small", "default"),
    }


def test_noted_origins_change_neither_equality_nor_repr_nor_asdict():
    config = read_config(Shop, env=DATABASE)

    assert config == Shop("sqlite:///shop.db")
    assert "origins" not in repr(config)
    assert list(dataclasses.asdict(config)) == [field.name for field in dataclasses.fields(Shop)]


def test_origins_of_a_struct_are_looked_up_again_with_the_same_arguments():
    env = {**DATABASE, "SECRET_KEY": "s3cret", "MAIL_HOST": "mx"}
    config = read_config(StructShop, env=env)

    shown = config_origins(config, env=env)

    assert {name: value.origin for name, value in shown.items()} == {
        "database_url": "environment",
        "secret_key": "environment",
        "mail.host": "environment",
        "mail.port": "default",
        "mail.password": "default",
        "port": "default",
    }


def test_value_that_no_source_gives_was_made_in_code():
    shown = config_origins(
        StructShop("made here", Secret("s"), port=8000), env={"PORT": "80", "DATABASE_URL": "other"}
    )

    assert {name: value.origin for name, value in shown.items() if value.value} == {
        "database_url": "code",
        "secret_key": "code",
        "port": "code",
    }


def test_source_that_has_turned_wrong_since_is_not_the_origin():
    config = read_config(StructShop, env={**DATABASE, "SECRET_KEY": "s", "PORT": "8000"})

    assert config_origins(config, env={"PORT": "eighty"})["port"].origin == "code"


def test_replaced_dataclass_tells_that_its_value_was_made_in_code():
    config = dataclasses.replace(read_config(Shop, env=DATABASE), debug=True)

    assert config_origins(config, env=DATABASE)["debug"].origin == "code"


def test_secrets_are_masked_wherever_they_are_shown():
    env = {
        "DATABASE_URL": "postgres://ada:hunter2@db/shop",
        "SECRET_KEY": "hunter2",
        "MAIL_PASSWORD": "hunter2",
    }
    config = read_config(StructShop, env=env)

    shown = config_origins(config, env=env)

    assert "hunter2" not in str(shown)
    assert shown["secret_key"].value == shown["mail.password"].value == "***"
    assert shown["secret_key"].secret
    assert shown["database_url"].value == "postgres://ada:***@db/shop"


def test_secret_of_the_configuration_is_used_by_revealing_it():
    config = read_config(StructShop, env={**DATABASE, "SECRET_KEY": "s3cret"})

    assert config.secret_key.reveal() == "s3cret"
    assert "s3cret" not in repr(config)


def test_example_file_names_every_setting_and_can_be_read_as_env_file(folder: Path):
    example = make_env_example(StructShop, env_prefix="SHOP_")

    assert "# a text, must be set\nSHOP_DATABASE_URL=\n" in example
    assert "# a whole number, by default 80\n# SHOP_PORT=\n" in example
    (folder / ".env").write_text(example)
    faults = faults_of(StructShop, env={}, env_prefix="SHOP_", env_file=".env")
    assert list(faults) == ["SHOP_DATABASE_URL", "SHOP_SECRET_KEY"]


def test_example_file_shows_no_secret_default():
    @dataclass
    class Site:
        api_key: str = "hunter2"

    assert "hunter2" not in make_env_example(Site)


def test_class_that_is_no_configuration_is_refused():
    with pytest.raises(TypeError, match="Struct or a dataclass"):
        read_config(dict, env={})
