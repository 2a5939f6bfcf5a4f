"""Keys over HTTP: for every operation that takes one, a retry gets the same bytes and another request gets none."""

import asyncio
from uuid import uuid4

import pytest

from twh_server.http.operations import OPERATIONS

KEYED = [operation for operation in OPERATIONS if operation.key != "none"]
WITH_BODY = [operation for operation in KEYED if operation.body]


@pytest.fixture
def keyed(request_of, operation, things):
    """A request to the operation with one key."""
    key = str(uuid4())
    things.update(item=things["item"] if "archive" not in operation.id else "pears", location="MAIN")
    if operation.id == "locations.archive":
        things["location"] = "STORE"

    def make(**more):
        asked = request_of(operation.id, **more)
        asked.headers["Idempotency-Key"] = key
        return asked

    return make


@pytest.mark.parametrize("operation", KEYED, ids=lambda one: one.id)
async def test_a_retry_gets_the_same_bytes(http, keyed):
    first, retried = await keyed().send(http), await keyed().send(http)
    per_request = {"twh-request-id", "idempotent-replayed"}

    assert first.is_success
    assert (retried.status_code, retried.content) == (first.status_code, first.content)
    assert {**retried.headers, **dict.fromkeys(per_request)} == {**first.headers, **dict.fromkeys(per_request)}
    assert retried.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in first.headers


@pytest.mark.parametrize("operation", KEYED, ids=lambda one: one.id)
async def test_retries_at_once_happen_once(http, keyed):
    answers = await asyncio.gather(*(keyed().send(http) for _ in range(10)))

    assert len({answer.content for answer in answers}) == 1
    assert sum("idempotent-replayed" not in answer.headers for answer in answers) == 1


@pytest.mark.parametrize("operation", WITH_BODY, ids=lambda one: one.id)
async def test_the_same_key_with_another_body_is_refused(http, keyed, problem):
    first = await keyed().send(http)
    asked = keyed()
    asked.content = asked.content.replace(b"{", b"{ ", 1)
    answer = await asked.send(http)

    problem(answer, 422, "idempotency_key_reused")
    assert first.json().get("id", "nothing") not in answer.text


@pytest.mark.parametrize("operation", [one for one in KEYED if one.conditional], ids=lambda one: one.id)
async def test_the_same_key_with_another_version_is_another_request(http, keyed, problem):
    await keyed().send(http)
    asked = keyed()
    asked.headers["If-Match"] = "*"

    problem(await asked.send(http), 422, "idempotency_key_reused")


async def test_the_same_key_at_another_path_is_another_request(http, things, problem):
    headers = {"Idempotency-Key": "k"}
    await http.patch("/v1/items/apples", json={"name": "x"}, headers=headers)

    problem(await http.patch("/v1/items/pears", json={"name": "x"}, headers=headers), 422, "idempotency_key_reused")


async def test_a_refusal_is_repeated_with_the_id_of_its_first_request(http, things):
    headers, body = {"Idempotency-Key": "k"}, {"sku": "apples", "name": "x"}
    first = await http.post("/v1/items", json=body, headers=headers)
    again = await http.post("/v1/items", json=body, headers=headers)

    assert (first.status_code, again.status_code) == (409, 409)
    assert again.content == first.content
    assert again.headers["idempotent-replayed"] == "true"


async def test_what_a_key_was_answered_can_be_read(http, things):
    body = {"kind": "receipt", "lines": [{"item": "apples", "location": "MAIN", "quantity": "1"}]}
    answer = await http.post("/v1/movements", json=body, headers={"Idempotency-Key": "a/key"})
    record = (await http.get("/v1/idempotency-keys/a%2Fkey")).json()

    assert (record["key"], record["status"], record["body"]) == ("a/key", 201, answer.json())
    assert (record["entry"], record["headers"]["Location"]) == (answer.json()["id"], answer.headers["location"])


async def test_a_refused_key_can_be_read(http, things):
    answer = await http.post("/v1/items", json={"sku": "apples", "name": "x"}, headers={"Idempotency-Key": "k"})
    record = (await http.get("/v1/idempotency-keys/k")).json()

    assert (record["status"], record["body"], record["entry"]) == (409, answer.json(), None)


async def test_a_count_that_found_nothing_new_is_read_without_a_body(http, things):
    body = {"kind": "count", "lines": [{"item": "apples", "location": "MAIN", "quantity": "5"}]}
    answer = await http.post("/v1/movements", json=body, headers={"Idempotency-Key": "k"})
    record = (await http.get("/v1/idempotency-keys/k")).json()

    assert (answer.status_code, answer.content) == (204, b"")
    assert (record["status"], record["body"], record["entry"]) == (204, None, None)


@pytest.mark.parametrize("key", ["unused", "%20", "x" * 300, "caf%C3%A9"])
async def test_a_key_that_nobody_used_is_unknown(http, things, problem, key):
    problem(await http.get(f"/v1/idempotency-keys/{key}"), 404, "idempotency_key_not_found")
