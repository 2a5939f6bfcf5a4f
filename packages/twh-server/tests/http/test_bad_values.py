"""Bad values, made from the models: each field and each parameter is given what it cannot have, and the answer says where."""

import copy
import itertools
import json
from urllib.parse import quote

import pytest

from twh_server.http.operations import OPERATIONS

OF_EACH_TYPE = {
    "integer": 7,
    "number": 1.5,
    "boolean": True,
    "string": "x",
    "array": [],
    "object": {},
    "null": None,
}
UNREADABLE = {"integer": ["many", "1.5", ""], "boolean": ["perhaps", ""]}
TIMES = ["yesterday", "1778414400", "2026-05-10T12:00:00", "2026-13-01T00:00:00Z"]


@pytest.fixture
def things(standing_things):
    """What is refused changes nothing, so one shop serves all of these tests."""
    return standing_things


@pytest.fixture
def http(application, standing):
    application.headers["Authorization"] = f"Bearer {standing.shop.secret}"
    return application


def kinds_of(schema, whole):
    """What a field may be: the schema of each of its types."""
    if "$ref" in schema:
        return kinds_of(whole["$defs"][schema["$ref"].rpartition("/")[2]], whole)
    return [kind for choice in schema.get("anyOf", []) for kind in kinds_of(choice, whole)] or [schema]


def beyond(kind):
    """Values of the right type that lie beyond a bound."""
    if "maxLength" in kind:
        yield "x" * (kind["maxLength"] + 1)
    if kind.get("minLength"):
        yield ""
    if "maximum" in kind:
        yield kind["maximum"] + 1
    if "minimum" in kind:
        yield kind["minimum"] - 1
    if "maxItems" in kind:
        yield [{} if "$ref" in kind["items"] else "x"] * (kind["maxItems"] + 1)
    if "enum" in kind:
        yield "none of them"
    if kind.get("format") == "date-time":
        yield from TIMES


def wrong_values(schema, whole, place=()):
    """(place, value) for whatever the fields of a schema, and theirs, cannot have."""
    for name, field in schema.get("properties", {}).items():
        yield from wrong_for(kinds_of(field, whole), whole, (*place, name))


def wrong_for(kinds, whole, place):
    types = {kind["type"] for kind in kinds if "type" in kind}
    if len(types) < len({json.dumps(kind) for kind in kinds}):
        return  # one of them is any JSON
    for name, value in OF_EACH_TYPE.items():
        if name not in types and not (name == "integer" and "number" in types):
            yield place, value
    for kind in kinds:
        yield from ((place, value) for value in beyond(kind))
        yield from wrong_values(kind, whole, place)
        if "items" in kind:
            yield from wrong_for(kinds_of(kind["items"], whole), whole, (*place, 0))


def with_value(body, place, value):
    """A body that works, but for one value."""
    changed = copy.deepcopy(body)
    inside, steps = changed, list(place)
    for step, following in itertools.pairwise(steps):
        empty = [{}] if following == 0 else {}
        if isinstance(inside, list):
            inside[0] = inside[0] if inside and isinstance(inside[0], type(empty)) else empty
        elif not inside.get(step):
            inside[step] = empty
        inside = inside[step]
    inside[steps[-1]] = value
    return changed


def told(place, value):
    shown = json.dumps(value)
    return f"{'.'.join(map(str, place))}={shown if len(shown) < 24 else shown[:8] + '…' + str(len(shown))}"


EVERY_BODY = [
    pytest.param(operation, place, value, id=f"{operation.id}/{told(place, value)}")
    for operation in OPERATIONS
    if operation.body
    for schema in [operation.body.model_json_schema()]
    for place, value in wrong_values(schema, schema)
]
# A row of a batch is judged by itself, and its neighbours go on: what is below this place.
BATCHES = {
    "items.batch": (("items", 0), {"sku": "mangos", "name": "Mangos"}),
    "movements.batch": (("entries", 0, "entry"), {"kind": "receipt", "lines": []}),
}
ROWS = [
    one
    for one in EVERY_BODY
    if one.values[0].id in BATCHES
    for row, _ in [BATCHES[one.values[0].id]]
    if one.values[1][: len(row)] == row
]
BODIES = [one for one in EVERY_BODY if one not in ROWS]

PARAMETERS = [
    pytest.param(operation, name, text, id=f"{operation.id}/{told((name,), text)}")
    for operation in OPERATIONS
    if operation.query
    for name, field in operation.query.model_json_schema()["properties"].items()
    for kind in kinds_of(field, operation.query.model_json_schema())
    for text in [*UNREADABLE.get(kind.get("type"), []), *map(str, beyond(kind))]
]


@pytest.mark.parametrize(("operation", "place", "value"), BODIES)
async def test_a_value_that_a_field_cannot_have_is_malformed_and_says_where(
    http, request_of, operation, place, value, problem
):
    asked = request_of(operation.id)
    asked.content = json.dumps(with_value(json.loads(asked.content), place, value)).encode()
    errors = problem(await asked.send(http), 400, "malformed_request")["errors"]

    pointer = "".join(f"/{step}" for step in place)
    assert pointer in [error["pointer"] for error in errors], errors


@pytest.mark.parametrize(("operation", "place", "value"), ROWS)
async def test_a_value_that_a_row_cannot_have_is_the_answer_of_that_row(http, request_of, operation, place, value):
    asked = request_of(operation.id)
    within, works = BATCHES[operation.id]
    inside = with_value(works, place[len(within) :], value) if place != within else value
    row = inside if within[-1] == 0 else {"idempotency_key": "k", within[-1]: inside}
    asked.content = json.dumps({within[0]: [row]}).encode()
    (row,) = (await asked.send(http)).json()["results"]

    pointer = "".join(f"/{step}" for step in place[len(within) :])
    assert (row["status"], row["problem"]["code"]) == (400, "malformed_request")
    assert pointer in [error["pointer"] for error in row["problem"]["errors"]], row


@pytest.mark.parametrize(("operation", "name", "text"), PARAMETERS)
async def test_a_value_that_a_parameter_cannot_have_is_named(http, request_of, operation, name, text, problem):
    answer = await request_of(operation.id, query=f"{name}={quote(text, safe='')}").send(http)

    assert [error["pointer"] for error in problem(answer, 400, "invalid_parameter")["errors"]] == [name]


@pytest.mark.parametrize("operation", [one for one in OPERATIONS if one.query], ids=lambda one: one.id)
async def test_a_parameter_stands_once(http, request_of, operation, problem):
    for name in operation.query.model_fields:
        answer = await request_of(operation.id, query=f"{name}=1&{name}=1").send(http)
        errors = problem(answer, 400, "invalid_parameter")["errors"]
        assert [(error["pointer"], error["code"]) for error in errors] == [(name, "given_twice")]
