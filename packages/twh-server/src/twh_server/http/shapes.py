"""What comes in is checked by pydantic models: strict, no unknown fields, every error at once with its pointer."""

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Self, TypeVar
from urllib.parse import parse_qsl

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    StringConstraints,
    ValidationError,
)
from pydantic_core import ErrorDetails

from twh_server.http.envelope import is_percent_encoded
from twh_server.http.refusals import InvalidParameter, MalformedRequest
from twh_server.refusals import Problem

PAGE_SIZE_DEFAULT = 50
PAGE_SIZE_MAX = 200
NAME_MAX = 255

Model = TypeVar("Model", bound=BaseModel)

Name = Annotated[str, StringConstraints(min_length=1, max_length=NAME_MAX)]
"""A name for people: 1 to 255 characters."""

Ref = Annotated[str, StringConstraints(min_length=1, max_length=64)]
"""An id, or the name (SKU, code) that people use for the thing."""

DecimalText = Annotated[
    str,
    StringConstraints(max_length=256),
    Field(
        json_schema_extra={
            "format": "decimal",
            "pattern": r"^-?[0-9]{1,15}(\.[0-9]{1,9})?$",
            "examples": ["12"],
        }
    ),
]
"""An exact decimal in plain notation, as a string. Its value is judged where the item's scale is known."""


def _spelled_out(value: object) -> object:
    """A number would be taken for seconds since 1970; a time here is RFC 3339 and nothing else."""
    if isinstance(value, str) and _RFC_3339.fullmatch(value):
        return value
    raise ValueError("a time is RFC 3339 with its offset, such as 2026-05-10T12:00:00Z")


_RFC_3339 = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})", re.ASCII)


def _in_utc(time: datetime) -> datetime:
    """The same moment in UTC: an offset may be up to 23:59 in RFC 3339, and half of that in the database."""
    try:
        return time.astimezone(UTC)
    except OverflowError:
        raise ValueError("a time lies between the years 1 and 9999, in UTC") from None


Time = Annotated[AwareDatetime, Field(strict=False), BeforeValidator(_spelled_out), AfterValidator(_in_utc)]


def _finite(attributes: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """Python reads NaN, Infinity and 1e400, which JSON cannot say again: they would be kept as null."""
    inside: list[JsonValue] = [attributes]
    while inside:
        value = inside.pop()
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError("a number is finite and at most 1.7e308")
        if isinstance(value, dict):
            inside += value.values()
        elif isinstance(value, list):
            inside += value
    return attributes


Attributes = Annotated[dict[str, JsonValue], AfterValidator(_finite)]
"""Any JSON object, to be kept as it is."""


class Body(BaseModel):
    """A request's body."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    @classmethod
    def read(cls, raw: bytes) -> Self:
        """The body that some bytes are. Raises MalformedRequest naming all that is wrong with them."""
        return body_of(cls, raw)


class Query(BaseModel):
    """A request's query parameters."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class PageQuery(Query):
    """Which page of a list."""

    limit: int = Field(PAGE_SIZE_DEFAULT, ge=1, le=PAGE_SIZE_MAX, description="How many at the most.")
    cursor: str | None = Field(
        None, min_length=1, max_length=512, description="The `next_cursor` of the page before; leave it out to begin."
    )


def body_of(model: type[Model], raw: bytes) -> Model:
    """The body that some bytes are. Raises MalformedRequest naming all that is wrong with them."""
    if _NUL.search(raw):
        raise MalformedRequest("The body contains a NUL character (\\u0000), which no text here may have.")
    try:
        return model.model_validate_json(raw)
    except ValidationError as invalid:
        raise malformed(invalid) from None


def malformed(invalid: ValidationError) -> MalformedRequest:
    """The refusal that names all that is wrong with a shape."""
    errors = [_problem(error) for error in invalid.errors(include_url=False, include_context=False)]
    if errors[0].code == "json_invalid":
        return MalformedRequest(f"The body is not valid JSON: {errors[0].message}")
    detail = errors[0].message if len(errors) == 1 else f"{len(errors)} values cannot be used; each is in errors."
    return MalformedRequest(detail, errors)


def query_of(model: type[Model], raw: bytes) -> Model:
    """The query parameters that a query string is. Raises InvalidParameter naming all that cannot be used."""
    try:
        if not is_percent_encoded(raw.decode("latin-1")):
            raise ValueError  # caught below, with what else is no query string
        pairs = parse_qsl(raw.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=100)
    except ValueError:
        message = "The query string is not percent-encoded UTF-8."
        raise InvalidParameter([Problem(pointer="", code="malformed", message=message)]) from None
    values: dict[str, str] = {}
    twice = [Problem(pointer=name, code="given_twice", message=f"{name} stands twice.") for name in _twice(pairs)]
    nul = [
        Problem(pointer=name, code="nul", message="No text may have a NUL.") for name, value in pairs if "\0" in value
    ]
    if twice or nul:
        raise InvalidParameter([*twice, *nul])
    values.update(pairs)
    try:
        return model.model_validate(values)
    except ValidationError as invalid:
        raise InvalidParameter(
            [
                Problem(pointer=problem.pointer.removeprefix("/"), code=problem.code, message=problem.message)
                for problem in map(_problem, invalid.errors(include_url=False, include_context=False))
            ]
        ) from None


def changes_of(body: BaseModel) -> Mapping[str, Any]:
    """The fields that a PATCH names: left out differs from null."""
    return {name: getattr(body, name) for name in body.model_fields_set}


# A NUL as a JSON escape: a backslash that is not itself escaped, then u0000.
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


def _twice(pairs: list[tuple[str, str]]) -> list[str]:
    names = [name for name, _ in pairs]
    return sorted({name for name in names if names.count(name) > 1})


def _problem(error: ErrorDetails) -> Problem:
    pointer = "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in error["loc"])
    if error["type"] == "extra_forbidden":
        name = str(error["loc"][-1])
        return Problem(pointer=pointer, code="unknown_field", message=f"{name[:64]!r} is not known here.")
    return Problem(pointer=pointer, code=error["type"], message=error["msg"])
