"""A shop that sells from one shelf."""

from collections.abc import Mapping

from twh import Client, OutcomeUnknown, errors, models, webhooks

SHELF = "MAIN"


def sell(client: Client, sku: str, order: str) -> str:
    """Take one off the shelf for an order. The key is the order's, so that selling it again never takes two."""
    try:
        client.movements.issue(
            item=sku,
            location=SHELF,
            quantity=1,
            reference=order,
            options={"idempotency_key": f"sell-{order}"},
        )
    except errors.InsufficientStock:
        return "sold out"
    except OutcomeUnknown:
        return "ask again"
    return "sold"


def on_webhook(body: bytes, headers: Mapping[str, str], secret: str) -> str | None:
    """What to order when stock is low; None for other news."""
    match webhooks.verify(body, headers, secret=secret):
        case models.StockLow(data=level):
            return level.item.sku
        case _:
            return None
