"""The catalogue of events: a schema that stands alone and an example for each kind; and what happens is what it says."""

import json

import jsonschema_rs
import pytest

from twh_server.events import feed
from twh_server.events.kinds import KINDS
from twh_server.http.event_types import event_type


@pytest.mark.parametrize("kind", KINDS)
def test_an_example_is_what_the_schema_of_its_kind_says(kind):
    told = event_type(kind)

    validator = jsonschema_rs.validator_for(told.json_schema)
    validator.validate(told.example)
    assert not validator.is_valid({**told.example, "type": "another.kind"})


async def test_all_events_of_a_shop_are_what_the_catalogue_says(things, shop, database):
    bodies = (await feed.read(database, shop.tenant, after=0, limit=1_000)).bodies
    events = [json.loads(body) for body in bodies]

    for event in events:
        jsonschema_rs.validator_for(event_type(event["type"]).json_schema).validate(event)
    assert {"entry.recorded", "item.created", "endpoint.created", "key.created"} <= {event["type"] for event in events}
