"""`twh trigger`: an event that really happens, and `twh webhooks test`: one that is sent to an endpoint."""

from __future__ import annotations

import time
from decimal import Decimal
from typing import Annotated

import typer

import twh
from twh import models
from twh_cli import exit_codes, output, readings, triggers
from twh_cli.acts import Wishes
from twh_cli.app import new_app
from twh_cli.commands.events import COLUMNS, with_summary
from twh_cli.output import Column
from twh_cli.problems import Explained, WronglyTyped
from twh_cli.session import session

app = new_app()

DELIVERY_SECONDS_MAX = 30.0
LOOK_SECONDS = 0.1
USUAL_KIND = "item.created"
TRIED = (
    Column("delivery", "delivery"),
    Column("event", "type"),
    Column("status", "status", right=True),
    Column("ms", "milliseconds", right=True),
    Column("error", "error"),
    Column("response", "response"),
)

OfItem = Annotated[str | None, typer.Option("--item", help="Which item; a new one's SKU for item.created.")]
OfLocation = Annotated[
    str | None, typer.Option("--location", "--at", help="Which location; a new one's code for location.created.")
]
Quantity = Annotated[
    Decimal | None,
    typer.Option(
        "--quantity", metavar="N", parser=readings.quantity, help="How much is moved; for stock.low, how much is left."
    ),
]
Fields = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="A field of the request: JSON if it is JSON; may be given again."),
]


class NotDelivered(Explained):
    """The endpoint did not take the event."""

    exit_code = exit_codes.REFUSED
    code = "not_delivered"


@app.command("trigger")
def trigger(
    event_kind: Annotated[str | None, typer.Argument(metavar="EVENT", help="entry.recorded, stock.low …")] = None,
    item: OfItem = None,
    location: OfLocation = None,
    quantity: Quantity = None,
    fields: Fields = None,
) -> None:
    """In a sandbox only: what is triggered is done through the API and stays done. Without EVENT, it lists them.

    For example: twh trigger stock.low --item TSHIRT-M --at MAIN --quantity 2

    Or: twh trigger entry.recorded --set kind=issue --set reference=WEB-1
    """
    if event_kind is None:
        output.show_list(({"event": kind} for kind in triggers.ACTS), (Column("event", "event"),), limit=None, what="")
        return
    wishes = Wishes(item=item, location=location, quantity=quantity, fields=readings.attributes(fields or []))
    done, news = triggers.happen(event_kind, wishes)
    session().say(done.what, "green")
    if news is None:
        output.show_nothing()
    else:
        output.show(with_summary(news), COLUMNS)


@app.command("test")
def send_test(
    endpoint: Annotated[str, typer.Argument(metavar="ENDPOINT", help="Id: whe_…")],
    event_kind: Annotated[
        str | None, typer.Option("--event", metavar="EVENT", help="Which kind, of those that it wants.")
    ] = None,
) -> None:
    """Makes an event happen that the endpoint wants, as `twh trigger` does, and tells what came of sending it there."""
    client = session().client
    known = client.webhooks.get(endpoint)
    kind = event_kind or next(iter(known.kinds), USUAL_KIND)
    if known.kinds and kind not in known.kinds:
        raise WronglyTyped(f"This endpoint does not want {kind}: it wants {', '.join(known.kinds)}.")
    if not known.enabled:
        raise NotDelivered(
            "This endpoint is disabled, and its deliveries wait.", hint=f"twh webhooks update {known.id} --enable"
        )
    done, news = triggers.happen(kind, Wishes())
    session().say(f"{done.what} It is sent to {known.url}", "green")
    if news is None:
        raise WronglyTyped(f"{kind} cannot be followed: nobody may read what came of it.")
    delivery, attempt = first_attempt(client, known, news)
    tried = {"delivery": delivery.id, "event": news.id, "type": news.type, **output.plain(attempt)}
    output.show(tried, TRIED)
    if attempt.error or not 200 <= (attempt.status or 0) < 300:
        raise NotDelivered(
            f"{known.url} did not take it: {attempt.error or f'it answered {attempt.status}'}",
            hint=f"twh webhooks attempts {delivery.id}   (shows what is tried again)",
        )


def first_attempt(
    client: twh.Client, endpoint: models.Endpoint, event: models.Event
) -> tuple[models.Delivery, models.Attempt]:
    """The delivery of this event, once it was tried."""
    until = time.monotonic() + DELIVERY_SECONDS_MAX
    while time.monotonic() < until:
        delivery = client.webhooks.deliveries(endpoint=endpoint, event=event.id).first()
        attempt = client.webhooks.attempts(delivery).first() if delivery else None
        if delivery and attempt:
            return delivery, attempt
        time.sleep(LOOK_SECONDS)
    raise NotDelivered(
        f"It was not sent in {DELIVERY_SECONDS_MAX:.0f} seconds.",
        hint=f"twh webhooks deliveries --endpoint {endpoint.id}   (is a worker running?)",
    )
