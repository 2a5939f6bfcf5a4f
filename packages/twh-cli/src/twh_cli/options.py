"""Options and arguments that many commands take, described once."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated, TypeVar

import typer

from twh import NOT_GIVEN, NotGiven
from twh.events import KINDS
from twh_cli import readings
from twh_cli.event_lines import near
from twh_cli.session import session

T = TypeVar("T")

LIMIT = 50

Item = Annotated[str, typer.Argument(metavar="ITEM", help="SKU or id.")]
Location = Annotated[str, typer.Argument(metavar="LOCATION", help="Code or id.")]
Entry = Annotated[str, typer.Argument(metavar="ENTRY", help="Id: ent_…")]
Quantity = Annotated[Decimal, typer.Argument(metavar="QUANTITY", parser=readings.quantity, help="An exact number.")]

At = Annotated[str, typer.Option("--at", metavar="LOCATION", help="Where: code or id.")]
Reason = Annotated[str | None, typer.Option("--reason", help="Why: damaged, found …")]
Reference = Annotated[
    str | None, typer.Option("--reference", metavar="[TYPE:]ID", help="What it belongs to in your own system: PO-77.")
]
Expected = Annotated[
    Decimal | None,
    typer.Option("--expected", metavar="ON_HAND", parser=readings.quantity, help="Only if so much is on hand before."),
]
OccurredAt = Annotated[
    datetime | None,
    typer.Option(
        "--occurred-at", metavar="TIME", parser=readings.moment, help="When it happened: a time, or 3h for ago."
    ),
]
Force = Annotated[bool, typer.Option("--force", help="Even below zero; needs a key with stock:force.")]
IfMatch = Annotated[str | None, typer.Option("--if-match", metavar="ETAG", help="Only if it still has this ETag.")]

Pack = Annotated[str | None, typer.Option("--pack", help="The quantity is of these packs of the item: case …")]
ChangedSince = Annotated[
    datetime | None,
    typer.Option("--changed-since", metavar="TIME", parser=readings.moment, help="Changed since: a time, or 3h."),
]
CreateOnly = Annotated[bool, typer.Option("--create-only", help="Only if it does not exist yet.")]
Overlap = Annotated[
    timedelta | None,
    typer.Option(
        "--overlap", metavar="TIME", parser=readings.duration, help="How long the old one goes on: 30s, 2h, 7d, 0s."
    ),
]

Limit = Annotated[int, typer.Option("--limit", min=1, help="How many to show.")]
All = Annotated[bool, typer.Option("--all", help="Show all, however many.")]
OfItem = Annotated[str | None, typer.Option("--item", help="Only of this item.")]
AtLocation = Annotated[str | None, typer.Option("--location", "--at", help="Only at this location.")]
Kind = Annotated[
    str | None, typer.Option("--kind", help="receipt, issue, return, adjustment, transfer, count, reversal.")
]
OfReason = Annotated[str | None, typer.Option("--reason", help="Only with this reason.")]
OfReference = Annotated[str | None, typer.Option("--reference", help="Only what belongs to this.")]
Since = Annotated[
    datetime | None,
    typer.Option("--since", metavar="TIME", parser=readings.moment, help="Recorded since: a time, or 3h for ago."),
]
FeedSince = Annotated[
    datetime | None,
    typer.Option(
        "--since", metavar="TIME", parser=readings.moment, help="Begin with what was recorded then: 3h for ago."
    ),
]
Until = Annotated[
    datetime | None, typer.Option("--until", metavar="TIME", parser=readings.moment, help="Recorded before this time.")
]
EventsSince = Annotated[
    datetime | None,
    typer.Option(
        "--since", metavar="TIME", parser=readings.moment, help="Of events since then: a time, or 3h for ago."
    ),
]
EventsUntil = Annotated[
    datetime | None,
    typer.Option("--until", metavar="TIME", parser=readings.moment, help="Of events before then."),
]
OccurredFrom = Annotated[
    datetime | None, typer.Option("--occurred-from", metavar="TIME", parser=readings.moment, help="Happened since.")
]
OccurredUntil = Annotated[
    datetime | None, typer.Option("--occurred-until", metavar="TIME", parser=readings.moment, help="Happened before.")
]
OldestFirst = Annotated[bool, typer.Option("--oldest-first", help="In the order in which they were recorded.")]
Archived = Annotated[bool, typer.Option("--archived", help="Only what is archived.")]
Types = Annotated[
    list[str] | None, typer.Option("--type", "--types", help="Only this kind of event; may be given again.")
]


def limited(limit: int, everything: bool) -> int | None:  # noqa: FBT001 - the two options as they were typed
    return None if everything else limit


def noticed(kinds: list[str] | None) -> list[str] | None:
    """The kinds as they were typed; one that this version does not know may be newer, or mistyped, and that is said."""
    for kind in ",".join(kinds or []).split(","):
        if kind and kind not in KINDS:
            session().say(f"This version knows no kind of event {kind!r}{near(kind)}", "yellow")
    return kinds


def told(value: T | None) -> T | NotGiven:
    """What was left out on the command line is left out of the request."""
    return NOT_GIVEN if value is None else value
