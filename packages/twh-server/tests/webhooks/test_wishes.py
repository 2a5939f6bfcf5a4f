"""What an endpoint wants is judged by what an event is about; its order is kept within what the event is about."""

from dataclasses import replace
from uuid import uuid4

import pytest

from twh_server.events.about import Concern
from twh_server.webhooks.wishes import Told, Wishes, wants

FLOUR, SUGAR, MAIN, STORE = (uuid4() for _ in range(4))
ALL = Wishes(
    endpoint=uuid4(),
    since_sequence=3,
    kinds=frozenset(),
    items=frozenset(),
    locations=frozenset(),
    attributes={},
    ordering="none",
)
ATTRIBUTES = {FLOUR: {"vegan": True, "grade": 1}, SUGAR: {"vegan": 1}}
MOVED = Told(
    sequence=4,
    kind="entry.recorded",
    concerns=[Concern(item=FLOUR, location=MAIN), Concern(item=SUGAR, location=STORE)],
)
CHANGED = Told(sequence=4, kind="item.updated", concerns=[Concern(item=FLOUR)])
OPENED = Told(sequence=4, kind="location.created", concerns=[Concern(location=MAIN)])
SET = Told(sequence=4, kind="settings.updated", concerns=[])


def wanted(told, **wishes):
    return wants(replace(ALL, **wishes), told, ATTRIBUTES)


@pytest.mark.parametrize(
    ("wishes", "expected"),
    [
        ({}, [True, True, True, True]),
        ({"kinds": frozenset({"item.updated"})}, [False, True, False, False]),
        ({"kinds": frozenset({"item.*", "entry.recorded"})}, [True, True, False, False]),
        ({"items": frozenset({SUGAR})}, [True, False, False, False]),
        ({"items": frozenset({FLOUR})}, [True, True, False, False]),
        ({"locations": frozenset({MAIN})}, [True, False, True, False]),
        ({"items": frozenset({FLOUR}), "locations": frozenset({MAIN})}, [True, False, False, False]),
        ({"items": frozenset({FLOUR}), "locations": frozenset({STORE})}, [False, False, False, False]),
        ({"attributes": {"vegan": True}}, [True, True, False, False]),
        ({"attributes": {"vegan": True, "grade": 2}}, [False, False, False, False]),
        ({"attributes": {"vegan": 1}}, [True, False, False, False]),
        ({"attributes": {"grade": None}}, [False, False, False, False]),
        ({"attributes": {"vegan": True}, "items": frozenset({SUGAR})}, [False, False, False, False]),
        ({"since_sequence": 4}, [False, False, False, False]),
    ],
)
def test_an_event_is_wanted_when_one_thing_that_it_is_about_is(wishes, expected):
    assert [wanted(told, **wishes) for told in (MOVED, CHANGED, OPENED, SET)] == expected


def test_an_item_that_is_not_known_has_no_attributes():
    assert not wants(replace(ALL, attributes={"vegan": True}), CHANGED, {})


def test_an_order_is_kept_within_the_items_or_the_endpoint():
    lanes = {ordering: replace(ALL, ordering=ordering).lanes(MOVED) for ordering in ("none", "item", "endpoint")}

    assert lanes == {"none": [], "item": [FLOUR, SUGAR], "endpoint": [ALL.endpoint]}
