"""openapi.json describes everything: each operation, parameter, field and answer, with examples that are what they show."""

import json

import jsonschema_rs
import pytest

from twh_server.events.kinds import KINDS
from twh_server.http import openapi
from twh_server.http.examples import MISSING
from twh_server.http.operations import OPERATIONS

DOCUMENT = json.loads(openapi.encoded())
SCHEMAS = DOCUMENT["components"]["schemas"]
DESCRIBED = [
    pytest.param(operation, DOCUMENT["paths"][operation.path][operation.method.lower()], id=operation.id)
    for operation in OPERATIONS
]


def says(field):
    """Whether a field says what it is, or the one thing that it is made of does."""
    inside = [field, field.get("items", {}), *field.get("anyOf", [])]
    named = [SCHEMAS[one["$ref"].rpartition("/")[2]] for one in inside if "$ref" in one]
    return any(one.get("description") for one in [field, *named])


def validate(schema, value):
    jsonschema_rs.validator_for({**schema, "components": DOCUMENT["components"]}, validate_formats=True).validate(value)


def contents(told):
    """The contents of a body or an answer, with their examples, references followed."""
    for content in told.get("content", {}).values():
        named = [reference["$ref"].rpartition("/")[2] for reference in content.get("examples", {}).values()]
        found = [DOCUMENT["components"]["examples"][name]["value"] for name in named]
        yield content["schema"], [*found, content["example"]] if "example" in content else found


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_and_every_field_of_it_is_described(name):
    fields = SCHEMAS[name].get("properties", {})

    assert SCHEMAS[name].get("description")
    assert [field for field, told in fields.items() if not says(told)] == []


def test_every_time_says_that_it_is_one():
    times = [
        f"{name}.{field}"
        for name, schema in SCHEMAS.items()
        for field, told in schema.get("properties", {}).items()
        if (field.endswith("_at") or field in ("at", "timestamp")) and "date-time" not in json.dumps(told)
    ]

    assert times == []


@pytest.mark.parametrize(("operation", "told"), DESCRIBED)
def test_an_operation_its_parameters_and_its_answers_are_described(operation, told):
    assert told["summary"]
    assert [one["name"] for one in told["parameters"] if not one.get("description")] == []
    assert [status for status, answer in told["responses"].items() if not answer.get("description")] == []


def test_every_noun_is_described():
    assert all(tag["description"] for tag in DOCUMENT["tags"])
    assert {tag["name"] for tag in DOCUMENT["tags"]} == {operation.id.split(".")[0] for operation in OPERATIONS}


@pytest.mark.parametrize(("operation", "told"), DESCRIBED)
def test_a_body_and_every_answer_has_an_example_that_is_as_described(operation, told):
    for one in [told.get("requestBody", {}), *told["responses"].values()]:
        for schema, examples in contents(one):
            assert examples
            for example in examples:
                validate(schema, example)
                assert f'"{MISSING}"' not in json.dumps(example, ensure_ascii=False)


@pytest.mark.parametrize(("operation", "told"), DESCRIBED)
def test_an_example_of_a_problem_is_of_its_status_and_code(operation, told):
    for status, answer in told["responses"].items():
        for code, reference in (
            answer.get("content", {}).get("application/problem+json", {}).get("examples", {}).items()
        ):
            example = DOCUMENT["components"]["examples"][reference["$ref"].rpartition("/")[2]]["value"]
            assert (str(example["status"]), example["code"]) == (status, code)


@pytest.mark.parametrize("kind", KINDS)
def test_an_event_of_every_kind_has_a_schema_and_an_example(kind):
    content = DOCUMENT["webhooks"][kind]["post"]["requestBody"]["content"]["application/json"]

    validate(content["schema"], content["example"])
    assert content["example"]["type"] == kind


def test_what_is_created_leads_on_to_what_its_path_names():
    links = {
        operation.id: set(told["responses"]["201"].get("links", {}))
        for operation, told in [one.values for one in DESCRIBED]
        if "201" in told["responses"]
    }

    assert {"items.get", "items.update", "items.archive"} <= links["items.create"]
    assert {"entries.get", "entries.reverse"} <= links["movements.record"]
    assert {"webhooks.get", "webhooks.update", "webhooks.delete"} <= links["webhooks.create"]


def test_every_code_says_what_to_do():
    assert [one["code"] for one in DOCUMENT["x-problems"] if not (one["title"] and one["what_to_do"])] == []
