"""The settings that a class describes: each leaf of a Struct or dataclass, nested ones included."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Iterator

# Any: a field of settings may have any type.
from typing import Any, cast

import msgspec
from msgspec import Struct

from bistro.ground.config_errors import ConfigError, ConfigFault
from bistro.ground.config_values import SettingType, is_config_type, plain_type
from bistro.ground.secret import Secret, is_sensitive_name

NO_DEFAULT = object()


class Setting(Struct, frozen=True):
    """One value to read."""

    path: tuple[str, ...]
    env_name: str
    wanted: SettingType
    default: object
    description: str

    @property
    def name(self) -> str:
        """The path as one text, e.g. `mail.host`."""
        return ".".join(self.path)

    @property
    def secret(self) -> bool:
        """Whether the value must not be shown: by its type, or a text by its name."""
        kind = plain_type(self.wanted)
        return kind is Secret or (kind in (str, bytes, Any) and is_sensitive_name(self.path[-1]))


class SettingGroup(Struct, frozen=True):
    """A class of settings, and what its fields hold."""

    path: tuple[str, ...]
    kind: type
    entries: dict[str, Setting | SettingGroup]
    default: object

    def settings(self) -> Iterator[Setting]:
        """All the settings in this group and those below it."""
        for entry in self.entries.values():
            if isinstance(entry, Setting):
                yield entry
            else:
                yield from entry.settings()


def describe_settings(kind: type, env_prefix: str = "") -> SettingGroup:
    """The settings of `kind`; raises ConfigError if they can't be told apart or resolved."""
    if not is_config_type(kind):
        raise TypeError(f"settings are a msgspec.Struct or a dataclass, not {kind!r}")
    group = _group_of(kind, (), env_prefix, NO_DEFAULT, ())
    by_name: dict[str, Setting] = {}
    for setting in group.settings():
        first = by_name.setdefault(setting.env_name, setting)
        if first is not setting:
            problem = f"would be read by both {first.name} and {setting.name}"
            raise ConfigError(
                kind.__name__, [ConfigFault(setting.env_name, problem=problem, hint="Rename one.")]
            )
    return group


def _group_of(
    kind: type, path: tuple[str, ...], env_prefix: str, default: object, above: tuple[type, ...]
) -> SettingGroup:
    if kind in above:
        raise ConfigError(kind.__name__, [ConfigFault(".".join(path), problem="holds itself")])
    entries: dict[str, Setting | SettingGroup] = {}
    for name, wanted, field_default in _fields_of(kind):
        inner = plain_type(wanted)
        below = (*path, name)
        if is_config_type(inner):
            entries[name] = _group_of(inner, below, env_prefix, field_default, (*above, kind))
        else:
            env_name = env_prefix + "_".join(below).upper()
            entries[name] = Setting(below, env_name, wanted, field_default, _description_of(wanted))
    return SettingGroup(path, kind, entries, default)


# Any: a field may have any type.
def _fields_of(kind: type) -> list[tuple[str, Any, object]]:
    try:
        if issubclass(kind, msgspec.Struct):
            return [
                (field.name, field.type, _struct_default(field)) for field in msgspec.structs.fields(kind)
            ]
        types = typing.get_type_hints(kind, include_extras=True)
    except NameError as error:
        problem = f"has a field whose type can't be found: {error}"
        hint = "Define the types of settings at the top level of a module."
        raise ConfigError(kind.__name__, [ConfigFault(kind.__name__, problem=problem, hint=hint)]) from None
    return [
        (field.name, types[field.name], _dataclass_default(field))
        for field in dataclasses.fields(cast("Any", kind))
        if field.init
    ]


def _struct_default(field: msgspec.structs.FieldInfo) -> object:
    if field.default is not msgspec.NODEFAULT:
        return field.default
    if field.default_factory is not msgspec.NODEFAULT:
        return field.default_factory()
    return NO_DEFAULT


# Any: the field of a dataclass of any type.
def _dataclass_default(field: dataclasses.Field[Any]) -> object:
    if field.default is not dataclasses.MISSING:
        return field.default
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return NO_DEFAULT


def _description_of(wanted: SettingType) -> str:
    # Only an annotated type has this attribute.
    for note in getattr(wanted, "__metadata__", ()):
        if isinstance(note, msgspec.Meta) and note.description:
            return note.description
    return ""
