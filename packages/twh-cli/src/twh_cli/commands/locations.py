"""`twh locations`: where stock is."""

from __future__ import annotations

from typing import Annotated

import typer

from twh_cli import options as o
from twh_cli import output
from twh_cli.app import new_app
from twh_cli.output import Column
from twh_cli.problems import WronglyTyped
from twh_cli.session import session

app = new_app()

CREATED = 201

COLUMNS = (
    Column("code", "code"),
    Column("name", "name"),
    Column("kind", "kind"),
    Column("part of", "parent.code"),
    Column("sellable", "sellable", minor=True),
    Column("id", "id", minor=True),
)
CARD = (
    *COLUMNS,
    Column("archived", "archived_at"),
    Column("created", "created_at"),
    Column("updated", "updated_at"),
    Column("version", "version"),
    Column("etag", "etag"),
)

Kind = Annotated[str | None, typer.Option("--kind", help="warehouse, store, bin, transit or quarantine.")]
Parent = Annotated[
    str | None, typer.Option("--parent", metavar="LOCATION", help="The location that it is part of: code or id.")
]
Sellable = Annotated[
    bool | None, typer.Option("--sellable/--not-sellable", help="Whether what is there can be sold from there.")
]


@app.command("list")
def list_locations(
    kind: Kind = None,
    parent: Annotated[str | None, typer.Option("--parent", metavar="LOCATION", help="Only the parts of it.")] = None,
    within: Annotated[str | None, typer.Option("--within", metavar="LOCATION", help="All that lies within it.")] = None,
    changed_since: o.ChangedSince = None,
    archived: o.Archived = False,
    limit: o.Limit = o.LIMIT,
    everything: o.All = False,
) -> None:
    most = o.limited(limit, everything)
    locations = session().client.locations.list(
        kind=kind,
        parent=parent,
        within=within,
        changed_since=changed_since,
        archived=archived or None,
        page_size=output.page_size(most),
    )
    output.show_list(locations, COLUMNS, limit=most, what="locations")


@app.command("get")
def get(location: o.Location) -> None:
    output.show(session().client.locations.get(location), CARD)


@app.command("create")
def create(
    code: Annotated[str, typer.Argument(metavar="CODE", help="Taken for ever, once used.")],
    name: Annotated[str, typer.Option("--name", help="What people call it.")],
    kind: Kind = None,
    parent: Parent = None,
    sellable: Sellable = None,
) -> None:
    """For example: twh locations create SHOP --name "The shop in Main Street" --kind store"""
    location = session().client.locations.create(
        code=code,
        name=name,
        kind=o.told(kind),
        parent=o.told(parent),
        sellable=o.told(sellable),
        options=session().options,
    )
    session().say(f"Created {location.code}.", "green")
    output.show(location, CARD)


@app.command("put")
def put(
    code: Annotated[str, typer.Argument(metavar="CODE", help="Of the location that is to be so.")],
    name: Annotated[str, typer.Option("--name", help="What people call it.")],
    kind: Kind = None,
    parent: Parent = None,
    sellable: Sellable = None,
    if_match: o.IfMatch = None,
    create_only: o.CreateOnly = False,
) -> None:
    """Creates the location, or replaces it: what is left out has its default."""
    raw = session().client.with_raw.locations.put(
        code,
        name=name,
        kind=o.told(kind),
        parent=o.told(parent),
        sellable=o.told(sellable),
        if_match=if_match,
        create_only=create_only,
        options=session().options,
    )
    what = "Created" if raw.status == CREATED else "Put"
    session().say(f"{what} {raw.value.code}: version {raw.value.version}.", "green")
    output.show(raw.value, CARD)


@app.command("update")
def update(
    location: o.Location,
    name: Annotated[str | None, typer.Option("--name", help="What people call it.")] = None,
    kind: Kind = None,
    parent: Parent = None,
    no_parent: Annotated[bool, typer.Option("--no-parent", help="It is part of none.")] = False,
    sellable: Sellable = None,
    if_match: o.IfMatch = None,
) -> None:
    """What is left out stays."""
    if no_parent and parent is not None:
        raise WronglyTyped("Either --parent or --no-parent.")
    changed = session().client.locations.update(
        location,
        name=o.told(name),
        kind=o.told(kind),
        parent=None if no_parent else o.told(parent),
        sellable=o.told(sellable),
        if_match=if_match,
        options=session().options,
    )
    session().say(f"Changed {changed.code}: version {changed.version}.", "green")
    output.show(changed, CARD)


@app.command("archive")
def archive(location: o.Location, if_match: o.IfMatch = None) -> None:
    """It stays in the ledger and keeps its code, but nothing moves there until it is restored."""
    session().confirm(f"Archive {location}?")
    archived = session().client.locations.archive(location, if_match=if_match, options=session().options)
    session().say(f"Archived {archived.code}.", "green")
    output.show(archived, CARD)


@app.command("restore")
def restore(location: o.Location, if_match: o.IfMatch = None) -> None:
    """Stock can move there again."""
    restored = session().client.locations.restore(location, if_match=if_match, options=session().options)
    session().say(f"Restored {restored.code}.", "green")
    output.show(restored, CARD)
