"""`twh webhooks`: who is told, and whether it arrived."""

from __future__ import annotations

from collections.abc import Iterator
from heapq import merge
from typing import Annotated, Literal

import typer

from twh import models
from twh_cli import options as o
from twh_cli import output
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
    Column("created", "created_at"),
    Column("updated", "updated_at"),
    Column("old secret until", "previous_secret_until"),
    Column("version", "version"),
    Column("etag", "etag"),
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
Kinds = Annotated[list[str] | None, typer.Option("--kind", help="Only this kind of event; may be given again.")]
Description = Annotated[str | None, typer.Option("--description", help="What it is for.")]


@app.command("create")
def create(
    url: Annotated[str, typer.Argument(metavar="URL", help="Where to send events.")],
    kind: Kinds = None,
    description: Description = None,
) -> None:
    """All kinds of events, unless --kind says which. The secret that proves their signatures is shown this once.

    For example: twh webhooks create https://example.com/hook --kind entry.recorded
    """
    endpoint = session().client.webhooks.create(
        url=url, kinds=o.told(kind), description=o.told(description), options=session().options
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


@app.command("update")
def update(
    endpoint: Endpoint,
    url: Annotated[str | None, typer.Option("--url", help="Where to send events.")] = None,
    kind: Kinds = None,
    all_kinds: Annotated[bool, typer.Option("--all-kinds", help="Send events of every kind.")] = False,
    description: Description = None,
    enabled: Annotated[bool | None, typer.Option("--enable/--disable", help="Send, or hold back.")] = None,
    if_match: o.IfMatch = None,
) -> None:
    """What is left out stays. --kind replaces the kinds that were there."""
    if kind and all_kinds:
        raise WronglyTyped("Either --kind or --all-kinds.")
    changed = session().client.webhooks.update(
        endpoint,
        url=o.told(url),
        kinds=[] if all_kinds else o.told(kind or None),
        description=o.told(description),
        enabled=o.told(enabled),
        if_match=if_match,
        options=session().options,
    )
    session().say(f"Changed {changed.id}: version {changed.version}.", "green")
    output.show(changed, CARD)


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
