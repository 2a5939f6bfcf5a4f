"""`twh webhooks`: who is told, and whether it arrived."""

from __future__ import annotations

from collections.abc import Iterator
from heapq import merge
from typing import Annotated, Literal

import typer

from twh import models
from twh.wire import NOT_GIVEN, NotGiven
from twh_cli import options as o
from twh_cli import output, readings
from twh_cli.app import new_app
from twh_cli.output import Column
from twh_cli.problems import WronglyTyped
from twh_cli.session import session

app = new_app()

COLUMNS = (
    Column("endpoint", "id"),
    Column("url", "url"),
    Column("enabled", "enabled"),
    Column("kinds", "kinds", minor=True),
    Column("description", "description", minor=True),
)
CARD = (
    *COLUMNS,
    Column("items", "items"),
    Column("locations", "locations"),
    Column("attributes", "attributes"),
    Column("payload", "payload"),
    Column("form", "form"),
    Column("ordering", "ordering"),
    Column("rate per second", "rate_per_second"),
    Column("concurrency", "concurrency"),
    Column("disabled because", "disabled_because"),
    Column("created", "created_at"),
    Column("updated", "updated_at"),
    Column("old secret until", "previous_secret_until"),
    Column("version", "version"),
    Column("etag", "etag"),
)
HEALTH = (
    Column("endpoint", "endpoint"),
    Column("failing since", "failing_since"),
    Column("warned", "warned_at"),
    Column("held until", "held_until"),
    Column("pending", "pending"),
    Column("next attempt", "next_attempt_at"),
)
DELIVERIES = (
    Column("delivery", "id"),
    Column("event", "event_type"),
    Column("state", "state"),
    Column("attempts", "attempts", right=True),
    Column("next attempt", "next_attempt_at", minor=True),
    Column("delivered", "delivered_at", minor=True),
    Column("created", "created_at", minor=True),
    Column("number", "sequence", right=True, minor=True),
    Column("endpoint", "endpoint", minor=True),
    Column("event id", "event", minor=True),
    Column("replay", "replay", minor=True),
)
ATTEMPTS = (
    Column("attempt", "number", right=True),
    Column("at", "at"),
    Column("status", "status", right=True),
    Column("ms", "milliseconds", right=True),
    Column("error", "error"),
    Column("response", "response", minor=True),
)

State = Literal["pending", "delivered", "failed"]

Endpoint = Annotated[str, typer.Argument(metavar="ENDPOINT", help="Id: whe_…")]
Kinds = Annotated[
    list[str] | None,
    typer.Option(
        "--kind",
        "--kinds",
        "--type",
        help="Only this kind of event, item.* for all of one noun; may be given again.",
    ),
]
Items = Annotated[
    list[str] | None,
    typer.Option("--item", metavar="ITEM", help="Only what concerns this item, by SKU or id; may be given again."),
]
Locations = Annotated[
    list[str] | None,
    typer.Option("--location", metavar="LOCATION", help="Only what concerns this location; may be given again."),
]
Attributes = Annotated[
    list[str] | None,
    typer.Option("--attribute", metavar="NAME=VALUE", help="Only what concerns items with this; may be given again."),
]
Payload = Annotated[
    Literal["full", "thin"] | None, typer.Option("--payload", help="Events whole, or without their data.")
]
Form = Annotated[
    Literal["standard", "cloudevents"] | None, typer.Option("--form", help="As the feed has them, or as CloudEvents.")
]
Ordering = Annotated[
    Literal["none", "item", "endpoint"] | None,
    typer.Option("--ordering", help="Each by itself, or one after another: of one item, or all of them."),
]
Rate = Annotated[
    int | None, typer.Option("--rate", min=0, metavar="N", help="At most so many attempts a second; 0: no limit.")
]
Concurrency = Annotated[
    int | None, typer.Option("--concurrency", min=0, metavar="N", help="At most so many at once; 0: the server's.")
]
Description = Annotated[str | None, typer.Option("--description", help="What it is for.")]


@app.command("create")
def create(
    url: Annotated[str, typer.Argument(metavar="URL", help="Where to send events.")],
    kind: Kinds = None,
    item: Items = None,
    location: Locations = None,
    attribute: Attributes = None,
    description: Description = None,
    payload: Payload = None,
    form: Form = None,
    ordering: Ordering = None,
    rate: Rate = None,
    concurrency: Concurrency = None,
) -> None:
    """All kinds of events, unless --kind says which. The secret that proves their signatures is shown this once.

    For example: twh webhooks create https://example.com/hook --kind entry.recorded
    """
    endpoint = session().client.webhooks.create(
        url=url,
        kinds=o.told(kind),
        items=o.told(item),
        locations=o.told(location),
        attributes=o.told(readings.attributes(attribute) if attribute else None),
        description=o.told(description),
        payload=o.told(payload),
        form=o.told(form),
        ordering=o.told(ordering),
        rate_per_second=limit_of(rate),
        concurrency=limit_of(concurrency),
        options=session().options,
    )
    session().say("Created. Keep the secret: it is shown this once.", "green")
    output.show(endpoint, (*CARD, Column("secret", "secret")))


@app.command("list")
def list_endpoints(limit: o.Limit = o.LIMIT, everything: o.All = False) -> None:
    most = o.limited(limit, everything)
    endpoints = session().client.webhooks.list(page_size=output.page_size(most))
    output.show_list(endpoints, COLUMNS, limit=most, what="endpoints")


@app.command("get")
def get(endpoint: Endpoint) -> None:
    output.show(session().client.webhooks.get(endpoint), CARD)


@app.command("health")
def health(endpoint: Endpoint) -> None:
    """Failing since is empty when all is well. An endpoint at which nothing arrives for five days is disabled."""
    output.show(session().client.webhooks.health(endpoint), HEALTH)


@app.command("update")
def update(
    endpoint: Endpoint,
    url: Annotated[str | None, typer.Option("--url", help="Where to send events.")] = None,
    kind: Kinds = None,
    all_kinds: Annotated[bool, typer.Option("--all-kinds", help="Send events of every kind.")] = False,
    item: Items = None,
    location: Locations = None,
    attribute: Attributes = None,
    about_anything: Annotated[
        bool, typer.Option("--about-anything", help="Send events whatever items and locations they concern.")
    ] = False,
    description: Description = None,
    payload: Payload = None,
    form: Form = None,
    ordering: Ordering = None,
    rate: Rate = None,
    concurrency: Concurrency = None,
    enabled: Annotated[bool | None, typer.Option("--enable/--disable", help="Send, or hold back.")] = None,
    if_match: o.IfMatch = None,
) -> None:
    """What is left out stays. --kind, --item, --location and --attribute replace all that were there."""
    if kind and all_kinds:
        raise WronglyTyped("Either --kind or --all-kinds.")
    if about_anything and (item or location or attribute):
        raise WronglyTyped("Either --about-anything, or --item, --location and --attribute.")
    changed = session().client.webhooks.update(
        endpoint,
        url=o.told(url),
        kinds=[] if all_kinds else o.told(kind or None),
        items=[] if about_anything else o.told(item or None),
        locations=[] if about_anything else o.told(location or None),
        attributes={} if about_anything else o.told(readings.attributes(attribute) if attribute else None),
        description=o.told(description),
        payload=o.told(payload),
        form=o.told(form),
        ordering=o.told(ordering),
        rate_per_second=limit_of(rate),
        concurrency=limit_of(concurrency),
        enabled=o.told(enabled),
        if_match=if_match,
        options=session().options,
    )
    session().say(f"Changed {changed.id}: version {changed.version}.", "green")
    output.show(changed, CARD)


def limit_of(typed: int | None) -> int | NotGiven | None:
    """A limit as the server knows it: left out it stays, 0 takes it away."""
    return NOT_GIVEN if typed is None else typed or None


@app.command("rotate-secret")
def rotate_secret(endpoint: Endpoint, overlap: o.Overlap = None) -> None:
    """The old secret signs beside the new one for a day, or for --overlap. The new one is shown this once."""
    rotated = session().client.webhooks.rotate_secret(
        endpoint, overlap_seconds=o.told(overlap), options=session().options
    )
    session().say("Rotated. Keep the secret: it is shown this once. Until your receiver has it, both sign.", "green")
    output.show(rotated, (*CARD, Column("secret", "secret")))


@app.command("delete")
def delete(endpoint: Endpoint, if_match: o.IfMatch = None) -> None:
    """What was not delivered yet never will be."""
    session().confirm(f"Delete {endpoint}?")
    session().client.webhooks.delete(endpoint, if_match=if_match, options=session().options)
    session().say(f"Deleted {endpoint}.", "green")


@app.command("deliveries")
def deliveries(
    endpoint: Annotated[str | None, typer.Option("--endpoint", help="Only to this endpoint.")] = None,
    event: Annotated[str | None, typer.Option("--event", help="Only of this event.")] = None,
    state: Annotated[State | None, typer.Option("--state", help="Only in this state.")] = None,
    failed: Annotated[
        bool, typer.Option("--failed", help="Only what was not taken: given up, or to be tried again.")
    ] = False,
    types: o.Types = None,
    since: o.EventsSince = None,
    until: o.EventsUntil = None,
    replay: Annotated[str | None, typer.Option("--replay", help="Only what this replay made once more.")] = None,
    limit: o.Limit = o.LIMIT,
    everything: o.All = False,
) -> None:
    """The newest first. What each try came to: twh webhooks attempts DELIVERY

    What was given up is made once more by: twh webhooks replay --failed
    """
    if failed and state:
        raise WronglyTyped("Either --failed or --state.")
    most = o.limited(limit, everything)
    kinds = o.noticed(types)

    def found(state: State | None) -> Iterator[models.Delivery]:
        listed = session().client.webhooks.deliveries(
            endpoint=endpoint,
            event=event,
            state=state,
            types=kinds,
            since=since,
            until=until,
            replay=replay,
            page_size=output.page_size(most),
        )
        return iter(listed)

    shown = found(state)
    if failed:
        again = (one for one in found("pending") if one.attempts)
        shown = merge(found("failed"), again, key=lambda one: one.sequence, reverse=True)
    output.show_list(shown, DELIVERIES, limit=most, what="deliveries like this")


@app.command("attempts")
def attempts(delivery: Annotated[str, typer.Argument(metavar="DELIVERY", help="Id: dlv_…")]) -> None:
    output.show_list(session().client.webhooks.attempts(delivery), ATTEMPTS, limit=None, what="attempts so far")
