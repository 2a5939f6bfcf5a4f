"""`twh items`: what is stocked."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

import typer

from twh_cli import item_import, output, readings
from twh_cli import options as o
from twh_cli.app import new_app
from twh_cli.output import Column
from twh_cli.problems import WronglyTyped
from twh_cli.session import session

app = new_app()

CREATED = 201

COLUMNS = (
    Column("sku", "sku"),
    Column("name", "name"),
    Column("unit", "unit"),
    Column("decimals", "scale", right=True, minor=True),
    Column("reorder point", "reorder_point", right=True),
    Column("barcodes", "barcodes", minor=True),
    Column("tags", "tags", minor=True),
    Column("id", "id", minor=True),
)
CARD = (
    *COLUMNS,
    Column("packs", "packs"),
    Column("attributes", "attributes"),
    Column("archived", "archived_at"),
    Column("created", "created_at"),
    Column("updated", "updated_at"),
    Column("version", "version"),
    Column("etag", "etag"),
)

Barcodes = Annotated[list[str] | None, typer.Option("--barcode", help="May be given again.")]
Packs = Annotated[
    list[str] | None,
    typer.Option("--pack", metavar="NAME=QUANTITY[:BARCODE]", help="case=12; may be given again."),
]
Tags = Annotated[list[str] | None, typer.Option("--tag", help="May be given again.")]
Unit = Annotated[str | None, typer.Option("--unit", help="each (as left out), kg, m …")]
Scale = Annotated[int | None, typer.Option("--scale", min=0, max=9, help="Decimals of its quantities (0).")]
Attributes = Annotated[list[str] | None, typer.Option("--attribute", metavar="NAME=VALUE", help="May be given again.")]
ReorderPoint = Annotated[
    Decimal | None,
    typer.Option("--reorder-point", metavar="QUANTITY", parser=readings.quantity, help="Tell when there is no more."),
]


@app.command("list")
def list_items(
    prefix: Annotated[str | None, typer.Option("--sku-prefix", "--prefix", help="SKUs that begin so.")] = None,
    barcode: Annotated[str | None, typer.Option("--barcode", help="The item with this barcode, or a pack's.")] = None,
    search: Annotated[str | None, typer.Option("--search", help="Words of the name; the last may end in *.")] = None,
    tag: Annotated[str | None, typer.Option("--tag", help="Only with this tag.")] = None,
    attribute: Annotated[
        str | None, typer.Option("--attribute", metavar="NAME=VALUE", help="Only with this attribute.")
    ] = None,
    changed_since: o.ChangedSince = None,
    archived: o.Archived = False,
    limit: o.Limit = o.LIMIT,
    everything: o.All = False,
) -> None:
    most = o.limited(limit, everything)
    items = session().client.items.list(
        sku_prefix=prefix,
        barcode=barcode,
        search=search,
        tag=tag,
        attribute=readings.attribute(attribute) if attribute else None,
        changed_since=changed_since,
        archived=archived or None,
        page_size=output.page_size(most),
    )
    output.show_list(items, COLUMNS, limit=most, what="items")


@app.command("get")
def get(item: o.Item) -> None:
    output.show(session().client.items.get(item), CARD)


@app.command("create")
def create(
    sku: Annotated[str, typer.Argument(metavar="SKU", help="Taken for ever, once used.")],
    name: Annotated[str, typer.Option("--name", help="What people call it.")],
    barcode: Barcodes = None,
    pack: Packs = None,
    tag: Tags = None,
    unit: Unit = None,
    scale: Scale = None,
    reorder_point: ReorderPoint = None,
    attribute: Attributes = None,
) -> None:
    """For example: twh items create TSHIRT-M --name "T-shirt, medium" --reorder-point 5"""
    item = session().client.items.create(
        sku=sku,
        name=name,
        barcodes=o.told(barcode),
        packs=o.told(readings.packs(pack) if pack else None),
        tags=o.told(tag),
        unit=o.told(unit),
        scale=o.told(scale),
        reorder_point=o.told(reorder_point),
        attributes=o.told(readings.attributes(attribute) if attribute else None),
        options=session().options,
    )
    session().say(f"Created {item.sku}.", "green")
    output.show(item, CARD)


@app.command("put")
def put(
    sku: Annotated[str, typer.Argument(metavar="SKU", help="Of the item that is to be so.")],
    name: Annotated[str, typer.Option("--name", help="What people call it.")],
    barcode: Barcodes = None,
    pack: Packs = None,
    tag: Tags = None,
    unit: Unit = None,
    scale: Scale = None,
    reorder_point: ReorderPoint = None,
    attribute: Attributes = None,
    if_match: o.IfMatch = None,
    create_only: o.CreateOnly = False,
) -> None:
    """Creates the item, or replaces it: what is left out has its default, only the scale stays."""
    raw = session().client.with_raw.items.put(
        sku,
        name=name,
        barcodes=o.told(barcode),
        packs=o.told(readings.packs(pack) if pack else None),
        tags=o.told(tag),
        unit=o.told(unit),
        scale=o.told(scale),
        reorder_point=o.told(reorder_point),
        attributes=o.told(readings.attributes(attribute) if attribute else None),
        if_match=if_match,
        create_only=create_only,
        options=session().options,
    )
    what = "Created" if raw.status == CREATED else "Put"
    session().say(f"{what} {raw.value.sku}: version {raw.value.version}.", "green")
    output.show(raw.value, CARD)


@app.command("import")
def import_(
    file: Annotated[str, typer.Argument(metavar="FILE", help="JSON lines; - is stdin.")],
) -> None:
    """Each line is one item as it is to be, created or replaced by its SKU:

    {"sku": "TSHIRT-M", "name": "T-shirt, medium", "barcodes": ["4006381333931"], "tags": ["summer"]}

    What is refused is told line by line, and the others go on. A run that was interrupted can be run again: an item
    that is as the file says is left as it is.
    """
    item_import.import_file(file)


@app.command("update")
def update(
    item: o.Item,
    name: Annotated[str | None, typer.Option("--name", help="What people call it.")] = None,
    barcode: Barcodes = None,
    pack: Packs = None,
    tag: Tags = None,
    unit: Unit = None,
    reorder_point: ReorderPoint = None,
    no_reorder_point: Annotated[bool, typer.Option("--no-reorder-point", help="Remove it.")] = False,
    attribute: Attributes = None,
    if_match: o.IfMatch = None,
) -> None:
    """What is left out stays. --barcode, --pack, --tag and --attribute replace all that were there."""
    if no_reorder_point and reorder_point is not None:
        raise WronglyTyped("Either --reorder-point or --no-reorder-point.")
    changed = session().client.items.update(
        item,
        name=o.told(name),
        barcodes=o.told(barcode),
        packs=o.told(readings.packs(pack) if pack else None),
        tags=o.told(tag),
        unit=o.told(unit),
        reorder_point=None if no_reorder_point else o.told(reorder_point),
        attributes=o.told(readings.attributes(attribute) if attribute else None),
        if_match=if_match,
        options=session().options,
    )
    session().say(f"Changed {changed.sku}: version {changed.version}.", "green")
    output.show(changed, CARD)


@app.command("archive")
def archive(item: o.Item, if_match: o.IfMatch = None) -> None:
    """It stays in the ledger and keeps its SKU, but moves no more until it is restored."""
    session().confirm(f"Archive {item}?")
    archived = session().client.items.archive(item, if_match=if_match, options=session().options)
    session().say(f"Archived {archived.sku}.", "green")
    output.show(archived, CARD)


@app.command("restore")
def restore(item: o.Item, if_match: o.IfMatch = None) -> None:
    """It moves and changes again."""
    restored = session().client.items.restore(item, if_match=if_match, options=session().options)
    session().say(f"Restored {restored.sku}.", "green")
    output.show(restored, CARD)
