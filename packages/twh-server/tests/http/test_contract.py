"""What is answered is what openapi.json says: every operation's real answers against its schemas."""

import json
from pathlib import Path

import jsonschema_rs
import pytest

from twh_server.http import openapi
from twh_server.http.operations import OPERATIONS

COUNTED = ("ratelimit", "ratelimit-policy")

ROOT = Path(__file__).parents[4]
# A PUT creates what its path names.
NAMING = [one for one in OPERATIONS if "{" in one.path and one.method != "PUT"]


@pytest.fixture(scope="module")
def document():
    return json.loads(openapi.encoded())


@pytest.fixture
def described(document, operation):
    return document["paths"][operation.path][operation.method.lower()]


@pytest.fixture
def check(document):
    """Hold a body against the schema that an answer is described by."""

    def check(answer, described):
        told = described["responses"][str(answer.status_code)]
        if "content" not in told:
            assert answer.content == b""
            return
        schema = told["content"][answer.headers["content-type"]]["schema"]
        whole = {**schema, "components": document["components"]}
        jsonschema_rs.validator_for(whole).validate(answer.json())

    return check


def headers_of(described, answer):
    return {name.lower() for name in described["responses"][str(answer.status_code)]["headers"]}


def test_the_contract_that_is_committed_is_the_one_that_is_served():
    assert (ROOT / "openapi" / "openapi.json").read_bytes() == openapi.encoded()


async def test_the_contract_is_served_without_a_key(application):
    application.headers.pop("Authorization", None)

    assert (await application.get("/openapi.json")).content == openapi.encoded()


def test_every_operation_is_described(document):
    ids = {told["operationId"] for path in document["paths"].values() for told in path.values()}

    assert ids == {operation.id for operation in OPERATIONS}


@pytest.fixture
def asked(request_of, operation, things):
    if operation.id == "items.archive":
        things["item"] = "pears"
    if operation.id == "locations.archive":
        things["location"] = "STORE"
    return request_of(operation.id)


async def test_what_succeeds_is_as_described(http, asked, operation, described, check):
    answer = await asked.send(http)

    assert answer.status_code in operation.answers
    check(answer, described)


async def test_the_headers_of_what_succeeds_are_as_described(http, asked, described):
    answer = await asked.send(http)
    ours = {"location", "etag", "twh-request-id", "idempotent-replayed", *COUNTED} & set(answer.headers)

    assert ours == headers_of(described, answer) - {"idempotent-replayed"}


async def test_the_headers_of_what_the_reader_has_are_as_described(http, things, document):
    described = document["paths"]["/v1/items/{item}"]["get"]
    answer = await http.get("/v1/items/apples", headers={"If-None-Match": "*"})

    assert (answer.status_code, headers_of(described, answer)) == (304, {"etag", "twh-request-id", *COUNTED})
    assert headers_of(described, answer) <= set(answer.headers)


async def test_lists_with_something_in_them_are_as_described(http, things, document, check):
    for path in (
        "/v1/items",
        "/v1/locations",
        "/v1/stock",
        "/v1/stock/totals",
        "/v1/movements",
        "/v1/entries",
        "/v1/events",
    ):
        answer = await http.get(path)
        assert answer.json()["data"]
        check(answer, document["paths"][path]["get"])


async def test_what_is_refused_is_as_described(http, application, asked, described, check):
    refused = [await asked.send(http)]
    asked.query = "nonsense=1"
    refused.append(await asked.send(http))
    asked.query, asked.headers["Accept"] = "", "text/html"
    refused.append(await asked.send(http))
    asked.headers["Authorization"] = "Bearer nobody"
    refused.append(await asked.send(application))

    assert [answer.status_code for answer in refused[1:]] == [400, 406, 401]
    for answer in refused:
        check(answer, described)


@pytest.mark.parametrize("operation", NAMING, ids=lambda one: one.id)
async def test_what_is_not_found_is_as_described(http, asked, operation, described, check):
    asked.path = "/".join("nothing" if part.startswith("{") else part for part in operation.path.split("/"))
    answer = await asked.send(http)

    assert answer.status_code == 404
    check(answer, described)


async def test_events_are_as_the_webhooks_section_says(http, things, document):
    await http.patch("/v1/items/pears", json={"name": "x"})
    await http.patch("/v1/locations/STORE", json={"name": "x"})
    for path in ("items/pears", "locations/STORE"):
        await http.post(f"/v1/{path}/archive")
        await http.post(f"/v1/{path}/restore")
    events = (await http.get("/v1/events")).json()["data"]

    assert len({event["type"] for event in events}) >= 8
    for event in events:
        told = document["webhooks"][event["type"]]["post"]["requestBody"]["content"]["application/json"]["schema"]
        jsonschema_rs.validator_for({**told, "components": document["components"]}).validate(event)


@pytest.mark.parametrize("operation", [one for one in OPERATIONS if one.example], ids=lambda one: one.id)
def test_the_example_of_a_body_is_as_described(document, described):
    content = described["requestBody"]["content"]["application/json"]
    whole = {**content["schema"], "components": document["components"]}

    jsonschema_rs.validator_for(whole).validate(content["example"])
