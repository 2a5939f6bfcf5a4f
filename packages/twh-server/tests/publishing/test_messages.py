"""What a bus is told of an event: its very bytes, who it is about, and its attributes beside it."""

import json

import pytest

from twh_server.catalogue.item_commands import CreateItem
from twh_server.ledger.lines import Line
from twh_server.publishing.messages import message_of
from twh_server.tenancy.settings import UpdateSettings


@pytest.fixture
def told(stockroom):
    """The message for the tenant's latest event."""

    async def told(bytes_max=1_000_000):
        rows = await stockroom.rows(
            "select body from events where tenant_id = %(tenant)s order by sequence desc limit 1"
        )
        stored = rows[0][0]
        return stored, message_of(stockroom.shop.tenant, stored, bytes_max=bytes_max)

    return told


async def test_a_message_has_the_bytes_of_the_feed_and_says_in_attributes_what_it_is(stockroom, told):
    await stockroom.receive("apples", 5)
    stored, message = await told()
    event = json.loads(stored)

    assert message.body == stored.encode()
    assert (message.id, message.kind) == (event["id"], "entry.recorded")
    assert message.attributes["specversion"] == "1.0"
    assert message.attributes["id"] == event["id"]
    assert message.attributes["tenant"] == message.tenant
    assert message.attributes["subject"] == event["data"]["id"]
    assert int(message.attributes["sequence"]) == event["sequence"]


async def test_the_key_is_the_item(stockroom, told):
    await stockroom.receive("apples", 5)
    stored, of_entry = await told()
    apples = json.loads(stored)["data"]["movements"][0]["item"]["id"]
    await stockroom.record("receipt", *(Line(item=sku, quantity="1", location="MAIN") for sku in ("apples", "flour")))
    _, of_several = await told()
    await stockroom.do(CreateItem(sku="pears", name="Pears"))
    stored, of_item = await told()

    assert of_entry.key == of_several.key == apples
    assert of_item.key == json.loads(stored)["data"]["id"]


async def test_the_key_is_what_else_it_is_about_where_there_is_no_item(stockroom, told):
    _, of_location = await told()
    await stockroom.do(UpdateSettings(changes={"idempotency_key_days": 2}))
    _, of_settings = await told()

    assert of_location.key.startswith("loc_")
    assert of_location.attributes["subject"] == of_location.key
    assert of_settings.key == of_settings.tenant


async def test_what_is_too_large_is_told_without_its_data_and_says_so(stockroom, told):
    await stockroom.receive("apples", 5)
    stored, _ = await told()
    _, fits = await told(bytes_max=len(stored))
    _, thin = await told(bytes_max=len(stored) - 1)
    event = json.loads(stored)

    assert fits.body == stored.encode()
    assert "dataref" not in fits.attributes
    told_thin = json.loads(thin.body)
    assert {name: told_thin[name] for name in ("id", "type", "timestamp", "sequence")}.items() <= event.items()
    assert "data" not in told_thin
    assert told_thin["url"] == thin.attributes["dataref"] == f"/v1/events/{event['id']}"
    assert thin.key == fits.key
