"""Items: what is stocked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from twh import models
from twh.call import Call, DriverT_co, Resource, endpoint
from twh.options import Options
from twh.pages import Page, listing
from twh.params import ItemArg, named
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
        unit: str | NotGiven = NOT_GIVEN,
        scale: int | NotGiven = NOT_GIVEN,
        reorder_point: Quantity | NotGiven | None = NOT_GIVEN,
        attributes: Mapping[str, object] | NotGiven = NOT_GIVEN,
        options: Options | None = None,
    ) -> Call[models.Item]:
        """Create an item. `scale` is how many decimals its quantities may have; a SKU is taken for ever."""
        body = given(
            sku=sku,
            name=name,
            barcodes=barcodes,
            unit=unit,
            scale=scale,
            reorder_point=quantity_or_none(reorder_point, "reorder_point"),
            attributes=attributes,
        )
        return Call(method="POST", path="/v1/items", returns=models.Item, body=body, options=options)

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
        archived: bool | str | None = None,
        page_size: int | None = None,
        options: Options | None = None,
    ) -> Call[Page[models.Item]]:
        """Items; `archived` is False (as left out), True, or "any"."""
        filters = query(sku_prefix=sku_prefix, barcode=barcode, archived=archived, limit=page_size)
        return Call(method="GET", path="/v1/items", returns=Page[models.Item], query=filters, options=options)

    @endpoint
    def update(
        self,
        item: ItemArg,
        *,
        name: str | NotGiven = NOT_GIVEN,
        barcodes: Sequence[str] | NotGiven = NOT_GIVEN,
        unit: str | NotGiven = NOT_GIVEN,
        reorder_point: Quantity | NotGiven | None = NOT_GIVEN,
        attributes: Mapping[str, object] | NotGiven = NOT_GIVEN,
        if_match: str | None = None,
        options: Options | None = None,
    ) -> Call[models.Item]:
        """Change what is given; `reorder_point=None` removes it. With `if_match=item.etag`, only if nobody else did."""
        body = given(
            name=name,
            barcodes=barcodes,
            unit=unit,
            reorder_point=quantity_or_none(reorder_point, "reorder_point"),
            attributes=attributes,
        )
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


def address(item: ItemArg) -> str:
    return f"/v1/items/{segment(named(item))}"
