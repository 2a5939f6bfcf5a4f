"""`twh events`: the feed that misses nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import partial
from itertools import islice
from typing import Annotated

import typer

from twh import models
from twh_cli import feed, output
from twh_cli import options as o
from twh_cli.app import new_app
from twh_cli.event_lines import summary, told_by, when
from twh_cli.output import SUMMARY, Column, Plain
from twh_cli.problems import WronglyTyped
from twh_cli.session import session

app = new_app()

WHEN = "when"
IDLE_SECONDS = 1.0
"""Where nothing is to be waited for, a consumer that has heard nothing for so long has heard everything."""
LINE = (("sequence", 6), (WHEN, 12), ("type", 17), (SUMMARY, 0))
COLUMNS = (
    Column("number", "sequence", right=True),
    Column("type", "type"),
    Column("what", SUMMARY),
    Column("who", "actor.name", minor=True),
    Column("time", "timestamp"),
    Column("event", "id", minor=True),
)
TYPES = (Column("type", "type"), Column("description", "description"), Column("since", "since"))
TYPE = (*TYPES, Column("example", "example"), Column("schema", "json_schema"))


@app.command("list")
def list_events(
    after: Annotated[int | None, typer.Option("--after", min=0, help="Only after this number.")] = None,
    since: o.FeedSince = None,
    types: o.Types = None,
    limit: o.Limit = o.LIMIT,
    everything: o.All = False,
) -> None:
    """The oldest first. To see the newest: twh events tail"""
    most = o.limited(limit, everything)
    client = session().client
    after = feed.before(client, since) if since else after
    events = client.events.list(after=after, types=o.noticed(types), page_size=output.page_size(most))
    output.show_list(for_people(events), COLUMNS, limit=most, what="events like this")


@app.command("get")
def get(event: Annotated[str, typer.Argument(metavar="EVENT", help="Id: evt_…")]) -> None:
    output.show(with_summary(session().client.events.get(event)), COLUMNS)


@app.command("types")
def types_of_events(
    event_type: Annotated[
        str | None, typer.Argument(metavar="TYPE", help="Only this type, with its schema and an example.")
    ] = None,
) -> None:
    """For example: twh events types stock.low --json"""
    client = session().client
    if event_type:
        output.show(client.event_types.get(event_type), TYPE)
    else:
        output.show_list(client.event_types.list(), TYPES, limit=None, what="types of events")


@app.command("tail")
def tail(
    last: Annotated[
        int | None, typer.Option("--last", "-n", min=0, help="How many of the newest to begin with (10).")
    ] = None,
    after: Annotated[int | None, typer.Option("--after", min=0, help="Begin after this number instead.")] = None,
    since: o.FeedSince = None,
    types: o.Types = None,
    item: o.OfItem = None,
    location: o.AtLocation = None,
    checkpoint: Annotated[
        str | None,
        typer.Option("--checkpoint", metavar="NAME", help="Go on where this consumer was; the server keeps its place."),
    ] = None,
    count: Annotated[int | None, typer.Option("--count", min=1, help="Stop after so many.")] = None,
    follow: Annotated[bool, typer.Option("--follow/--no-follow", help="Wait for what comes.")] = True,
) -> None:
    """A line an event: when, what, and who made it happen. A lost connection is resumed, however long the server is away.

    Ctrl-C ends it; --after NUMBER goes on from there. With --checkpoint, every event is shown at least once, from the oldest on.
    """
    client = session().client
    from_the_oldest = checkpoint is not None and last is None
    begin = beginning(last, after, since, from_the_oldest=from_the_oldest)
    kinds = o.noticed(types)
    if follow and count is None:
        session().say("Waiting for events; Ctrl-C ends it.", "dim")
    shown = partial(show, item=item, location=location, count=count)
    if not follow and checkpoint is None:
        shown(client.events.list(after=begin, types=kinds))
        return
    idle = None if follow else IDLE_SECONDS
    with client.events.stream(after=begin, types=kinds, checkpoint=checkpoint, idle=idle) as events:
        shown(events)
        events.save()  # the last one was shown, too


def show(events: Iterable[models.Event], *, item: str | None, location: str | None, count: int | None) -> None:
    about = (event for event in events if feed.is_about(event, item=item, location=location))
    output.show_stream(map(in_a_line, islice(about, count)), LINE, fitted=True)


def beginning(
    last: int | None, after: int | None, since: datetime | None, *, from_the_oldest: bool = False
) -> int | None:
    """After which number to begin: one of the three says it. None is where the feed begins."""
    if sum(one is not None for one in (last, after, since)) > 1:
        raise WronglyTyped("One of --last, --after and --since says where to begin.")
    if after is not None:
        return after
    client = session().client
    if since is not None:
        return feed.before(client, since)
    if from_the_oldest:
        return None
    page = client.events.page(page_size=1)
    return max(feed.begins(page), page.head - (10 if last is None else last))


def for_people(events: Iterable[models.Event]) -> Iterator[Plain]:
    """With the summary where a table is shown; programs get the event as it is."""
    shown = with_summary if output.chosen_format() == "table" else output.plain
    return map(shown, events)


def with_summary(event: models.Event) -> Plain:
    told = output.plain(event)
    return {**told, SUMMARY: summary(event)} if output.chosen_format() in {"table", "csv"} else told


def in_a_line(event: models.Event) -> Plain:
    told = output.plain(event)
    if output.chosen_format() not in {"table", "csv"}:
        return told
    return {**told, WHEN: when(event.timestamp), SUMMARY: told_by(event)}
