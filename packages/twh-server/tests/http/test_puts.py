"""PUT and the batch over HTTP: what is created, what is replaced, under which conditions, and what is answered."""

import json

import pytest

EAN = "4006381333931"
NEW = {"items/plums": {"name": "Plums"}, "locations/BIN": {"name": "Bin", "kind": "bin"}}
JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(("path", "body"), NEW.items())
async def test_a_put_creates_and_then_replaces(http, things, path, body):
    created = await http.put(f"/v1/{path}", json=body)
    same = await http.put(f"/v1/{path}", json=body)
    replaced = await http.put(f"/v1/{path}", json={**body, "name": "Other"})

    assert [answer.status_code for answer in (created, same, replaced)] == [201, 200, 200]
    assert (await http.get(created.headers["location"])).json() == replaced.json()
    assert [answer.json()["version"] for answer in (created, same, replaced)] == [1, 1, 2]
    assert [answer.headers["etag"] for answer in (created, replaced)] == [
        one.json()["etag"] for one in (created, replaced)
    ]
    assert "location" not in replaced.headers


@pytest.mark.parametrize(("path", "body"), NEW.items())
async def test_with_if_none_match_it_is_created_or_nothing_is_done(http, things, problem, path, body):
    condition = {"If-None-Match": "*"}
    created = await http.put(f"/v1/{path}", json=body, headers=condition)
    refused = await http.put(f"/v1/{path}", json={**body, "name": "Other"}, headers=condition)

    told = problem(refused, 412, "already_exists")
    assert (created.status_code, told["version"], refused.headers["etag"]) == (201, 1, created.headers["etag"])
    assert (await http.get(created.headers["location"])).json() == created.json()


@pytest.mark.parametrize(("path", "body"), NEW.items())
async def test_with_if_match_it_is_replaced_at_that_version_or_nothing_is_done(http, things, problem, path, body):
    problem(await http.put(f"/v1/{path}", json=body, headers={"If-Match": "*"}), 404)
    tag = (await http.put(f"/v1/{path}", json=body)).headers["etag"]
    replaced = await http.put(f"/v1/{path}", json={**body, "name": "Other"}, headers={"If-Match": tag})

    assert replaced.json()["version"] == 2
    problem(await http.put(f"/v1/{path}", json=body, headers={"If-Match": tag}), 412, "stale_version")


@pytest.mark.parametrize(("path", "body"), NEW.items())
async def test_a_put_takes_no_other_tag_to_be_absent(http, things, problem, path, body):
    for tag in ('"it1"', '*, "it1"'):
        problem(await http.put(f"/v1/{path}", json=body, headers={"If-None-Match": tag}), 400, "malformed_request")


@pytest.mark.parametrize(("path", "body"), NEW.items())
async def test_one_key_with_another_condition_is_another_request(http, things, problem, path, body):
    key = {"Idempotency-Key": "k"}
    created = await http.put(f"/v1/{path}", json=body, headers={**key, "If-None-Match": "*"})
    retried = await http.put(f"/v1/{path}", json=body, headers={**key, "If-None-Match": "*"})
    other = await http.put(f"/v1/{path}", json=body, headers=key)

    assert (retried.status_code, retried.content) == (201, created.content)
    problem(other, 422, "idempotency_key_reused")


@pytest.mark.parametrize("name", ["%20x", "x" * 65, "a%0Ab"])
async def test_a_name_that_cannot_be_one_is_not_created(http, things, problem, name):
    item = problem(await http.put(f"/v1/items/{name}", json={"name": "x"}), 422, "invalid_item")
    location = problem(await http.put(f"/v1/locations/{name}", json={"name": "x"}), 422, "invalid_location")

    assert (item["errors"][0]["pointer"], location["errors"][0]["pointer"]) == ("/sku", "/code")


async def test_a_batch_answers_each_row_as_a_put_would_have(http, things):
    rows = [
        {"sku": "plums", "name": "Plums", "barcodes": [EAN]},
        {"sku": "figs", "name": "Figs", "barcodes": ["0" + EAN]},
        {"sku": "figs", "name": "Figs", "if_match": '"it1"'},
        {"sku": "apples", "name": "Red apples", "if_match": '"it7"'},
        {"sku": "apples", "name": 7, "colour": "red"},
        {"sku": "apples", "name": "Red apples"},
        {"sku": "kiwis", "name": "Kiwis", "barcodes": ["4006381333932"]},
        {"sku": "plums", "name": "Plums", "barcodes": [EAN]},
    ]
    answer = (await http.post("/v1/items/batch", json={"items": rows})).json()
    results = answer["results"]

    assert [row["status"] for row in results] == [201, 409, 404, 412, 400, 200, 422, 200]
    assert [answer[name] for name in ("created", "updated", "unchanged", "refused")] == [1, 1, 1, 5]
    assert [error["pointer"] for error in results[4]["problem"]["errors"]] == ["/name", "/colour"]
    assert results[6]["problem"]["errors"][0]["code"] == "invalid_check_digit"
    assert results[5]["item"] == (await http.get("/v1/items/apples")).json()
    assert results[7]["item"] == results[0]["item"]


async def test_a_batch_is_carried_out_once_for_its_key(http, things):
    body, headers = {"items": [{"sku": "plums", "name": "Plums"}]}, {"Idempotency-Key": "run-1"}
    first = await http.post("/v1/items/batch", json=body, headers=headers)
    await http.patch("/v1/items/plums", json={"name": "Damsons"})
    again = await http.post("/v1/items/batch", json=body, headers=headers)

    assert (again.content, again.headers["idempotent-replayed"]) == (first.content, "true")
    assert (await http.get("/v1/items/plums")).json()["name"] == "Damsons"


@pytest.mark.parametrize("rows", [0, 1_001])
async def test_a_batch_has_1_to_1000_rows(http, things, problem, rows):
    answer = await http.post("/v1/items/batch", json={"items": [{"sku": "x", "name": "x"}] * rows})

    assert problem(answer, 400, "malformed_request")["errors"][0]["pointer"] == "/items"


async def test_a_batch_has_up_to_eight_megabytes(http, things, problem):
    row = {"name": "x", "attributes": {"text": "x" * 16_000}}
    body = json.dumps({"items": [{**row, "sku": f"SKU-{number}"} for number in range(400)]}).encode()
    answer = await http.post("/v1/items/batch", content=body, headers=JSON)

    assert len(body) > 6 << 20
    assert (answer.status_code, answer.json()["created"]) == (200, 400)


async def test_a_line_in_packs_moves_units(http, things, problem):
    await http.patch("/v1/items/apples", json={"packs": [{"name": "case", "quantity": "12"}]})
    line = {"item": "apples", "location": "MAIN", "quantity": "2", "pack": "case"}
    body = {"kind": "receipt", "lines": [line]}
    moved = await http.post("/v1/movements", json=body, headers={"Idempotency-Key": "a"})
    body["lines"][0]["pack"] = "crate"
    refused = await http.post("/v1/movements", json=body, headers={"Idempotency-Key": "b"})

    assert moved.json()["movements"][0]["quantity"] == "24"
    assert problem(refused, 422, "pack_not_found")["errors"][0]["pointer"] == "/lines/0/pack"
