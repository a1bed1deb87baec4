"""A site's settings, read into your own frozen class: from the environment, `.env`, TOML, defaults.

    @dataclass(frozen=True)
    class ShopConfig:
        database_url: str
        mail: MailConfig                    # mail.host is MAIL_HOST, or host under [mail] in TOML
        session_days: int = 14

    config = read_config(ShopConfig)

Everything that is wrong is collected and told at once, with where it stands. See
docs/reference/configuration.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from bistro.ground.config_errors import ConfigError, ConfigFault
from bistro.ground.config_settings import NO_DEFAULT, Setting, SettingGroup, describe_settings
from bistro.ground.config_sources import EnvFileChoice, Found, Sources
from bistro.ground.config_values import WrongValue, convert_setting, describe_type, holds_text, write_setting
from bistro.ground.environment import Environment, find_debug, find_environment
from bistro.ground.redaction import clean_text
from bistro.ground.secret import MASK, Secret, is_sensitive_name

__all__ = [
    "ConfigError",
    "ConfigFault",
    "ConfigValue",
    "EnvFileChoice",
    "Environment",
    "Secret",
    "config_origins",
    "find_debug",
    "find_environment",
    "make_env_example",
    "read_config",
]

Config = TypeVar("Config")


@dataclass(frozen=True, slots=True)
class ConfigValue:
    """A setting as it may be shown: `value` is masked where it is secret."""

    name: str
    env_name: str
    value: str
    origin: str
    """`environment`, `.env:3`, `shop.toml: mail.host`, `default`, or `code`."""
    secret: bool


def read_config(
    kind: type[Config],
    *,
    env: Mapping[str, str] | None = None,
    env_prefix: str = "",
    env_file: EnvFileChoice = None,
    toml_file: str | Path | None = None,
) -> Config:
    """A `kind` (Struct or dataclass) filled from environment, `.env`, TOML and defaults, in this order.

    `env_prefix` goes before every name of the environment: `SHOP_` makes `port` be `SHOP_PORT`.
    `env_file` is read where it is given; `.env` in the current folder in development only; False
    reads none. Raises ConfigError (B101, exit code 78) that lists everything that is wrong.
    """
    group = describe_settings(kind, env_prefix)
    reader = _Reader(group, Sources(env, env_file, toml_file), env_prefix)
    config = reader.read()
    if reader.faults:
        raise ConfigError(kind.__name__, reader.faults)
    assert isinstance(config, kind)
    # Kept where the object has room for it; else `config_origins` looks anew.
    if hasattr(config, "__dict__"):
        vars(config)[_ORIGINS] = dict(reader.origins)
    return config


def config_origins(
    config: object,
    *,
    env: Mapping[str, str] | None = None,
    env_prefix: str = "",
    env_file: EnvFileChoice = None,
    toml_file: str | Path | None = None,
) -> dict[str, ConfigValue]:
    """Each setting of `config` by its name (`mail.host`), with the value in a form that may be shown.

    For a dataclass, `read_config` noted the origins in it. A Struct has no room for notes: the
    sources are looked at again, so that the arguments should be those of `read_config`; a value
    that no source gives has the origin `code`.
    """
    group = describe_settings(type(config), env_prefix)
    noted: dict[str, str] | None = getattr(config, "__dict__", {}).get(_ORIGINS)
    sources = Sources(env, env_file, toml_file)
    shown = {}
    for setting in group.settings():
        value = _value_at(config, setting.path)
        origin = _origin_now(setting, value, sources) if noted is None else noted.get(setting.name, "code")
        shown[setting.name] = ConfigValue(
            setting.name, setting.env_name, _show(setting, value), origin, setting.secret
        )
    return shown


def make_env_example(kind: type, *, env_prefix: str = "") -> str:
    """The text of a `.env.example`: every setting, what to write, and its default unless it is secret."""
    blocks = []
    for setting in describe_settings(kind, env_prefix).settings():
        wanted = describe_type(setting.wanted)
        lines = [f"# {setting.description}"] if setting.description else []
        if setting.default is NO_DEFAULT:
            lines += [f"# {wanted}, must be set", f"{setting.env_name}="]
        else:
            shown = _show(setting, setting.default)
            lines += [f"# {wanted}, by default {shown or 'empty'}", f"# {setting.env_name}="]
        blocks.append("\n".join(lines) + "\n")
    return "\n".join(blocks)


_ORIGINS = "__bistro_config_origins__"
_FAULTY = object()


class _Reader:
    """One reading: goes through the settings, collects faults and origins."""

    def __init__(self, group: SettingGroup, sources: Sources, env_prefix: str) -> None:
        self._group = group
        self._sources = sources
        self._env_prefix = env_prefix
        self._known = {setting.env_name for setting in group.settings()}
        self.faults = list(sources.faults)
        # Names that a missing setting's hint has spoken of already.
        self._told: set[str] = set()
        self.origins: dict[str, str] = {}

    def read(self) -> object:
        config = self._read_group(self._group, NO_DEFAULT)
        self.faults += self._sources.find_unknown_keys(self._group)
        self.faults += self._sources.find_misspelt(self._known, self._told, self._env_prefix)
        return config

    def _read_group(self, group: SettingGroup, default: object) -> object:
        if default is not NO_DEFAULT and not self._sources.has_any(group):
            self.origins.update((setting.name, "default") for setting in group.settings())
            return default
        values: dict[str, object] = {}
        for name, entry in group.entries.items():
            own = getattr(default, name, entry.default)
            if isinstance(entry, Setting):
                values[name] = self._read_setting(entry, own)
            else:
                values[name] = self._read_group(entry, own)
        if any(value is _FAULTY for value in values.values()):
            return _FAULTY
        return self._build(group, values)

    def _build(self, group: SettingGroup, values: dict[str, object]) -> object:
        try:
            return group.kind(**values)
        except (ValueError, TypeError) as error:
            # The class's own __post_init__ refused; its message is written for the one who reads it.
            name = ".".join(group.path) or group.kind.__name__
            self.faults.append(ConfigFault(name, problem=f"is refused: {clean_text(str(error))}"))
            return _FAULTY

    def _read_setting(self, setting: Setting, default: object) -> object:
        found = self._sources.find(setting)
        empty = found is not None and found.value == ""
        # An empty text that must be set is a line of an example file that nobody filled in.
        if found is not None and not (empty and (default is NO_DEFAULT or not holds_text(setting.wanted))):
            return self._convert(setting, found)
        if default is NO_DEFAULT:
            self.faults.append(self._missing(setting, found))
            return _FAULTY
        self.origins[setting.name] = "default"
        return default

    def _convert(self, setting: Setting, found: Found) -> object:
        try:
            value: object = convert_setting(found.value, setting.wanted)
        except WrongValue as error:
            self.faults.append(_wrong(setting, found, str(error)))
            return _FAULTY
        self.origins[setting.name] = found.origin
        return value

    def _missing(self, setting: Setting, found: Found | None) -> ConfigFault:
        hint = setting.description
        near = self._sources.find_near_miss(setting.env_name, self._known, self._env_prefix)
        if near is not None:
            self._told.add(near)
            hint = f"{near} is set. Did you mean {setting.env_name}?"
        problem = "is missing" if found is None else "is empty"
        origin = "" if found is None else found.origin
        return ConfigFault(setting.env_name, describe_type(setting.wanted), origin, problem, hint)


def _wrong(setting: Setting, found: Found, reason: str) -> ConfigFault:
    # Of a secret neither the value nor the reason, which may quote it, is told.
    problem = "has a wrong value"
    if not setting.secret and not is_sensitive_name(setting.path[-1]):
        problem = f"is {clean_text(repr(found.value), length_max=80)}"
        if not any(words in reason for words in _REASONS_THAT_SAY_NO_MORE):
            problem += f" ({clean_text(reason)})"
    wanted = describe_type(setting.wanted)
    return ConfigFault(setting.env_name, wanted, found.origin, problem, setting.description)


_REASONS_THAT_SAY_NO_MORE = ("got `", "Invalid enum value", "write true or false", "ISO8601")


def _value_at(config: object, path: tuple[str, ...]) -> object:
    value = config
    for name in path:
        value = getattr(value, name, None)
    return value


def _origin_now(setting: Setting, value: object, sources: Sources) -> str:
    found = sources.find(setting)
    if found is not None:
        try:
            if convert_setting(found.value, setting.wanted) == value:
                return found.origin
        except WrongValue:
            pass
    return "default" if setting.default is not NO_DEFAULT and setting.default == value else "code"


def _show(setting: Setting, value: object) -> str:
    if value is None or value == "" or value == Secret(""):
        return ""
    # Also the password inside a URL is masked by clean_text.
    return MASK if setting.secret else clean_text(write_setting(value))
