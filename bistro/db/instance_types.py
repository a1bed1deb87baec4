"""What an instance of a model has, by name and type, for what reads types: the check of templates does."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from types import GenericAlias
from typing import Any, Optional  # Any: types of columns are objects of many kinds.

from bistro.db.model_errors import ModelError
from bistro.db.table import RelationInfo, TableInfo


def instance_types(info: TableInfo) -> Mapping[str, Any]:
    """The types of an instance's values; a relation is the other model, a list of it, or perhaps None."""
    found: dict[str, Any] = {}
    for column in info.columns.values():
        with suppress(ModelError):  # of a foreign key to a model that is not defined
            python = column.type.python
            found[column.field] = Optional[python] if column.nullable else python  # noqa: UP045 - made at run time
    for relation in info.relations.values():
        with suppress(ModelError):
            found[relation.name] = _type_of(relation)
    return found


def _type_of(relation: RelationInfo) -> Any:
    model = relation.target.model
    if relation.is_many:
        return GenericAlias(list, model)
    return Optional[model] if relation.nullable or relation.kind == "reverse_one" else model  # noqa: UP045
