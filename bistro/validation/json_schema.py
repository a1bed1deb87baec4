"""JSON Schema (2020-12, as OpenAPI 3.1 uses it) for types, with shared parts in one place."""

from __future__ import annotations

from collections.abc import Iterable

# Any: a schema is an open JSON object; a type is any annotation.
from typing import Any, Final, Literal

import msgspec

from bistro.ground.stored_files import IncomingFile, StoredFile
from bistro.validation.errors import SchemaConflict
from bistro.validation.pydantic_models import PydanticType, is_pydantic, model_schema
from bistro.validation.types import get_json_node

REF_TEMPLATE: Final = "#/components/schemas/{name}"

Schema = dict[str, Any]
_FILES: Final[dict[type, Schema]] = {
    IncomingFile: {"type": "string", "format": "binary", "description": "a file, which only a form can send"},
    StoredFile: {
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "file_name": {"type": "string"},
            "size": {"type": ["integer", "null"]},
        },
        "required": ["name", "file_name", "size"],
    },
}


def json_schema(
    types: Iterable[Any],
    *,
    ref_template: str = REF_TEMPLATE,
    mode: Literal["validation", "serialization"] = "validation",
) -> tuple[tuple[Schema, ...], dict[str, Schema]]:
    """One schema for each of `types`, in order, and the named parts that they refer to.

    `mode` matters to pydantic models only, whose input and output may differ. Raises UnsupportedType for
    a type without a schema, SchemaConflict where two different models have one name.
    """
    wanted = list(types)
    for type_ in wanted:
        if not is_pydantic(type_):
            get_json_node(type_)
    models = _Models(ref_template, mode)
    # A pydantic dataclass would pass for a plain one, so those at the top are taken out beforehand.
    foreign = {index: models.reference(type_) for index, type_ in enumerate(wanted) if is_pydantic(type_)}
    own, components = msgspec.json.schema_components(
        [type_ for type_ in wanted if not is_pydantic(type_)],
        schema_hook=models.reference,
        ref_template=ref_template,
    )
    rest = iter(own)
    schemas = tuple(foreign[index] if index in foreign else next(rest) for index in range(len(wanted)))
    return schemas, _merged(components, models.components)


class _Models:
    """Gathers the schemas of pydantic models while msgspec asks for them."""

    def __init__(self, ref_template: str, mode: Literal["validation", "serialization"]) -> None:
        self.ref_template = ref_template
        self.mode = mode
        self.components: dict[str, Schema] = {}

    def reference(self, type_: type[Any]) -> Schema:
        """msgspec's hook for custom types."""
        if type_ in _FILES:
            return _FILES[type_]
        if not is_pydantic(type_):
            return {"description": "any value"}  # `object`; msgspec takes an empty schema for none
        name = type_.__name__
        schema = self._schema(type_)
        parts: dict[str, Schema] = schema.pop("$defs", {})
        # A model that refers to itself comes as a reference to one of its own parts.
        if "$ref" not in schema:
            parts[name] = schema
        self.components = _merged(self.components, parts)
        return {"$ref": self.ref_template.format(name=name)}

    def _schema(self, type_: type[PydanticType]) -> Schema:
        return model_schema(type_, self.ref_template.replace("{name}", "{model}"), self.mode)


def _merged(first: dict[str, Schema], second: dict[str, Schema]) -> dict[str, Schema]:
    for name in first.keys() & second.keys():
        if first[name] != second[name]:
            raise SchemaConflict(
                f"two different models are called {name}",
                fix="Rename one, so that both can stand in the schema.",
            )
    return first | second
