"""Items: what is stocked."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, overload

from twh import models
from twh.bulk import BATCH_ROWS, drive, drive_awaited, no_raw_answer
from twh.call import Awaited, Call, Direct, DriverT_co, Resource, endpoint
from twh.item_bulk import Upserted, upserting
from twh.options import Options
from twh.pages import Page, listing
from twh.params import ItemArg, NewItem, PackArg, named, written_item, written_packs
from twh.wire import NOT_GIVEN, NotGiven, Quantity, given, quantity_or_none, query, segment


class Items(Resource[DriverT_co]):
    """Items, addressed by id or SKU."""

    @endpoint
    def create(
        self,
        *,
        sku: str,
        name: str,
        barcodes: Sequence[str] | NotGiven = NOT_GIVEN,
        packs: Sequence[PackArg] | NotGiven = NOT_GIVEN,
        tags: Sequence[str] | NotGiven = NOT_GIVEN,
        unit: str | NotGiven = NOT_GIVEN,
        scale: int | NotGiven = NOT_GIVEN,
        reorder_point: Quantity | NotGiven | None = NOT_GIVEN,
        attributes: Mapping[str, object] | NotGiven = NOT_GIVEN,
        options: Options | None = None,
    ) -> Call[models.Item]:
        """Create an item. `scale` is how many decimals its quantities may have; a SKU is taken for ever."""
        body = content(name, barcodes, packs, tags, unit, scale, reorder_point, attributes)
        return Call(method="POST", path="/v1/items", returns=models.Item, body={"sku": sku, **body}, options=options)

    @endpoint
    def get(self, item: ItemArg, *, options: Options | None = None) -> Call[models.Item]:
        """One item."""
        return Call(method="GET", path=address(item), returns=models.Item, options=options)

    @listing
    def list(
        self,
        *,
        sku_prefix: str | None = None,
        barcode: str | None = None,
        search: str | None = None,
        tag: str | None = None,
        attribute: str | tuple[str, str] | None = None,
        changed_since: datetime | str | None = None,
        archived: bool | str | None = None,
        page_size: int | None = None,
        options: Options | None = None,
    ) -> Call[Page[models.Item]]:
        """Items; each filter narrows down the others.

        `search` finds words of the name (`"organic shirt*"`: the last one a beginning), `attribute` is a pair or
        `"colour:blue"`, `archived` is False (as left out), True, or "any". To follow changes, keep the greatest
        `updated_at` that you saw and pass it as `changed_since` next time.
        """
        filters = query(
            sku_prefix=sku_prefix,
            barcode=barcode,
            search=search,
            tag=tag,
            attribute=":".join(attribute) if isinstance(attribute, tuple) else attribute,
            changed_since=changed_since,
            archived=archived,
            limit=page_size,
        )
        return Call(method="GET", path="/v1/items", returns=Page[models.Item], query=filters, options=options)

    @endpoint
    def put(
        self,
        item: ItemArg,
        *,
        name: str,
        barcodes: Sequence[str] | NotGiven = NOT_GIVEN,
        packs: Sequence[PackArg] | NotGiven = NOT_GIVEN,
        tags: Sequence[str] | NotGiven = NOT_GIVEN,
        unit: str | NotGiven = NOT_GIVEN,
        scale: int | NotGiven = NOT_GIVEN,
        reorder_point: Quantity | NotGiven | None = NOT_GIVEN,
        attributes: Mapping[str, object] | NotGiven = NOT_GIVEN,
        if_match: str | None = None,
        create_only: bool = False,
        options: Options | None = None,
    ) -> Call[models.Item]:
        """Create the item of this SKU, or replace it: what is left out has its default, only the scale stays.

        With `create_only`, one that exists raises `AlreadyExists`.
        """
        body = content(name, barcodes, packs, tags, unit, scale, reorder_point, attributes)
        return Call(
            method="PUT",
            path=address(item),
            returns=models.Item,
            body=body,
            if_match=if_match,
            if_none_match="*" if create_only else None,
            options=options,
        )

    @endpoint
    def batch(self, items: Iterable[NewItem], *, options: Options | None = None) -> Call[models.BatchAnswer]:
        """Create or replace up to 1,000 items by SKU, each independently: `.results` tells what became of each.

        A refused item raises nothing: its row has a `problem`. For more than 1,000 there is `upsert_many`.
        """
        return batch_call(items, options)

    @overload
    def upsert_many(
        self: Items[Direct],
        items: Iterable[NewItem],
        *,
        batch_size: int = ...,
        each: Callable[[models.BatchAnswer], object] | None = ...,
        options: Options | None = ...,
    ) -> Upserted: ...
    @overload
    def upsert_many(
        self: Items[Awaited],
        items: Iterable[NewItem],
        *,
        batch_size: int = ...,
        each: Callable[[models.BatchAnswer], object] | None = ...,
        options: Options | None = ...,
    ) -> Coroutine[Any, Any, Upserted]: ...
    def upsert_many(
        self,
        items: Iterable[NewItem],
        *,
        batch_size: int = BATCH_ROWS,
        each: Callable[[models.BatchAnswer], object] | None = None,
        options: Options | None = None,
    ) -> Upserted | Coroutine[Any, Any, Upserted]:
        """Create or replace any number of items by SKU, batch after batch; answers how many came to what.

        Items are taken from the iterable as they are sent, so memory stays small. `each` is called with the answer of
        every batch. An idempotency key in `options` becomes one key a batch: a run that was interrupted can be run
        again with it.
        """
        flow = upserting(batch_call, items, batch_size, each, options)
        driver = self.driver
        if isinstance(driver, Direct):
            return drive(driver, flow, "items.upsert_many")
        if isinstance(driver, Awaited):
            return drive_awaited(driver, flow, "items.upsert_many")
        raise no_raw_answer("upsert_many")

    @endpoint
    def update(
        self,
        item: ItemArg,
        *,
        name: str | NotGiven = NOT_GIVEN,
        barcodes: Sequence[str] | NotGiven = NOT_GIVEN,
        packs: Sequence[PackArg] | NotGiven = NOT_GIVEN,
        tags: Sequence[str] | NotGiven = NOT_GIVEN,
        unit: str | NotGiven = NOT_GIVEN,
        reorder_point: Quantity | NotGiven | None = NOT_GIVEN,
        attributes: Mapping[str, object] | NotGiven = NOT_GIVEN,
        if_match: str | None = None,
        options: Options | None = None,
    ) -> Call[models.Item]:
        """Change what is given; `reorder_point=None` removes it. With `if_match=item.etag`, only if nobody else did."""
        body = content(name, barcodes, packs, tags, unit, NOT_GIVEN, reorder_point, attributes)
        return Call(
            method="PATCH", path=address(item), returns=models.Item, body=body, if_match=if_match, options=options
        )

    @endpoint
    def archive(
        self, item: ItemArg, *, if_match: str | None = None, options: Options | None = None
    ) -> Call[models.Item]:
        """Take an item without stock out of use."""
        path = f"{address(item)}/archive"
        return Call(method="POST", path=path, returns=models.Item, if_match=if_match, options=options)

    @endpoint
    def restore(
        self, item: ItemArg, *, if_match: str | None = None, options: Options | None = None
    ) -> Call[models.Item]:
        """Take an archived item back into use."""
        path = f"{address(item)}/restore"
        return Call(method="POST", path=path, returns=models.Item, if_match=if_match, options=options)


def address(item: ItemArg) -> str:
    return f"/v1/items/{segment(named(item))}"


def batch_call(items: Iterable[NewItem], options: Options | None) -> Call[models.BatchAnswer]:
    body = {"items": [written_item(item) for item in items]}
    return Call(method="POST", path="/v1/items/batch", returns=models.BatchAnswer, body=body, options=options)


def content(
    name: str | NotGiven,
    barcodes: Sequence[str] | NotGiven,
    packs: Sequence[PackArg] | NotGiven,
    tags: Sequence[str] | NotGiven,
    unit: str | NotGiven,
    scale: int | NotGiven,
    reorder_point: Quantity | NotGiven | None,
    attributes: Mapping[str, object] | NotGiven,
) -> dict[str, object]:
    return given(
        name=name,
        barcodes=barcodes,
        packs=written_packs(packs),
        tags=tags,
        unit=unit,
        scale=scale,
        reorder_point=quantity_or_none(reorder_point, "reorder_point"),
        attributes=attributes,
    )
