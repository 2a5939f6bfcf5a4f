"""Webhooks as TWH sends them, for the test of what receives them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from twh import webhooks
from twh.model import Model


class SignedWebhook(NamedTuple):
    """What arrives: hand both to your receiver, byte for byte."""

    body: bytes
    headers: dict[str, str]


def sign(
    event: Model | Mapping[str, Any] | bytes,
    secret: str,
    *,
    at: datetime | None = None,
) -> SignedWebhook:
    """Sign an event with an endpoint's secret, `at` a time or now; with twh_clock, now is what that says.

    The event is a model (`sample(models.EntryRecorded)`), a mapping, or the bytes of a body that is no event at all.
    """
    match event:
        case bytes():
            body, message_id = event, "evt_test"
        case Model():
            body = event.model_dump_json().encode()
            message_id = str(getattr(event, "id", "evt_test"))
        case _:
            body, message_id = json.dumps(event).encode(), str(event.get("id", "evt_test"))
    timestamp = int(at.timestamp() if at else webhooks.wall_clock())
    return SignedWebhook(body, webhooks.sign(body, secret=secret, message_id=message_id, timestamp=timestamp))
