"""Where settings come from: the environment, a `.env` file, a TOML file, in this order."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple

from bistro.ground.config_errors import ConfigFault
from bistro.ground.config_settings import Setting, SettingGroup
from bistro.ground.env_file import EnvFile, parse_env_file
from bistro.ground.environment import find_environment
from bistro.ground.text import did_you_mean

EnvFileChoice = str | Path | Literal[False] | None
"""A path; False for none; None for `.env` in the current folder, if there is one, in development only."""


class Found(NamedTuple):
    """A value as it was found, and where."""

    value: object
    origin: str


class Sources:
    """The three sources, read once, and what is wrong with them."""

    def __init__(
        self, env: Mapping[str, str] | None, env_file: EnvFileChoice, toml_file: str | Path | None
    ) -> None:
        self.faults: list[ConfigFault] = []
        self._env = os.environ if env is None else env
        self._env_path = _choose_env_file(self._env, env_file)
        self._env_file = self._read_env_file(must_exist=env_file is not None)
        self._toml_path = None if toml_file is None else Path(toml_file)
        # Any: TOML holds any kinds of values.
        self._toml: dict[str, Any] = self._read_toml_file()

    def find(self, setting: Setting) -> Found | None:
        """The value of the first source that has one."""
        return self.find_text(setting.env_name) or self._find_in_toml(setting)

    def find_text(self, env_name: str) -> Found | None:
        """The text of `env_name` in the environment, or else in `.env`."""
        text = self._env.get(env_name)
        if text is not None:
            return Found(text, "environment")
        line = self._env_file.values.get(env_name)
        return None if line is None else Found(line.value, f"{self._env_path}:{line.line}")

    def has_any(self, group: SettingGroup) -> bool:
        """Whether a source says anything about the settings of `group`."""
        return any(self.find(setting) is not None for setting in group.settings())

    def find_near_miss(self, env_name: str, known: set[str], env_prefix: str) -> str | None:
        """A name that is set, that no setting reads, and that may have been meant for `env_name`."""
        names = [name for name in self._env_names() if name not in known and name.startswith(env_prefix)]
        return did_you_mean(env_name, names, likeness_min=0.8)

    def find_misspelt(self, known: set[str], told: set[str], env_prefix: str) -> list[ConfigFault]:
        """Names with the site's prefix that no setting reads and that look like one that is not set.

        Without those in `told`, which have been spoken of.
        """
        if not env_prefix:
            return []
        unset = [name for name in known if self.find_text(name) is None]
        faults = []
        for name in self._env_names():
            if name.startswith(env_prefix) and name not in known and name not in told:
                near = did_you_mean(name, unset, likeness_min=0.8)
                found = self.find_text(name)
                if near is not None and found is not None:
                    faults.append(_unknown(name, found.origin, near))
        return faults

    def find_unknown_keys(self, group: SettingGroup) -> list[ConfigFault]:
        """Keys of the TOML file that no setting reads."""
        return self._unknown_keys_in(self._toml, group)

    # Any: a table of TOML.
    def _unknown_keys_in(self, table: dict[str, Any], group: SettingGroup) -> list[ConfigFault]:
        faults = []
        for key, value in table.items():
            path = ".".join((*group.path, key))
            entry = group.entries.get(key)
            if entry is None:
                near = did_you_mean(key, group.entries)
                faults.append(_unknown(path, str(self._toml_path), near))
            elif isinstance(entry, SettingGroup) and isinstance(value, dict):
                faults += self._unknown_keys_in(value, entry)
            elif isinstance(entry, SettingGroup):
                faults.append(ConfigFault(path, "a table", str(self._toml_path), "is no table"))
        return faults

    def _find_in_toml(self, setting: Setting) -> Found | None:
        value: object = self._toml
        for key in setting.path:
            if not isinstance(value, dict) or key not in value:
                return None
            value = value[key]
        return Found(value, f"{self._toml_path}: {setting.name}")

    def _env_names(self) -> list[str]:
        return [*self._env, *self._env_file.values]

    def _read_env_file(self, *, must_exist: bool) -> EnvFile:
        text = self._read_text(self._env_path, must_exist=must_exist)
        read = parse_env_file(text)
        self.faults += [
            ConfigFault(f"{self._env_path}:{fault.line}", problem=f"can't be read: {fault.message}")
            for fault in read.faults
        ]
        return read

    # Any: TOML holds any kinds of values.
    def _read_toml_file(self) -> dict[str, Any]:
        try:
            return tomllib.loads(self._read_text(self._toml_path, must_exist=True))
        except tomllib.TOMLDecodeError as error:
            self.faults.append(ConfigFault(str(self._toml_path), problem=f"is no TOML: {error}"))
            return {}

    def _read_text(self, path: Path | None, *, must_exist: bool) -> str:
        if path is None or (not must_exist and not path.exists()):
            return ""
        try:
            return path.read_bytes().decode("utf-8")
        except OSError as error:
            self.faults.append(ConfigFault(str(path), problem=f"can't be read: {error.strerror}"))
        except UnicodeDecodeError:
            self.faults.append(ConfigFault(str(path), problem="can't be read: it is not UTF-8"))
        return ""


def _choose_env_file(env: Mapping[str, str], choice: EnvFileChoice) -> Path | None:
    if choice is False:
        return None
    if choice is not None:
        return Path(choice)
    return Path(".env") if find_environment(env) == "development" else None


def _unknown(name: str, origin: str, near: str | None) -> ConfigFault:
    hint = f"Did you mean {near}?" if near else ""
    return ConfigFault(name, origin=origin, problem="is no setting", hint=hint)
