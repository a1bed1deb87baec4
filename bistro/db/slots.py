"""What stands behind the attributes of an instance that are more: relations and private fields."""

from __future__ import annotations

# Any: instances are of any model, values of any type.
from typing import Any

import msgspec
from msgspec import UNSET

from bistro.db.model_errors import NotLoaded
from bistro.db.table import RelationInfo


class RelationSlot:
    """`note.author`: the instance that was loaded, or NotLoaded."""

    __slots__ = ("_keys", "relation", "slot")

    def __init__(self, relation: RelationInfo, slot: Any) -> None:
        self.relation = relation
        self.slot = slot
        self._keys = tuple(column.field for column in relation.columns)

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        if instance is None:
            return self
        value = self.slot.__get__(instance, owner)
        return self._absent(instance) if value is UNSET else value

    def __set__(self, instance: Any, value: Any) -> None:
        self.slot.__set__(instance, value)
        if self._keys:
            copy_key(self.relation, instance, value)

    def _absent(self, instance: Any) -> None:
        """None where the row says that there is no other row; that needs no query."""
        if self._keys and getattr(instance, self._keys[0]) is None:
            return
        name = f"{self.relation.table.label}.{self.relation.name}"
        raise NotLoaded(
            f"{name} was not loaded",
            where=(self.relation.table.origin,),
            fix=f"Add .load({name}) to the query, or await {type(instance).__name__.lower()}.load({name}).",
        )


def copy_key(relation: RelationInfo, instance: Any, other: Any) -> None:
    """Give `instance` the key of the row `other` that its foreign key names."""
    for here, there in relation.pairs:
        setattr(instance, here.field, None if other is None else getattr(other, there.field))


class PrivateSlot:
    """`person.password`: a value that is kept beside the fields of the instance, so that no JSON has it.

    The field itself stays unset, and what is unset is never encoded; so an instance can be an answer,
    or part of one, and its private fields stay here.
    """

    __slots__ = ("name", "slot")

    def __init__(self, name: str, slot: Any) -> None:
        self.name = name
        self.slot = slot

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else vars(instance).get(self.name, UNSET)

    def __set__(self, instance: Any, value: Any) -> None:
        vars(instance)[self.name] = value


def private_methods(fields: tuple[str, ...]) -> dict[str, Any]:
    """The methods of a model with private fields: they move the values away once an instance is made."""

    slots: list[tuple[str, Any, Any]] = []

    def move(instance: Any) -> None:
        if not slots:  # looked up once: the class is complete when the first instance is made
            of_class = vars(type(instance))
            found = ((field, of_class[field].slot) for field in fields)
            slots.extend((field, slot.__get__, slot.__set__) for field, slot in found)
        kept = vars(instance)
        for field, get, put in slots:
            kept[field] = get(instance)
            put(instance, UNSET)

    def values(instance: Any) -> tuple[Any, ...]:
        names = instance.__struct_fields__
        pairs = zip(names, msgspec.structs.astuple(instance), strict=True)
        return tuple(vars(instance)[name] if name in fields else value for name, value in pairs)

    return {
        "__post_init__": move,
        "__copy__": lambda instance: type(instance)(*values(instance)),
        "__reduce__": lambda instance: (type(instance), values(instance)),
    }
