"""`twh api`: fields, pages, headers."""

import json

import pytest


def test_fields_of_a_get_are_its_query(twh, elsewhere):
    route = elsewhere.get("/stock").respond(json={"data": [], "next_cursor": None})

    twh("api", "GET", "/v1/stock", "-f", "item=A&B", "-F", "limit=5")

    assert dict(route.calls.last.request.url.params) == {"item": "A&B", "limit": "5"}


def test_fields_of_anything_else_are_its_body(twh, elsewhere):
    route = elsewhere.post("/items").respond(201, json={"id": "itm_1"})

    twh(
        "api",
        "post",
        "items",
        "-f",
        "sku=007",
        "-F",
        "scale=2",
        "-F",
        "barcodes=[]",
        "-F",
        "weight=0.10",
        "-H",
        "X-A: b",
    )

    assert json.loads(route.calls.last.request.content) == {"sku": "007", "scale": 2, "barcodes": [], "weight": "0.10"}
    assert route.calls.last.request.headers["x-a"] == "b"
    assert route.calls.last.request.headers["idempotency-key"]


def test_the_body_may_be_a_file(twh, elsewhere, tmp_path):
    route = elsewhere.post("/items").respond(201, json={"id": "itm_1"})
    (tmp_path / "item.json").write_text('{"sku": "A"}')

    twh("api", "POST", "items", "--input", str(tmp_path / "item.json"))

    assert json.loads(route.calls.last.request.content) == {"sku": "A"}


@pytest.mark.parametrize("text", ["[1]", "{", "\xff"])
def test_a_file_that_is_no_object_is_said_to_be_none(twh, elsewhere, tmp_path, text):
    (tmp_path / "item.json").write_bytes(text.encode("latin-1"))

    assert twh("api", "POST", "items", "--input", str(tmp_path / "item.json")).exit_code == 2


def test_all_pages_are_one_list(twh, elsewhere):
    elsewhere.get("/items", params={"cursor": "c=2"}).respond(json={"data": [{"sku": "B"}], "next_cursor": None})
    elsewhere.get("/items").respond(json={"data": [{"sku": "A"}], "next_cursor": "c=2"})

    assert twh("api", "GET", "items", "--paginate", "--json").json == [{"sku": "A"}, {"sku": "B"}]


def test_the_feed_is_paged_by_sequence(twh, elsewhere):
    elsewhere.get("/events", params={"after": "1"}).respond(json={"data": [{"n": 2}], "next_after": 2, "head": 2})
    elsewhere.get("/events", params={"after": "0"}).respond(json={"data": [{"n": 1}], "next_after": 1, "head": 2})

    assert twh("api", "GET", "events?after=0", "--paginate", "--json").json == [{"n": 1}, {"n": 2}]


def test_the_headers_can_be_seen(twh, elsewhere):
    elsewhere.get("/tenant").respond(json={"a": 1}, headers={"twh-request-id": "req_1"})

    told = twh("api", "GET", "tenant", "-i").out

    assert told.startswith("HTTP 200\n")
    assert "twh-request-id: req_1\n" in told
    assert told.endswith('\n\n{"a":1}\n')
