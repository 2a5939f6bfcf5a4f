"""A webhook that a test signs is one that TWH could have sent, at whatever time the test says it is."""

from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import Webhook

from twh import errors, models, webhooks
from twh.testing import sample, sign

SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="


def test_a_signed_event_is_verified_by_us_and_by_others():
    event = sample(models.EntryRecorded, sequence=7)

    body, headers = sign(event, SECRET)

    assert webhooks.verify(body, headers, secret=SECRET) == event
    assert Webhook(SECRET).verify(body.decode(), headers)["id"] == event.id
    assert headers["webhook-id"] == event.id


@pytest.mark.parametrize(
    "event", [{"id": "evt_1", "type": "shelf.painted", "timestamp": "2026-01-05T08:30:00Z", "sequence": 1}]
)
def test_a_mapping_may_be_an_event_of_tomorrow(event):
    assert type(webhooks.verify(*sign(event, SECRET), secret=SECRET)) is models.UnknownEvent


def test_bytes_may_be_no_event_at_all():
    with pytest.raises(errors.WebhookRejected, match="not JSON"):
        webhooks.verify(*sign(b"<html>", SECRET), secret=SECRET)


def test_another_secret_is_another_endpoints():
    with pytest.raises(errors.WebhookRejected):
        webhooks.verify(*sign(sample(models.StockLow), SECRET), secret="whsec_bm90IHRoaXMgb25l")


def test_the_time_may_be_any():
    at = datetime.now(UTC) - timedelta(minutes=6)

    with pytest.raises(errors.WebhookRejected, match="more than 300"):
        webhooks.verify(*sign(sample(models.StockLow), SECRET, at=at), secret=SECRET)


def test_a_clock_that_is_moved_lets_a_webhook_grow_old(twh_clock):
    body, headers = sign(sample(models.StockLow), SECRET)

    twh_clock.move(timedelta(minutes=4))
    assert webhooks.verify(body, headers, secret=SECRET)
    twh_clock.move(timedelta(minutes=2))

    with pytest.raises(errors.WebhookRejected, match="360 s ago"):
        webhooks.verify(body, headers, secret=SECRET)
