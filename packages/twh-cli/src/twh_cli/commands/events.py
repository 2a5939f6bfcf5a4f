"""`twh events`: the feed that misses nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Annotated

import typer

from twh import models
from twh_cli import options as o
from twh_cli import output
from twh_cli.app import new_app
from twh_cli.output import SUMMARY, Column, Plain
from twh_cli.session import session

app = new_app()

LINE = (("sequence", 6), ("timestamp", 20), ("type", 17), (SUMMARY, 0))
COLUMNS = (
    Column("number", "sequence", right=True),
    Column("type", "type"),
    Column("what", SUMMARY),
    Column("time", "timestamp"),
    Column("event", "id", minor=True),
)
MOVEMENTS_TOLD = 3


@app.command("list")
def list_events(
    after: Annotated[int, typer.Option("--after", min=0, help="Only after this number.")] = 0,
    types: o.Types = None,
    limit: o.Limit = o.LIMIT,
    everything: o.All = False,
) -> None:
    """The oldest first. To see the newest: twh events tail"""
    most = o.limited(limit, everything)
    events = session().client.events.list(after=after, types=types, page_size=output.page_size(most))
    output.show_list(for_people(events), COLUMNS, limit=most, what="events like this")


@app.command("get")
def get(event: Annotated[str, typer.Argument(metavar="EVENT", help="Id: evt_…")]) -> None:
    output.show(with_summary(session().client.events.get(event)), COLUMNS)


@app.command("tail")
def tail(
    last: Annotated[int, typer.Option("--last", "-n", min=0, help="How many of the newest to begin with.")] = 10,
    after: Annotated[int | None, typer.Option("--after", min=0, help="Begin after this number instead.")] = None,
    types: o.Types = None,
    count: Annotated[int | None, typer.Option("--count", min=1, help="Stop after so many.")] = None,
) -> None:
    """Waits for what comes, and survives a lost connection. Ctrl-C ends it; --after NUMBER goes on from there."""
    client = session().client
    if after is None:
        after = max(0, client.events.page(page_size=1).head - last)
    if count is None:
        session().say("Waiting for events; Ctrl-C ends it.", "dim")
    events = client.events.stream(after=after, types=types)
    output.show_stream(map(with_summary, islice(events, count)), LINE)


def for_people(events: Iterable[models.Event]) -> Iterator[Plain]:
    """With the summary where a table is shown; programs get the event as it is."""
    shown = with_summary if output.chosen_format() == "table" else output.plain
    return map(shown, events)


def with_summary(event: models.Event) -> Plain:
    told = output.plain(event)
    return {**told, SUMMARY: summary(event)} if output.chosen_format() in {"table", "csv"} else told


def summary(event: models.Event) -> str:
    """What happened, in a few words."""
    match event:
        case models.EntryRecorded(data=entry):
            return entry_summary(entry)
        case (
            models.ItemCreated(data=item)
            | models.ItemUpdated(data=item)
            | models.ItemArchived(data=item)
            | models.ItemRestored(data=item)
        ):
            return f"{item.sku}, {item.name}"
        case (
            models.LocationCreated(data=location)
            | models.LocationUpdated(data=location)
            | models.LocationArchived(data=location)
            | models.LocationRestored(data=location)
        ):
            return f"{location.code}, {location.name}"
        case (
            models.EndpointCreated(data=endpoint)
            | models.EndpointUpdated(data=endpoint)
            | models.EndpointSecretRotated(data=endpoint)
            | models.EndpointDeleted(data=endpoint)
        ):
            return endpoint.url
        case models.SettingsUpdated():
            return ", ".join(event.previous or ())
        case (
            models.KeyCreated(data=named)
            | models.KeyUpdated(data=named)
            | models.KeyRotated(data=named)
            | models.KeyRevoked(data=named)
            | models.TenantSuspended(data=named)
            | models.TenantResumed(data=named)
            | models.TenantClosed(data=named)
        ):
            return named.name
        case models.StockLow(data=low):
            return f"{low.item.sku} at {low.location.code}: {low.available} left, reorder point {low.reorder_point}"
        case models.UnknownEvent():
            return "(a kind that this version does not know; --json shows all)"


def entry_summary(entry: models.Entry) -> str:
    moved = [f"{one.quantity:+f} {one.item.sku} at {one.location.code}" for one in entry.movements[:MOVEMENTS_TOLD]]
    more = len(entry.movements) - MOVEMENTS_TOLD
    moved += [f"and {more} more"] if more > 0 else []
    about = f" {entry.reference.id}" if entry.reference else f" ({entry.reason})" if entry.reason else ""
    return f"{entry.kind}{about}: {', '.join(moved)}"
