"""Input to typed values, values to JSON, types to JSON Schema: one face over msgspec."""

from bistro.validation.convert import text_converter, values_converter
from bistro.validation.decode import json_decoder
from bistro.validation.describe import describe_type
from bistro.validation.encode import (
    ENCODING_REFUSALS,
    encode_json,
    encode_json_line,
    encode_json_pretty,
    encode_json_safely,
    explain_encoding,
    json_encoder,
)
from bistro.validation.errors import (
    EncodingError,
    OutputMismatch,
    SchemaConflict,
    UnsupportedType,
    ValidationFailed,
)
from bistro.validation.fields import TextSource, struct_converter
from bistro.validation.json_schema import json_schema
from bistro.validation.output import output_converter, unchanged

__all__ = [
    "ENCODING_REFUSALS",
    "EncodingError",
    "OutputMismatch",
    "SchemaConflict",
    "TextSource",
    "UnsupportedType",
    "ValidationFailed",
    "describe_type",
    "encode_json",
    "encode_json_line",
    "encode_json_pretty",
    "encode_json_safely",
    "explain_encoding",
    "json_decoder",
    "json_encoder",
    "json_schema",
    "output_converter",
    "struct_converter",
    "text_converter",
    "unchanged",
    "values_converter",
]
