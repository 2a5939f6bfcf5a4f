"""What cannot work is refused where it is written, with the fix, before anything is sent."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from twh import AsyncClient, Client, errors, models, wire


@pytest.fixture
def client():
    return Client("twh_test_1", base_url="http://127.0.0.1:9")


@pytest.mark.parametrize("verb", ["receive", "issue", "return_", "count"])
def test_a_float_is_refused_with_the_fix(client, verb):
    with pytest.raises(TypeError, match=r"Decimal\('0.1'\)"):
        getattr(client.movements, verb)(item="A", location="B", quantity=0.1)


def test_a_float_is_refused_wherever_a_quantity_stands(client):
    with pytest.raises(TypeError, match=r"lines\[1\].quantity"):
        client.movements.receive(
            lines=[{"item": "A", "location": "B", "quantity": 1}, {"item": "A", "location": "B", "quantity": 0.5}]
        )
    with pytest.raises(TypeError, match=r"expected\.on_hand"):
        client.movements.receive(item="A", location="B", quantity=1, expected={"on_hand": 1.0})
    with pytest.raises(TypeError, match="reorder_point"):
        client.items.create(sku="A", name="A", reorder_point=2.5)


async def test_an_async_client_refuses_before_the_await():
    with pytest.raises(TypeError, match="float"):
        AsyncClient("twh_test_1", base_url="http://127.0.0.1:9").movements.receive(item="A", location="B", quantity=0.1)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal(12), "12"),
        (Decimal("1E+3"), "1000"),
        (Decimal("1E-9"), "0.000000001"),
        (Decimal("123456789012345678901234567890.123456789"), "123456789012345678901234567890.123456789"),
        (-2, "-2"),
        ("2.50", "2.50"),
    ],
)
def test_a_quantity_travels_exactly(value, text):
    assert wire.quantity(value) == text


@pytest.mark.parametrize("value", [Decimal("NaN"), Decimal("Infinity"), True, None, [1], b"1"])
def test_what_is_no_quantity_is_refused(value):
    with pytest.raises((TypeError, ValueError), match="quantity"):
        wire.quantity(value)


def test_a_moment_travels_in_utc():
    assert wire.instant(datetime(2026, 5, 10, 14, tzinfo=timezone(timedelta(hours=2)))) == "2026-05-10T12:00:00Z"
    assert wire.instant(datetime(2026, 5, 10, 12, 0, 0, 5, UTC)) == "2026-05-10T12:00:00.000005Z"


def test_a_datetime_without_a_zone_is_refused_with_the_fix(client):
    with pytest.raises(ValueError, match="tzinfo=UTC"):
        client.movements.receive(item="A", location="B", quantity=1, occurred_at=datetime(2026, 5, 10))  # noqa: DTZ001


@pytest.mark.parametrize("name", ["", ".", ".."])
def test_a_name_that_would_address_something_else_is_refused(client, name):
    for call in (client.items.get, client.entries.reverse, client.idempotency.get, client.webhooks.delete):
        with pytest.raises(errors.UnusableName, match="cannot stand in an address"):
            call(name)
    with pytest.raises(ValueError, match="cannot stand in an address"):
        client.stock.get("A", at=name)


def test_a_name_is_percent_encoded(server, level):
    server.will(server.answer(200, level))

    server.client().stock.get("A/B ?#%é", at="..a")

    assert server.asked[0].path == "/v1/stock/A%2FB%20%3F%23%25%C3%A9/..a"


def test_none_is_no_name(client):
    with pytest.raises(TypeError, match="text"):
        client.items.get(None)


def test_a_verb_takes_one_line_or_many(client):
    line = {"item": "A", "location": "B", "quantity": 1}
    with pytest.raises(TypeError, match="item=, location= and quantity="):
        client.movements.receive(item="A", quantity=1)
    with pytest.raises(TypeError, match="leave out item="):
        client.movements.receive(item="A", lines=[line])
    with pytest.raises(TypeError, match="source=, target="):
        client.movements.transfer(item="A", quantity=1)
    with pytest.raises(TypeError, match="one line"):
        client.movements.receive(lines=line)


def test_record_sends_counts_elsewhere(client):
    with pytest.raises(ValueError, match=r"movements\.count"):
        client.movements.record(kind="count", lines=[])


@pytest.mark.parametrize(
    "options",
    [{"timeout": 0}, {"deadline": -1}, {"attempts_max": 0}, {"idempotency_key": ""}, {"idempotency_key": "a b"}],
)
def test_options_that_cannot_work_are_refused(client, options):
    with pytest.raises(ValueError, match=next(iter(options)).replace("_", "[_ ]")):
        client.items.create(sku="A", name="A", options=options)


def test_a_model_stands_for_its_id(server, item, level):
    server.will(server.answer(200, level))

    server.client().stock.get(models.Item(**item), at=models.LocationRef(id="loc_1", code="MAIN"))

    assert server.asked[0].path == "/v1/stock/itm_1/loc_1"
