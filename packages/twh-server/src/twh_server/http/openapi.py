"""The OpenAPI document: made from the operations, the shapes that come in and the structs that go out."""

import re
from collections.abc import Mapping
from functools import cache

import msgspec

import twh_server
from twh_server.http import event_schemas, refused
from twh_server.http.examples import example_of
from twh_server.http.limiting import COUNTED
from twh_server.http.operation import JSON, Operation
from twh_server.http.operations import MODULES, OPERATIONS
from twh_server.http.problems import ProblemDetail, codes
from twh_server.http.schemas import REF, Schema, incoming, outgoing, tidied
from twh_server.http.streaming import EVENT_STREAM

PARAMETERS: Mapping[str, str] = {
    "item": "The item's id or SKU, percent-encoded.",
    "location": "The location's id or code, percent-encoded.",
    "movement": "The movement's id.",
    "entry": "The entry's id.",
    "event": "The event's id.",
    "event_type": "The type of events, such as `stock.low`.",
    "checkpoint": "The checkpoint's name, percent-encoded.",
    "endpoint": "The endpoint's id.",
    "delivery": "The delivery's id.",
    "replay": "The replay's id.",
    "api_key": "The API key's id.",
    "key": "The idempotency key, percent-encoded.",
}

HEADERS: Mapping[str, Schema] = {
    "Twh-Request-Id": {"description": "Names this request in our logs.", "schema": {"type": "string"}},
    "ETag": {"description": "The version of what is shown.", "schema": {"type": "string"}},
    "Location": {"description": "The address of what was created.", "schema": {"type": "string"}},
    "Idempotent-Replayed": {
        "description": "`true` when this is the answer that the key was given before.",
        "schema": {"type": "string", "enum": ["true"]},
    },
    "RateLimit-Policy": {
        "description": "How often a key may ask: `q` requests in `w` seconds.",
        "schema": {"type": "string", "examples": ['"default";q=60000;w=60']},
    },
    "RateLimit": {
        "description": "How this key stands: `r` requests are left now, and in `t` seconds all of them will be.",
        "schema": {"type": "string", "examples": ['"default";r=59999;t=1']},
    },
    "Retry-After": {"description": "After how many seconds to try again.", "schema": {"type": "integer"}},
    "Accept-Encoding": {"description": "How a body may come.", "schema": {"type": "string"}},
    "WWW-Authenticate": {"description": "How to say who asks.", "schema": {"type": "string"}},
}


def document() -> Schema:
    """The whole document, as plain values."""
    schemas = _schemas()
    paths: dict[str, Schema] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _described(operation, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "TWH",
            "version": twh_server.__version__,
            "summary": "The inventory API whose stock is a ledger.",
            "description": DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "http://127.0.0.1:8750", "description": "A local sandbox (twh sandbox up)"}],
        "security": [{"key": []}],
        "tags": _tags(),
        "paths": paths,
        "webhooks": event_schemas.webhooks(schemas),
        "x-problems": refused.catalogue(),
        "components": {
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer", "description": "An API key, `twh_…`."}},
            "headers": dict(HEADERS),
            "examples": refused.examples(),
            "schemas": dict(sorted(schemas.items())),
        },
    }


@cache
def encoded() -> bytes:
    """The document as it is committed and served: indented, with a newline at its end."""
    return msgspec.json.format(msgspec.json.encode(document()), indent=2) + b"\n"


def _schemas() -> dict[str, Schema]:
    structs = [struct for operation in OPERATIONS for struct in operation.answers.values() if struct]
    bodies = {operation.body for operation in OPERATIONS if operation.body}
    answered = outgoing([*structs, *event_schemas.CARRIED.values(), ProblemDetail])
    schemas = {**answered, **incoming(bodies), "Problem": _problem_schema()}
    schemas["Event"]["examples"] = [event_schemas.event_example("item.created", schemas)]
    return schemas


def _tags() -> list[Schema]:
    """Each noun, described by the sentence that its module opens with."""
    told: dict[str, str] = {}
    for module in MODULES:
        for operation in vars(module).values():
            if isinstance(operation, Operation):
                sentence = (module.__doc__ or "").strip().splitlines()[0].rpartition(": ")[2]
                told.setdefault(operation.id.split(".")[0], sentence[0].upper() + sentence[1:])
    return [{"name": name, "description": sentence} for name, sentence in told.items()]


def _described(operation: Operation, schemas: Mapping[str, Schema]) -> Schema:
    described: Schema = {
        "operationId": operation.id,
        "tags": [operation.id.split(".")[0]],
        "summary": operation.summary,
        "description": _description(operation),
        "parameters": [*_path(operation), *_query(operation), *_headers(operation)],
        "responses": _answers(operation, schemas),
    }
    if operation.body:
        content: Schema = {"schema": {"$ref": REF.format(operation.body.__name__)}}
        if operation.example:
            content["example"] = dict(operation.example)
        described["requestBody"] = {"required": True, "content": {JSON: content}}
    return described


def _description(operation: Operation) -> str:
    needs = f"Needs the scope `{operation.scope}`." if operation.scope else "Any valid key will do."
    return f"{operation.description}\n\n{needs}".strip()


def _path(operation: Operation) -> list[Schema]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": PARAMETERS[name],
            "schema": {"type": "string", "minLength": 1, "maxLength": 255},
        }
        for name in re.findall(r"{(\w+)}", operation.path)
    ]


def _query(operation: Operation) -> list[Schema]:
    if operation.query is None:
        return []
    schema = operation.query.model_json_schema()
    parameters: list[Schema] = []
    for name, described in schema["properties"].items():
        tidy = tidied(described)
        description = tidy.pop("description", None)
        parameter: Schema = {"name": name, "in": "query", "required": False, "schema": _without_null(tidy)}
        if description:
            parameter["description"] = description
        parameters.append(parameter)
    return parameters


def _without_null(schema: Schema) -> Schema:
    """A query parameter is there or not; there is no null to send."""
    choices = [choice for choice in schema.pop("anyOf", []) if choice != {"type": "null"}]
    if schema.get("default", 0) is None:
        del schema["default"]
    return {**choices[0], **schema} if len(choices) == 1 else schema


def _headers(operation: Operation) -> list[Schema]:
    headers: list[Schema] = []
    if operation.key != "none":
        headers.append(
            _header(
                "Idempotency-Key",
                "1 to 255 visible ASCII characters, new for each new request: a retry with the same key is answered"
                " with the same bytes.",
                required=operation.key == "required",
                schema={"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[\\x21-\\x7e]+$"},
            )
        )
    if operation.conditional:
        name = "If-None-Match" if operation.method == "GET" else "If-Match"
        does = "304 when it is still at this version." if operation.method == "GET" else "412 unless at this version."
        headers.append(_header(name, does, required=False, schema={"type": "string"}))
    if operation.streams:
        does = "Of a stream that broke off: the `id` of the last event that it told."
        headers.append(_header("Last-Event-ID", does, required=False, schema={"type": "string"}))
    if operation.method == "PUT":
        does = "412 when it exists: it is created, or nothing is done."
        headers.append(_header("If-None-Match", does, required=False, schema={"type": "string", "enum": ["*"]}))
    return headers


def _header(name: str, description: str, *, required: bool, schema: Schema) -> Schema:
    return {"name": name, "in": "header", "required": required, "description": description, "schema": schema}


def _answers(operation: Operation, schemas: Mapping[str, Schema]) -> Schema:
    answers: Schema = {}
    for status, struct in operation.answers.items():
        answer: Schema = {"description": DESCRIPTIONS[status], "headers": _answer_headers(operation, status, struct)}
        if struct:
            schema = {"$ref": REF.format(struct.__name__)}
            answer["content"] = {JSON: {"schema": schema, "example": example_of(schema, schemas)}}
            if operation.streams:
                answer["content"][EVENT_STREAM] = {"schema": {"type": "string"}, "example": _streamed(schemas)}
        if status == 201 and (links := _links(struct)):
            answer["links"] = links
        answers[str(status)] = answer
    if operation.method == "GET" and operation.conditional:
        answers["304"] = {
            "description": DESCRIPTIONS[304],
            "headers": {name: _header_ref(name) for name in ("Twh-Request-Id", *COUNTED, "ETag")},
        }
    return answers | refused.described(operation)


def _streamed(schemas: Mapping[str, Schema]) -> str:
    event = event_schemas.event_example("item.created", schemas)
    data = msgspec.json.encode(event).decode()
    return f"id: {event['sequence']}\nevent: {event['type']}\ndata: {data}\n\n"


def _links(struct: type[msgspec.Struct] | None) -> Schema:
    """What can be done with a thing just created: every operation whose path names nothing else."""
    thing = struct.__name__.removeprefix("New").lower() if struct else ""
    return {
        operation.id: {
            "operationId": operation.id,
            "parameters": {f"path.{thing}": "$response.body#/id"},
            "description": operation.summary,
        }
        for operation in OPERATIONS
        if re.findall(r"{(\w+)}", operation.path) == [thing]
    }


def _answer_headers(operation: Operation, status: int, struct: type[msgspec.Struct] | None) -> Schema:
    shown = struct.__struct_fields__ if struct else ()
    names = ["Twh-Request-Id", *COUNTED]
    if status == 201 and "id" in shown:
        names.append("Location")
    if "etag" in shown:
        names.append("ETag")
    if operation.key != "none":
        names.append("Idempotent-Replayed")
    return {name: _header_ref(name) for name in names}


def _header_ref(name: str) -> Schema:
    return {"$ref": f"#/components/headers/{name}"}


def _problem_schema() -> Schema:
    text = {"type": "string"}
    return {
        "title": "Problem",
        "description": "A refusal (RFC 9457), with a stable code and the facts that a client can act on.",
        "type": "object",
        "required": ["type", "title", "status", "detail", "code", "request_id"],
        "properties": {
            "type": {**text, "description": "The address of the code's documentation, relative to the server's."},
            "title": {**text, "description": "What the code means, in a sentence."},
            "status": {"type": "integer", "description": "The status of the answer."},
            "detail": {**text, "description": "What it means this time, in a sentence."},
            "code": {
                **text,
                "description": f"Stable, for programs. One of {', '.join(sorted(codes()))}; more may come.",
            },
            "request_id": {**text, "description": "Names the request in our logs."},
            "errors": {
                "type": "array",
                "items": {"$ref": REF.format("ProblemDetail")},
                "description": "All that is wrong with the request, each with its place.",
            },
        },
        "additionalProperties": True,
    }


DESCRIPTIONS: Mapping[int, str] = {
    200: "What was asked for.",
    201: "It was recorded.",
    204: "Done; there is nothing to show.",
    304: "It is still at the version that you have.",
}

DESCRIPTION = """\
TWH records stock as a ledger: every change of stock is an entry that is never edited, balances are always exactly what
the ledger says, and the news of each change leaves with it.

Quantities are exact decimals, sent as strings. Times are RFC 3339 in UTC. Lists go on behind `next_cursor`.
Names that people use (SKU, location code) are accepted wherever an id is.
"""
