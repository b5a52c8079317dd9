"""What every document shares: strictness, and the types of ids and amounts."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    StringConstraints,
    TypeAdapter,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from coverplan.locations import MAX_URI
from coverplan.payload.leniency import open_words

MAX_ID = 200
MAX_AMOUNT = 1e15
MAX_HOURS = 1e9
_PLAIN = TypeAdapter[Any](Any)


class Document(BaseModel):
    """Base of all payload models: no unknown fields, no coercion, finite numbers, immutable."""

    model_config = ConfigDict(
        strict=True,
        extra="forbid",
        frozen=True,
        allow_inf_nan=False,
        json_schema_serialization_defaults_required=True,
    )

    @classmethod
    def __get_pydantic_core_schema__(cls, source: type[BaseModel], handler: GetCoreSchemaHandler) -> CoreSchema:
        """The schema; answers may have words that this version does not know."""
        return open_words(handler(source))

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """The schema; pydantic leaves out the defaults that are made anew, and shows null where it may not be given."""
        schema = handler(core)
        properties = handler.resolve_ref_schema(schema).get("properties", {})
        for name, field in cls.model_fields.items():
            if field.default_factory is not None and (shown := field.alias or name) in properties:
                made = field.get_default(call_default_factory=True, validated_data={})
                properties[shown].setdefault("default", _PLAIN.dump_python(made, mode="json", exclude_unset=True))
        for shown in properties.values():
            if shown.get("default", "") is None and "type" in shown:
                del shown["default"]
        return schema


PLAIN = r"^[^\x00-\x1f\x7f]*$"
"""Text without control characters: PostgreSQL takes no NUL, and lines of tables and logs no line break."""

Id = Annotated[str, StringConstraints(min_length=1, max_length=MAX_ID, pattern=r"^[^\x00-\x1f\x7f]+$")]
"""A caller's identifier or label: 1 to 200 characters, no control characters, compared exactly."""

Name = Annotated[str, StringConstraints(max_length=500, pattern=PLAIN)]
"""A name for people: at most 500 characters, no control characters."""

Uri = Annotated[
    str, StringConstraints(max_length=MAX_URI), Field(json_schema_extra={"pattern": "^(s3|gs|az|file)://[^%?#*]*$"})
]
"""A place outside; what is none is told so by `read_location`, which knows why."""

Money = Annotated[float, Field(ge=0, le=MAX_AMOUNT, json_schema_extra={"unit": "currency"})]

SignedMoney = Annotated[float, Field(ge=-MAX_AMOUNT, le=MAX_AMOUNT, json_schema_extra={"unit": "currency"})]

YearlyMoney = Annotated[float, Field(ge=0, le=MAX_AMOUNT, json_schema_extra={"unit": "currency per year"})]

Hours = Annotated[float, Field(ge=0, le=MAX_HOURS, json_schema_extra={"unit": "hours over the horizon"})]

Share = Annotated[float, Field(ge=0, le=1, json_schema_extra={"unit": "share, 0 to 1"})]
