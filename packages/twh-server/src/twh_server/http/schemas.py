"""The schemas of the OpenAPI document: the structs that go out and the models that come in, every field described."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast

import msgspec
from msgspec import inspect
from pydantic.json_schema import models_json_schema

from twh_server.http.fields import FIELDS
from twh_server.http.shapes import Body

Schema = dict[str, Any]

REF = "#/components/schemas/{}"


def outgoing(structs: Iterable[type[msgspec.Struct]]) -> dict[str, Schema]:
    """The schemas of structs and of all that they contain, by name. Times say that they are times."""
    wanted = list(structs)
    _, schemas = msgspec.json.schema_components(wanted, ref_template=REF.format("{name}"))
    for struct in _structs(inspect.multi_type_info(wanted)):
        fields = schemas[struct.cls.__name__]["properties"]
        for field in struct.fields:
            if _is_time(field.type):
                fields[field.encode_name] = _timed(fields[field.encode_name])
    return {name: described(name, tidied(schema)) for name, schema in schemas.items()}


def incoming(bodies: Iterable[type[Body]]) -> dict[str, Schema]:
    """The schemas of request bodies and of all that they contain, by name."""
    _, schemas = models_json_schema(
        [(body, "validation") for body in sorted(bodies, key=lambda body: body.__name__)],
        ref_template=REF.format("{model}"),
    )
    found: dict[str, Schema] = schemas.get("$defs", {})
    found.setdefault("JsonValue", {})["description"] = "Any JSON value."
    return {name: described(name, tidied(schema)) for name, schema in found.items()}


def described(name: str, schema: Schema) -> Schema:
    """A schema whose fields all say what they are, by themselves or by `FIELDS`."""
    for field, own in schema.get("properties", {}).items():
        meaning = FIELDS.get(f"{name}.{field}") or FIELDS.get(field)
        if meaning is None:
            continue
        own.setdefault("description", meaning.description)
        # Every quantity has the examples of its type, which say less than its name.
        silent = "examples" not in own or own.get("format") == "decimal"
        if silent and _fits(meaning.example, own):
            own["examples"] = [meaning.example]
    return schema


def tidied(schema: Any) -> Any:
    """Without the titles that only repeat a field's name, and as types that each tool reads alike."""
    if isinstance(schema, list):
        return [tidied(part) for part in schema]  # pyright: ignore[reportUnknownVariableType]
    if not isinstance(schema, dict):
        return schema
    return {
        name: tidied(value)
        for name, value in cast(Schema, schema).items()
        if name != "title" or not isinstance(value, str) or "properties" in schema
    }


def _fits(example: Any, schema: Schema) -> bool:
    """Whether an example can be one of a field: the same name may be an object here and its id there."""
    if example is None:
        return _may_be_null(schema)
    kind = _TYPES[type(example)]
    return any(choice.get("type") == kind or not choice.keys() - {"description"} for choice in _choices(schema))


_TYPES: Mapping[type, str] = {
    str: "string",
    int: "integer",
    bool: "boolean",
    list: "array",
    dict: "object",
}


def _choices(schema: Schema) -> list[Schema]:
    choices: list[Schema] = schema.get("anyOf", [schema])
    return choices


def _may_be_null(schema: Schema) -> bool:
    return {"type": "null"} in _choices(schema)


def _structs(kinds: Iterable[inspect.Type]) -> Iterator[inspect.StructType]:
    """Every struct that types contain, once."""
    waiting, seen = list(kinds), set[type]()
    while waiting:
        kind = waiting.pop()
        if isinstance(kind, inspect.Metadata):
            waiting.append(kind.type)
        elif isinstance(kind, inspect.UnionType):
            waiting += kind.types
        elif isinstance(kind, inspect.ListType):
            waiting.append(kind.item_type)
        elif isinstance(kind, inspect.DictType):
            waiting.append(kind.value_type)
        elif isinstance(kind, inspect.StructType) and kind.cls not in seen:
            seen.add(kind.cls)
            waiting += [field.type for field in kind.fields]
            yield kind


def _is_time(kind: inspect.Type) -> bool:
    if isinstance(kind, inspect.Metadata):
        return _is_time(kind.type)
    if isinstance(kind, inspect.UnionType):
        return any(_is_time(one) for one in kind.types)
    return isinstance(kind, inspect.DateTimeType)


def _timed(schema: Schema) -> Schema:
    if "anyOf" in schema:
        return {**schema, "anyOf": [_timed(choice) for choice in schema["anyOf"]]}
    return {**schema, "format": "date-time"} if schema.get("type") == "string" else schema
