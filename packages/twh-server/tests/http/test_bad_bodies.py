"""Bodies of the wrong shape: the answer says where each mistake is, and nothing of the request is carried out."""

import json
from uuid import uuid4

import pytest

RECORD = "/v1/movements"
JSON = {"Content-Type": "application/json"}


def new_key():
    return {"Idempotency-Key": str(uuid4())}


@pytest.fixture
def things(standing_things):
    """What is refused changes nothing, so one shop serves all of these tests."""
    return standing_things


@pytest.fixture
def http(application, standing):
    application.headers["Authorization"] = f"Bearer {standing.shop.secret}"
    return application


HUGE = 10**400


def of_line(**changes):
    return {"kind": "receipt", "lines": [{"item": "apples", "location": "MAIN", "quantity": "1", **changes}]}


def of_entry(**changes):
    return {**of_line(), **changes}


ENTRIES = {
    "a number for a decimal": (of_line(quantity=1), "/lines/0/quantity"),
    "a fraction for a decimal": (of_line(quantity=1.5), "/lines/0/quantity"),
    "a huge number for a decimal": (of_line(quantity=HUGE), "/lines/0/quantity"),
    "null for a decimal": (of_line(quantity=None), "/lines/0/quantity"),
    "a list for a decimal": (of_line(quantity=["1"]), "/lines/0/quantity"),
    "a decimal without end": (of_line(quantity="1" * 257), "/lines/0/quantity"),
    "a number for a name": (of_line(item=1), "/lines/0/item"),
    "an empty name": (of_line(item=""), "/lines/0/item"),
    "a long name": (of_line(location="x" * 65), "/lines/0/location"),
    "a field of no line": (of_line(price="1"), "/lines/0/price"),
    "a number for what is expected": (of_line(expected={"on_hand": 10}), "/lines/0/expected/on_hand"),
    "a negative version": (of_line(expected={"version": -1}), "/lines/0/expected/version"),
    "a text for a version": (of_line(expected={"version": "1"}), "/lines/0/expected/version"),
    "truth for a version": (of_line(expected={"version": True}), "/lines/0/expected/version"),
    "a number for a kind": (of_entry(kind=1), "/kind"),
    "a long kind": (of_entry(kind="x" * 33), "/kind"),
    "lines that are none": (of_entry(lines={}), "/lines"),
    "a line that is none": (of_entry(lines=["apples"]), "/lines/0"),
    "more lines than are read": (of_entry(lines=of_line()["lines"] * 10_001), "/lines"),
    "an empty reason": (of_entry(reason=""), "/reason"),
    "a long reason": (of_entry(reason="x" * 256), "/reason"),
    "a text for a reference": (of_entry(reference="PO-77"), "/reference"),
    "half a reference": (of_entry(reference={"type": "order"}), "/reference/id"),
    "a text for force": (of_entry(force="true"), "/force"),
    "a number for force": (of_entry(force=1), "/force"),
    "a time without an offset": (of_entry(occurred_at="2026-05-10T12:00:00"), "/occurred_at"),
    "a date for a time": (of_entry(occurred_at="2026-05-10"), "/occurred_at"),
    "a number for a time": (of_entry(occurred_at=1778414400), "/occurred_at"),
    "no time at all": (of_entry(occurred_at="2026-02-30T12:00:00Z"), "/occurred_at"),
}


@pytest.mark.parametrize(("body", "pointer"), ENTRIES.values(), ids=ENTRIES)
async def test_an_entry_of_the_wrong_shape_is_malformed_and_says_where(http, things, body, pointer, problem):
    answer = await http.post(RECORD, content=json.dumps(body), headers={**JSON, **new_key()})

    assert pointer in [error["pointer"] for error in problem(answer, 400, "malformed_request")["errors"]]


async def test_all_that_is_wrong_with_a_shape_is_named_at_once(http, things, problem):
    body = {"lines": [{"quantity": 1}], "force": "yes", "nonsense": 1}
    answer = await http.post(RECORD, json=body, headers=new_key())
    pointers = [error["pointer"] for error in problem(answer, 400)["errors"]]

    assert sorted(pointers) == ["/force", "/kind", "/lines/0/item", "/lines/0/quantity", "/nonsense"]


async def test_a_wrong_shape_is_not_remembered(http, things):
    headers = new_key()
    refused = await http.post(RECORD, json=of_line(quantity=1), headers=headers)
    recorded = await http.post(RECORD, json=of_line(quantity="1"), headers=headers)

    assert (refused.status_code, recorded.status_code) == (400, 201)


@pytest.mark.parametrize("lines", [0, 1_001])
async def test_an_entry_has_1_to_1000_lines(http, things, lines, problem):
    body = of_entry(lines=of_line()["lines"] * lines)
    answer = await http.post(RECORD, json=body, headers=new_key())

    assert problem(answer, 422, "too_many_lines")["errors"][0]["pointer"] == "/lines"


async def test_one_answer_names_an_unknown_item_an_unknown_location_and_too_many_decimals(http, things, problem):
    lines = [
        {"item": "unheard-of", "location": "MAIN", "quantity": "1"},
        {"item": "apples", "location": "NOWHERE", "quantity": "1"},
        {"item": "apples", "location": "MAIN", "quantity": "0.5"},
    ]
    answer = await http.post(RECORD, json={"kind": "receipt", "lines": lines}, headers=new_key())
    errors = problem(answer, 422, "invalid_entry")["errors"]

    assert [(error["pointer"], error["code"]) for error in errors] == [
        ("/lines/0/item", "item_not_found"),
        ("/lines/1/location", "location_not_found"),
        ("/lines/2/quantity", "too_many_decimals"),
    ]


ITEMS = {
    "no name": ({"sku": "x"}, "/name"),
    "an empty name": ({"sku": "x", "name": ""}, "/name"),
    "a long name": ({"sku": "x", "name": "x" * 256}, "/name"),
    "a number for a SKU": ({"sku": 1, "name": "x"}, "/sku"),
    "a text for barcodes": ({"sku": "x", "name": "x", "barcodes": "4006381333931"}, "/barcodes"),
    "too many barcodes": ({"sku": "x", "name": "x", "barcodes": [str(n) for n in range(21)]}, "/barcodes"),
    "a number for a barcode": ({"sku": "x", "name": "x", "barcodes": [1]}, "/barcodes/0"),
    "a text for a scale": ({"sku": "x", "name": "x", "scale": "1"}, "/scale"),
    "a scale of ten": ({"sku": "x", "name": "x", "scale": 10}, "/scale"),
    "a negative scale": ({"sku": "x", "name": "x", "scale": -1}, "/scale"),
    "a huge scale": ({"sku": "x", "name": "x", "scale": HUGE}, "/scale"),
    "a number for a reorder point": ({"sku": "x", "name": "x", "reorder_point": 5}, "/reorder_point"),
    "a long unit": ({"sku": "x", "name": "x", "unit": "x" * 17}, "/unit"),
    "a list for attributes": ({"sku": "x", "name": "x", "attributes": []}, "/attributes"),
}


@pytest.mark.parametrize(("body", "pointer"), ITEMS.values(), ids=ITEMS)
async def test_an_item_of_the_wrong_shape_is_malformed_and_says_where(http, body, pointer, problem):
    answer = await http.post("/v1/items", content=json.dumps(body), headers=JSON)

    assert pointer in [error["pointer"] for error in problem(answer, 400, "malformed_request")["errors"]]


@pytest.mark.parametrize("number", ["1e400", "-1e400", "NaN", "-Infinity", "9" * 5_000])
async def test_a_number_that_cannot_be_kept_exactly_is_refused_in_attributes(http, number, problem):
    content = f'{{"sku": "x", "name": "x", "attributes": {{"deep": [{{"er": {number}}}]}}}}'

    assert problem(await http.post("/v1/items", content=content, headers=JSON))["status"] in (400, 422)


@pytest.mark.parametrize(
    "attributes", [{"n": 2**64}, {"n": -(10**400)}, {"n": 0.1}, {"": ""}, {"a\\u0000": "\\\\u0000"}]
)
async def test_attributes_are_answered_as_they_were_sent(http, attributes):
    sku = f"SKU {abs(hash(str(attributes)))}"
    created = await http.post("/v1/items", json={"sku": sku, "name": "x", "attributes": attributes})
    read = await http.get(f"/v1/items/{sku}")

    assert created.json()["attributes"] == attributes
    assert read.json()["attributes"] == attributes


@pytest.mark.parametrize("kind", [None, 1, "x" * 33])
async def test_a_location_of_the_wrong_shape_is_malformed(http, kind, problem):
    problem(await http.post("/v1/locations", json={"code": "x", "name": "x", "kind": kind}), 400, "malformed_request")


@pytest.mark.parametrize("name", [None, "", 1, "x" * 256])
async def test_a_change_of_the_wrong_shape_is_malformed(http, things, name, problem):
    for target in ("/v1/items/apples", "/v1/locations/MAIN"):
        problem(await http.patch(target, json={"name": name}), 400, "malformed_request")


async def test_what_cannot_be_changed_is_no_field_of_a_change(http, things, problem):
    for body in ({"sku": "other"}, {"scale": 3}, {"archived_at": None}, {"version": 7}):
        problem(await http.patch("/v1/items/apples", json=body), 400, "malformed_request")
