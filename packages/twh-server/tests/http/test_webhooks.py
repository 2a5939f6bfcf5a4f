"""Webhook endpoints and their deliveries over HTTP."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from twh_server.access.keys import create_key
from twh_server.access.sealing import Sealer
from twh_server.access.tenants import find_tenant
from twh_server.database.identifiers import ENDPOINT
from twh_server.events.bell import Bell
from twh_server.events.follow import Follower
from twh_server.webhooks.deliver import Courier
from twh_server.webhooks.fan_out import FOLLOWER, fan_out

ENDPOINTS = "/v1/webhook-endpoints"
URL = "https://example.com/hooks/twh"


async def test_the_secret_is_told_at_creation_and_never_again(http):
    created = await http.post(ENDPOINTS, json={"url": URL, "kinds": ["entry.recorded"]})

    address = created.headers["location"]
    read = await http.get(address)
    listed = await http.get(ENDPOINTS)
    told = await http.get("/v1/events")
    assert created.status_code == 201
    assert created.json()["secret"].startswith("whsec_")
    assert created.headers["etag"] == read.headers["etag"] == read.json()["etag"] == '"wh1"'
    assert read.json() == {name: value for name, value in created.json().items() if name != "secret"}
    assert listed.json() == {"data": [read.json()], "next_cursor": None}
    assert "whsec" not in told.text


async def test_a_retried_creation_is_answered_with_the_same_bytes_and_makes_no_second_endpoint(http):
    headers = {"Idempotency-Key": "made-once"}

    first = await http.post(ENDPOINTS, json={"url": URL}, headers=headers)
    again = await http.post(ENDPOINTS, json={"url": URL}, headers=headers)
    other = await http.post(ENDPOINTS, json={"url": URL + "/other"}, headers=headers)

    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["idempotent-replayed"] == "true"
    assert (again.headers["location"], again.headers["etag"]) == (first.headers["location"], first.headers["etag"])
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert len((await http.get(ENDPOINTS)).json()["data"]) == 1


async def test_a_retried_creation_that_was_refused_is_refused_again(http):
    headers = {"Idempotency-Key": "refused"}

    first = await http.post(ENDPOINTS, json={"url": "nonsense"}, headers=headers)
    again = await http.post(ENDPOINTS, json={"url": "nonsense"}, headers=headers)

    assert first.status_code == again.status_code == 422
    assert again.json()["code"] == "invalid_endpoint"
    assert again.headers["idempotent-replayed"] == "true"


async def test_the_remembered_answer_of_a_creation_does_not_tell_the_secret(http):
    created = await http.post(ENDPOINTS, json={"url": URL}, headers={"Idempotency-Key": "a-key"})

    record = await http.get("/v1/idempotency-keys/a-key")

    assert created.json()["secret"] not in record.text
    assert record.status_code == 200


async def test_a_rotated_secret_is_told_once_and_again_to_who_retries(http):
    created = await http.post(ENDPOINTS, json={"url": URL})
    address, headers = created.headers["location"], {"Idempotency-Key": "rotated-once"}

    rotated = await http.post(f"{address}/rotate-secret", json={}, headers=headers)
    again = await http.post(f"{address}/rotate-secret", json={}, headers=headers)
    read = await http.get(address)
    record = await http.get("/v1/idempotency-keys/rotated-once")

    assert (rotated.status_code, again.content, rotated.headers["etag"]) == (200, rotated.content, '"wh2"')
    assert rotated.json()["secret"].startswith("whsec_")
    assert rotated.json()["secret"] != created.json()["secret"]
    assert read.json() == {name: value for name, value in rotated.json().items() if name != "secret"}
    assert rotated.json()["secret"] not in record.text
    overlap = datetime.fromisoformat(read.json()["previous_secret_until"]) - datetime.now(UTC)
    assert timedelta(hours=23) < overlap < timedelta(hours=25)


@pytest.mark.parametrize("seconds", [-1, 604_801, "60", 0.5, None])
async def test_two_secrets_sign_for_a_week_at_most(http, seconds):
    address = (await http.post(ENDPOINTS, json={"url": URL})).headers["location"]

    refused = await http.post(f"{address}/rotate-secret", json={"overlap_seconds": seconds})

    assert (refused.status_code, refused.json()["code"]) == (400, "malformed_request")


async def test_what_was_done_to_an_endpoint_names_it_and_what_was_before(http, database, shop):
    created = await http.post(ENDPOINTS, json={"url": URL})
    address = created.headers["location"]
    await http.patch(address, json={"enabled": False, "description": "ours"})
    await http.post(f"{address}/rotate-secret", json={})
    await http.delete(address)

    events = (await http.get("/v1/events")).json()["data"]
    subjects = await database.read(
        shop.tenant, "select distinct subject from events where tenant_id = %(tenant)s", {"tenant": shop.tenant}
    )

    assert [event.get("previous") for event in events] == [
        None,
        {"description": "", "enabled": True},
        {"previous_secret_until": None},
        None,
    ]
    assert subjects == [(ENDPOINT.parse(created.json()["id"]),)]


async def test_everything_wrong_with_an_endpoint_is_named_at_once(http):
    refused = await http.post(ENDPOINTS, json={"url": "ftp://example.com", "kinds": ["entry.recorded", "no.such"]})

    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_endpoint")
    errors = [(error["pointer"], error["code"]) for error in refused.json()["errors"]]
    assert errors == [("/url", "invalid_url"), ("/kinds/1", "unknown_kind")]


@pytest.mark.parametrize(
    "body",
    [
        "{}",
        '{"url": 1}',
        '{"url": null}',
        '{"url": "https://example.com", "secret": "whsec_mine"}',
        '{"url": "https://example.com", "enabled": false}',
        '{"url": "https://example.com", "kinds": "entry.recorded"}',
        '{"url": "https://example.com", "description": "\\u0000"}',
        '{"url": "https://example.com", "description": "' + "x" * 256 + '"}',
        '{"url": "https://example.com"',
    ],
)
async def test_a_body_of_the_wrong_shape_is_malformed(http, body):
    refused = await http.post(ENDPOINTS, content=body, headers={"Content-Type": "application/json"})

    assert (refused.status_code, refused.json()["code"]) == (400, "malformed_request")


async def test_a_change_asks_for_the_version_that_was_read(http):
    created = await http.post(ENDPOINTS, json={"url": URL})
    address, tag = created.headers["location"], created.headers["etag"]

    changed = await http.patch(address, json={"enabled": False, "kinds": ["stock.low"]}, headers={"If-Match": tag})
    stale = await http.patch(address, json={"enabled": True}, headers={"If-Match": tag})
    unchanged = await http.get(address, headers={"If-None-Match": changed.headers["etag"]})
    stale_delete = await http.delete(address, headers={"If-Match": tag})

    assert (changed.status_code, changed.json()["enabled"], changed.json()["kinds"]) == (200, False, ["stock.low"])
    assert "secret" not in changed.json()
    assert (stale.status_code, stale.json()["code"], stale.headers["etag"]) == (412, "stale_version", '"wh2"')
    assert unchanged.status_code == 304
    assert stale_delete.status_code == 412


async def test_a_deleted_endpoint_is_not_found(http):
    address = (await http.post(ENDPOINTS, json={"url": URL})).headers["location"]

    deleted = await http.delete(address)

    assert (deleted.status_code, deleted.content) == (204, b"")
    for answer in (await http.get(address), await http.delete(address), await http.patch(address, json={})):
        assert (answer.status_code, answer.json()["code"]) == (404, "endpoint_not_found")


async def test_endpoints_are_listed_page_by_page(http):
    made = [(await http.post(ENDPOINTS, json={"url": f"{URL}/{number}"})).json()["id"] for number in range(3)]

    first = (await http.get(ENDPOINTS, params={"limit": 2})).json()
    second = (await http.get(ENDPOINTS, params={"limit": 2, "cursor": first["next_cursor"]})).json()

    assert [endpoint["id"] for endpoint in first["data"] + second["data"]] == made
    assert second["next_cursor"] is None


async def test_deliveries_and_their_attempts_can_be_read(http, database):
    endpoint = (await http.post(ENDPOINTS, json={"url": "http://127.0.0.1:9/", "kinds": ["location.created"]})).json()
    for code in ("A", "B"):
        await http.post("/v1/locations", json={"code": code, "name": code})
    await deliver_once(database, http)

    page = (await http.get("/v1/deliveries", params={"endpoint": endpoint["id"], "limit": 1})).json()
    rest = (await http.get("/v1/deliveries", params={"limit": 1, "cursor": page["next_cursor"]})).json()
    delivery = page["data"][0]
    one = (await http.get(f"/v1/deliveries/{delivery['id']}")).json()
    attempts = (await http.get(f"/v1/deliveries/{delivery['id']}/attempts")).json()
    assert (delivery["sequence"], rest["data"][0]["sequence"], rest["next_cursor"]) == (3, 2, None)
    assert one == delivery
    assert (one["state"], one["attempts"], one["event_type"]) == ("pending", 1, "location.created")
    assert (await http.get(f"/v1/events/{delivery['event']}")).json()["sequence"] == 3
    assert [(attempt["number"], attempt["status"]) for attempt in attempts["data"]] == [(1, None)]
    assert attempts["data"][0]["error"].startswith("There was no connection")
    assert attempts == (await http.get(f"/v1/deliveries/{delivery['id']}/attempts?limit=1")).json()
    assert (await http.get("/v1/deliveries", params={"state": "failed"})).json()["data"] == []


@pytest.mark.parametrize("query", [{"state": "lost"}, {"cursor": "nonsense"}, {"limit": "0"}, {"endpoints": "x"}])
async def test_a_query_that_cannot_be_used_is_refused(http, query):
    refused = await http.get("/v1/deliveries", params=query)

    assert (refused.status_code, refused.json()["code"]) == (400, "invalid_parameter")


async def test_another_tenant_finds_neither_endpoint_nor_delivery(http, database, other_shop):
    address = (await http.post(ENDPOINTS, json={"url": "http://127.0.0.1:9/"})).headers["location"]
    await http.post("/v1/locations", json={"code": "A", "name": "A"})
    await deliver_once(database, http)
    (delivery,) = (await http.get("/v1/deliveries")).json()["data"]
    strange = {"headers": other_shop.headers}

    answers = [
        await http.get(address, **strange),
        await http.patch(address, json={"enabled": False}, **strange),
        await http.delete(address, **strange),
        await http.get(f"/v1/deliveries/{delivery['id']}", **strange),
        await http.get(f"/v1/deliveries/{delivery['id']}/attempts", **strange),
    ]

    codes = [(answer.status_code, answer.json()["code"]) for answer in answers]
    assert codes == [(404, "endpoint_not_found")] * 3 + [(404, "delivery_not_found")] * 2
    assert (await http.get("/v1/deliveries", **strange)).json()["data"] == []
    assert (await http.get("/v1/deliveries", params={"event": delivery["event"]}, **strange)).json()["data"] == []


async def test_a_key_without_the_scope_may_not(http, database, shop):
    async with database.transaction() as tx:
        tenant = await find_tenant(database, shop.tenant)
        key = await create_key(tx, tenant, name="reader", scopes=["webhooks:read"])
    reader = {"headers": {"Authorization": f"Bearer {key.secret}"}}

    assert (await http.get(ENDPOINTS, **reader)).status_code == 200
    refused = await http.post(ENDPOINTS, json={"url": URL}, **reader)
    assert (refused.status_code, refused.json()["scope"]) == (403, "webhooks:write")


async def deliver_once(database, http):
    """Make one attempt of every delivery of the shop."""
    await Follower(database, Bell(), FOLLOWER, fan_out).catch_up()
    courier = Courier(database, Sealer(bytes(32)))
    running = asyncio.create_task(courier.run())
    async with asyncio.timeout(10):
        while not all(delivery["attempts"] for delivery in (await http.get("/v1/deliveries")).json()["data"]):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    courier.stop()
    await running
