"""The shop's tests: against a real server, against one that misbehaves, and with webhooks."""

from decimal import Decimal

import pytest

import shop
from twh import Client, WebhookRejected, models
from twh.testing import Clock, MockServer, sample, sign


@pytest.fixture
def stocked(twh_client: Client) -> Client:
    twh_client.items.create(sku="TSHIRT-M", name="T-shirt, medium")
    twh_client.locations.create(code=shop.SHELF, name="The shelf")
    twh_client.movements.receive(item="TSHIRT-M", location=shop.SHELF, quantity=1)
    return twh_client


def test_the_last_one_is_sold_once(stocked: Client) -> None:
    assert shop.sell(stocked, "TSHIRT-M", "ORDER-1") == "sold"
    assert shop.sell(stocked, "TSHIRT-M", "ORDER-2") == "sold out"
    assert stocked.stock.get("TSHIRT-M", at=shop.SHELF).on_hand == 0


def test_selling_an_order_again_takes_nothing(stocked: Client) -> None:
    shop.sell(stocked, "TSHIRT-M", "ORDER-1")

    assert shop.sell(stocked, "TSHIRT-M", "ORDER-1") == "sold"
    assert stocked.stock.get("TSHIRT-M", at=shop.SHELF).on_hand == 0


@pytest.mark.twh_seeded
def test_a_shop_with_history(twh_client: Client) -> None:
    assert twh_client.entries.list().first() is not None


def test_an_answer_that_is_lost_is_asked_for_again(twh_mock: MockServer) -> None:
    twh_mock.on("movements.issue").loses_the_answer().answers(sample(models.Entry))

    assert shop.sell(twh_mock.client(), "TSHIRT-M", "ORDER-1") == "sold"
    assert [asked.idempotency_key for asked in twh_mock.asked] == ["sell-ORDER-1", "sell-ORDER-1"]


def test_a_busy_server_is_waited_for(twh_mock: MockServer, twh_clock: Clock) -> None:
    twh_mock.on("movements.issue").is_busy(429, retry_after=20).answers(sample(models.Entry))

    assert shop.sell(twh_mock.client(), "TSHIRT-M", "ORDER-1") == "sold"
    assert sum(twh_clock.pauses) >= 20


def test_what_stays_unknown_is_said_to_be(twh_mock: MockServer) -> None:
    twh_mock.on("movements.issue").loses_the_answer()

    assert shop.sell(twh_mock.client(), "TSHIRT-M", "ORDER-1") == "ask again"


def test_sold_out(twh_mock: MockServer) -> None:
    twh_mock.on("movements.issue").refuses("insufficient_stock", available="0", requested="1")

    assert shop.sell(twh_mock.client(), "TSHIRT-M", "ORDER-1") == "sold out"


ENDPOINT = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="


def test_low_stock_is_ordered() -> None:
    event = sample(models.StockLow)

    assert shop.on_webhook(*sign(event, ENDPOINT), ENDPOINT) == event.data.item.sku


def test_other_news_is_left_alone() -> None:
    entry = sample(models.Entry, kind="issue")

    assert shop.on_webhook(*sign(sample(models.EntryRecorded, data=entry), ENDPOINT), ENDPOINT) is None


def test_a_webhook_that_is_too_old_is_refused(twh_clock: Clock) -> None:
    body, headers = sign(sample(models.StockLow), ENDPOINT)
    twh_clock.move(10 * 60)

    with pytest.raises(WebhookRejected):
        shop.on_webhook(body, headers, ENDPOINT)


def test_a_level_as_you_want_it(twh_mock: MockServer) -> None:
    twh_mock.on("stock.get").answers(sample(models.Level, available=Decimal("2.5")))

    assert twh_mock.client().stock.get("TSHIRT-M", at="MAIN").available == Decimal("2.5")
