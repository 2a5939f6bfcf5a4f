"""Another tenant's things do not exist: the answer is the one that a thing gets which never was."""

import psycopg
import pytest

from twh_server.access.keys import FIND_KEY
from twh_server.database.identifiers import (
    DELIVERY,
    ENDPOINT,
    ENTRY,
    EVENT,
    ITEM,
    JOB,
    KEY,
    LOCATION,
    MOVEMENT,
    fresh,
)
from twh_server.http.operations import OPERATIONS


@pytest.fixture
def things(standing_things):
    """Nothing is changed here, so one shop serves all of these tests."""
    return standing_things


@pytest.fixture
def http(application, standing):
    application.headers["Authorization"] = f"Bearer {standing.shop.secret}"
    return application


NEVER_WAS = {
    "item": ITEM.text(fresh()),
    "location": LOCATION.text(fresh()),
    "movement": MOVEMENT.text(fresh()),
    "entry": ENTRY.text(fresh()),
    "event": EVENT.text(fresh()),
    "event_type": "stock.lo",
    "checkpoint": "nobody-reads-so",
    "endpoint": ENDPOINT.text(fresh()),
    "delivery": DELIVERY.text(fresh()),
    "replay": JOB.text(fresh()),
    "api_key": KEY.text(fresh()),
    "key": "nobody-used-it",
}


def those(pick):
    """Run a test for each operation that is picked."""
    chosen = [one for one in OPERATIONS if pick(one)]
    return pytest.mark.parametrize("operation", chosen, ids=[one.id for one in chosen])


def has_path_object(operation):
    return "{" in operation.path


def has_path_object_of_a_tenant(operation):
    """Types of events are no tenant's own: everybody reads the same, and no database is asked."""
    return has_path_object(operation) and operation.id != "event_types.get"


def names_a_thing(operation):
    """What a consumer is called is the tenant's own choice: another tenant makes one of that name."""
    return has_path_object_of_a_tenant(operation) and operation.id != "checkpoints.set"


def has_path_object_that_is_there(operation):
    """A PUT creates what its path names."""
    return has_path_object(operation) and operation.method != "PUT"


def told(body, names):
    """A problem without what names the thing itself and the request."""
    text = str({name: value for name, value in body.items() if name != "request_id"})
    for name in names:
        text = text.replace(name, "…")
    return text


@those(names_a_thing)
async def test_another_tenants_thing_is_not_found_as_if_it_never_was(
    application, things, request_of, operation, other_shop, problem
):
    theirs = request_of(operation.id, secret=other_shop.secret)
    never = request_of(operation.id, secret=other_shop.secret)
    for name, value in things.items():
        never.path = never.path.replace(value, NEVER_WAS[name]).replace("a%2Fused_key%3F", NEVER_WAS["key"])
    found, unknown = await theirs.send(application), await never.send(application)

    assert (found.status_code, unknown.status_code) == (404, 404)
    assert told(problem(found), things.values()) == told(problem(unknown), NEVER_WAS.values())
    assert set(found.headers) == set(unknown.headers)


@pytest.fixture
def sent(monkeypatch):
    """The statements that are sent to the database, as they are sent."""
    texts, execute = [], psycopg.AsyncCursor.execute

    async def overheard(cursor, query, *arguments, **options):
        if query != FIND_KEY:  # which is believed for a while
            texts.append(query)
        return await execute(cursor, query, *arguments, **options)

    monkeypatch.setattr(psycopg.AsyncCursor, "execute", overheard)
    return texts


@those(has_path_object_of_a_tenant)
async def test_as_much_is_done_for_another_tenants_thing_as_for_one_that_never_was(
    application, things, request_of, operation, other_shop, sent
):
    theirs = request_of(operation.id, secret=other_shop.secret)
    never = request_of(operation.id, secret=other_shop.secret)
    for name, value in things.items():
        never.path = never.path.replace(value, NEVER_WAS[name]).replace("a%2Fused_key%3F", NEVER_WAS["key"])
    await theirs.send(application)
    for_theirs = sent.copy()
    sent.clear()
    await never.send(application)

    assert for_theirs
    assert for_theirs == sent


@those(names_a_thing)
async def test_what_never_was_is_not_found(http, request_of, things, operation, problem):
    asked = request_of(operation.id)
    for name, value in things.items():
        asked.path = asked.path.replace(value, NEVER_WAS[name]).replace("a%2Fused_key%3F", NEVER_WAS["key"])

    assert problem(await asked.send(http), 404)["code"].endswith("_not_found")


@those(has_path_object_that_is_there)
@pytest.mark.parametrize(
    "name", ["x", "itm_", "ent_01h455vb4pex5vsknk084sn02q", "%E2%9C%93", "a%2Fb", "%25", "1" * 200]
)
async def test_what_is_no_name_of_a_thing_is_not_found(http, request_of, things, operation, name, problem):
    asked = request_of(operation.id)
    asked.path = operation.path.replace("{item}/{location}", f"{name}/{name}")
    asked.path = "/".join(name if part.startswith("{") else part for part in asked.path.split("/"))

    problem(await asked.send(http), 404)


async def test_names_of_another_tenants_things_find_nothing(application, things, other_shop, problem):
    headers = {"Authorization": f"Bearer {other_shop.secret}"}
    for path in ("/v1/items/apples", "/v1/locations/MAIN", "/v1/stock/apples/MAIN"):
        problem(await application.get(path, headers=headers), 404)


@pytest.mark.parametrize(
    "target",
    [
        "items",
        "locations",
        "stock",
        "stock/totals",
        "movements",
        "entries",
        "events",
        "webhook-endpoints",
        "deliveries",
        "ledger/blocks",
        "audit-log",
    ],
)
async def test_lists_of_another_tenant_are_empty(application, things, other_shop, target):
    headers = {"Authorization": f"Bearer {other_shop.secret}"}
    answer = await application.get(f"/v1/{target}", headers=headers)

    assert answer.json()["data"] == []


FILTERS = {
    "stock?item": "item",
    "stock?location": "location",
    "stock?within=true&location": "location",
    "stock/totals?item": "item",
    "stock/totals?location": "location",
    "locations?parent": "location",
    "locations?within": "location",
    "movements?item": "item",
    "movements?entry": "entry",
}


@pytest.mark.parametrize("filters", FILTERS)
async def test_a_filter_by_another_tenants_thing_finds_nothing(application, things, other_shop, filters):
    headers = {"Authorization": f"Bearer {other_shop.secret}"}
    answer = await application.get(f"/v1/{filters}={things[FILTERS[filters]]}", headers=headers)

    assert (answer.status_code, answer.json()["data"]) == (200, [])


async def test_another_tenants_thing_in_a_line_is_not_found(application, things, other_shop, problem):
    headers = {"Authorization": f"Bearer {other_shop.secret}", "Idempotency-Key": "k"}
    line = {"item": things["item"], "location": things["location"], "quantity": "1"}
    answer = await application.post("/v1/movements", json={"kind": "receipt", "lines": [line]}, headers=headers)

    assert [error["code"] for error in problem(answer, 422)["errors"]] == ["item_not_found", "location_not_found"]


async def test_another_tenants_sku_is_free(application, things, other_shop):
    headers = {"Authorization": f"Bearer {other_shop.secret}"}
    answer = await application.post("/v1/items", json={"sku": "apples", "name": "Ours"}, headers=headers)

    assert answer.status_code == 201
