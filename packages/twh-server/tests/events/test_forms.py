"""An event leaves as its exact bytes, thin, or as a CloudEvent; each is made of what is stored, the same every time."""

from datetime import UTC, datetime
from uuid import UUID

import msgspec
import pytest

from twh_server.database.identifiers import ENTRY, ITEM, KEY, LOCATION, TENANT, TenantId
from twh_server.events.about import Concern, concerns_of, items_of, subject_in
from twh_server.events.forms import CONTENT_TYPES, attributes_of, body_of
from twh_server.events.kinds import EventActor, News, decode, encode

SHOP = TenantId(UUID("01900000-0000-7000-8000-000000000001"))
FLOUR, SUGAR, MAIN, STORE, THING = (UUID(f"01900000-0000-7000-8000-0000000000{number}") for number in range(10, 15))
ITEM_TEXT, ENTRY_TEXT = ITEM.text(FLOUR), ENTRY.text(THING)


def moved(item, location):
    return {"item": {"id": ITEM.text(item), "sku": "…"}, "location": {"id": LOCATION.text(location), "code": "…"}}


def stored(kind, data, **fields):
    return encode(
        News(kind=kind, data=msgspec.json.encode(data), **fields),
        event_id="evt_01kaqgn4e3f0dvm63vkxhkqk8d",
        timestamp=datetime(2026, 5, 10, 12, 0, 0, 250_000, tzinfo=UTC),
        sequence=128_931,
        actor=EventActor(key=KEY.text(THING), name="tills"),
    )


ENTRY_BYTES = stored(
    "entry.recorded",
    {"id": ENTRY_TEXT, "movements": [moved(FLOUR, MAIN), moved(SUGAR, STORE), moved(FLOUR, MAIN)]},
)
LOW = stored("stock.low", {**moved(FLOUR, MAIN), "available": "2", "entry": ENTRY_TEXT})
ITEM_UPDATED = stored("item.updated", {"id": ITEM_TEXT}, subject=FLOUR, previous=b'{"name":"Flower"}')
LOCATION_CREATED = stored("location.created", {"id": LOCATION.text(MAIN), "parent": None}, subject=MAIN)
SETTINGS = stored("settings.updated", {"oversell": True}, subject=SHOP)
ALL = [ENTRY_BYTES, LOW, ITEM_UPDATED, LOCATION_CREATED, SETTINGS]


def sent(bytes_, **chosen):
    return body_of(bytes_, tenant=SHOP, **{"payload": "full", "form": "standard", **chosen})


@pytest.mark.parametrize("event", ALL)
def test_unless_something_else_is_chosen_the_very_bytes_are_sent(event):
    assert sent(event) is event


def test_a_thin_event_has_no_data_and_says_where_it_is():
    assert msgspec.json.decode(sent(ENTRY_BYTES, payload="thin")) == {
        "id": "evt_01kaqgn4e3f0dvm63vkxhkqk8d",
        "type": "entry.recorded",
        "timestamp": "2026-05-10T12:00:00.250000Z",
        "sequence": 128_931,
        "subject": ENTRY_TEXT,
        "url": "/v1/events/evt_01kaqgn4e3f0dvm63vkxhkqk8d",
    }


def test_a_cloud_event_has_the_attributes_of_the_specification_and_the_data_as_it_is():
    body = sent(ENTRY_BYTES, form="cloudevents")

    assert msgspec.json.decode(body) == {
        "specversion": "1.0",
        "id": "evt_01kaqgn4e3f0dvm63vkxhkqk8d",
        "source": f"/tenants/{TENANT.text(SHOP)}",
        "type": "entry.recorded",
        "time": "2026-05-10T12:00:00.250000Z",
        "subject": ENTRY_TEXT,
        "sequence": "0000000000000128931",
        "tenant": TENANT.text(SHOP),
        "actor": KEY.text(THING),
        "actorname": "tills",
        "datacontenttype": "application/json",
        "data": msgspec.json.decode(ENTRY_BYTES)["data"],
    }
    assert bytes(decode(ENTRY_BYTES).data) in body
    assert CONTENT_TYPES["cloudevents"] == "application/cloudevents+json"


def test_a_thin_cloud_event_refers_to_its_data():
    body = msgspec.json.decode(sent(LOW, payload="thin", form="cloudevents"))

    assert "data" not in body
    assert (body["dataref"], body["subject"]) == ("/v1/events/evt_01kaqgn4e3f0dvm63vkxhkqk8d", ITEM_TEXT)


@pytest.mark.parametrize("event", ALL)
def test_names_of_attributes_are_those_that_cloud_events_allow(event):
    attributes = attributes_of(decode(event), SHOP)

    assert all(name.isalnum() and name == name.lower() and len(name) <= 20 for name in attributes)
    assert all(attributes.values())


@pytest.mark.parametrize("payload", ["full", "thin"])
@pytest.mark.parametrize("form", ["standard", "cloudevents"])
@pytest.mark.parametrize("event", ALL)
def test_every_time_the_same_bytes_are_made(event, payload, form):
    assert sent(event, payload=payload, form=form) == sent(bytes(event), payload=payload, form=form)


def test_what_events_are_about():
    assert [concerns_of(decode(event)) for event in ALL] == [
        (Concern(item=FLOUR, location=MAIN), Concern(item=SUGAR, location=STORE)),
        (Concern(item=FLOUR, location=MAIN),),
        (Concern(item=FLOUR),),
        (Concern(location=MAIN),),
        (),
    ]
    assert items_of(concerns_of(decode(ENTRY_BYTES))) == (FLOUR, SUGAR)
    assert [subject_in(decode(event)) for event in ALL] == [
        ENTRY_TEXT,
        ITEM_TEXT,
        ITEM_TEXT,
        LOCATION.text(MAIN),
        TENANT.text(SHOP),
    ]
