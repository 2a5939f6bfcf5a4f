"""The AsyncAPI document says of every kind of event what it is and on which channels it is told, and nothing leads nowhere."""

import json
from pathlib import Path

import jsonschema_rs
import pytest

from twh_server.events.kinds import KINDS
from twh_server.http import asyncapi

COMMITTED = Path(__file__).parents[4] / "openapi" / "asyncapi.json"


@pytest.fixture(scope="module")
def document():
    return json.loads(asyncapi.encoded())


def references(value):
    if isinstance(value, dict):
        yield from ([value["$ref"]] if isinstance(value.get("$ref"), str) else [])
        for part in value.values():
            yield from references(part)
    elif isinstance(value, list):
        for part in value:
            yield from references(part)


def led_to(document, reference):
    place = document
    for step in reference.removeprefix("#/").split("/"):
        place = place[step]
    return place


def test_what_is_committed_is_what_the_code_says():
    assert COMMITTED.read_bytes() == asyncapi.encoded()


def test_it_is_a_document_of_version_three(document):
    assert document["asyncapi"] == "3.0.0"
    assert {"title", "version"} <= document["info"].keys()
    assert document.keys() <= {
        "asyncapi",
        "id",
        "info",
        "servers",
        "defaultContentType",
        "channels",
        "operations",
        "components",
    }
    assert [operation["action"] for operation in document["operations"].values()] == ["send", "send"]


def test_every_kind_is_told_on_both_channels(document):
    assert {name: list(channel["messages"]) for name, channel in document["channels"].items()} == {
        "feed": list(KINDS),
        "webhook": list(KINDS),
    }
    for operation in document["operations"].values():
        told = [led_to(document, led_to(document, one["$ref"])["$ref"])["name"] for one in operation["messages"]]
        assert told == list(KINDS)


def test_every_reference_leads_somewhere(document):
    assert all(led_to(document, reference) for reference in references(document))


@pytest.mark.parametrize("kind", KINDS)
def test_an_example_is_what_its_schema_says(document, kind):
    message = document["components"]["messages"][kind]
    validator = jsonschema_rs.validator_for({**message["payload"], "components": document["components"]})
    example = message["examples"][0]["payload"]

    validator.validate(example)
    assert example["type"] == kind
    assert not validator.is_valid({**example, "type": "another.kind"})
    assert not validator.is_valid({**example, "data": {}})
