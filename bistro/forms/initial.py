"""Values that stand in a form before anybody has filled it in."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Mapping, Sequence
from typing import Any, Protocol  # Any: values are of the types of the fields

from msgspec import UNSET

from bistro.forms.fields import FormField


class Level(Protocol):
    """The texts of one level of a form, sent or initial."""

    def texts(self, name: str, /) -> list[str]:
        """What stands in a field."""
        ...

    def group(self, name: str) -> Level:
        """What stands in a group."""
        ...

    def rows(self, name: str) -> Sequence[Level]:
        """What stands in each row."""
        ...


class InitialValues:
    """The fields of any object, or of a mapping; without one, the defaults of the type."""

    def __init__(self, fields: Sequence[FormField], values: Any, zone: dt.tzinfo) -> None:
        self._fields = {each.name: each for each in fields}
        self._values = values
        self._zone = zone

    def texts(self, name: str) -> list[str]:
        """What stands in a field."""
        field = self._fields.get(name)
        value = None if field is None else self._find(field)
        if isinstance(value, list | tuple | set | frozenset):
            return [text_of(each, self._zone) for each in value]
        text = text_of(value, self._zone)
        return [text] if text else []

    def group(self, name: str) -> InitialValues:
        """What stands in a group."""
        field = self._fields[name]
        return InitialValues(field.fields, self._find(field), self._zone)

    def rows(self, name: str) -> list[InitialValues]:
        """What stands in each row."""
        field = self._fields[name]
        return [InitialValues(field.fields, each, self._zone) for each in self._find(field) or ()]

    def _find(self, field: FormField) -> Any:
        if self._values is None or self._values is UNSET:
            return field.make_default()
        if isinstance(self._values, Mapping):
            return self._values.get(field.attribute)
        return getattr(self._values, field.attribute)


def text_of(value: Any, zone: dt.tzinfo | None = None) -> str:
    """A value as an input of HTML holds it; a moment is shown in `zone`, without an offset."""
    if value is None or value is UNSET:
        return ""
    if isinstance(value, enum.Enum):
        return str(value.value)
    if isinstance(value, bool):
        return "true" if value else ""
    if isinstance(value, dt.datetime):
        if value.tzinfo is not None:
            # HTML, §4.10.5.1.11: local date and time, without an offset.
            value = value.astimezone(zone or dt.UTC).replace(tzinfo=None)
        local: str = value.isoformat(timespec="auto" if value.second or value.microsecond else "minutes")
        return local
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    return str(value)
