"""Stock: how much there is now."""

from __future__ import annotations

from datetime import datetime

from twh import models
from twh.call import Call, DriverT_co, Resource, endpoint
from twh.options import Options
from twh.pages import Page, listing
from twh.params import ItemArg, LocationArg, named, named_or_none
from twh.wire import query, segment


class Stock(Resource[DriverT_co]):
    @endpoint
    def get(self, item: ItemArg, *, at: LocationArg, options: Options | None = None) -> Call[models.Level]:
        """The level of an item at a location: zeros, and version 0, where nothing ever moved."""
        path = f"/v1/stock/{segment(named(item))}/{segment(named(at))}"
        return Call(method="GET", path=path, returns=models.Level, options=options)

    @listing
    def list(
        self,
        *,
        item: ItemArg | None = None,
        location: LocationArg | None = None,
        within: bool | None = None,
        below_reorder_point: bool | None = None,
        changed_since: datetime | str | None = None,
        page_size: int | None = None,
        options: Options | None = None,
    ) -> Call[Page[models.Level]]:
        """Levels by filter; with `within`, those of what lies within the location, too."""
        filters = query(
            item=named_or_none(item),
            location=named_or_none(location),
            within=within,
            below_reorder_point=below_reorder_point,
            changed_since=changed_since,
            limit=page_size,
        )
        return Call(method="GET", path="/v1/stock", returns=Page[models.Level], query=filters, options=options)

    @listing
    def totals(
        self,
        *,
        item: ItemArg | None = None,
        location: LocationArg | None = None,
        below_reorder_point: bool | None = None,
        page_size: int | None = None,
        options: Options | None = None,
    ) -> Call[Page[models.ItemTotal]]:
        """How much there is of each item in total: everywhere, or at one location and all that lies within it."""
        filters = query(
            item=named_or_none(item),
            location=named_or_none(location),
            below_reorder_point=below_reorder_point,
            limit=page_size,
        )
        return Call(
            method="GET", path="/v1/stock/totals", returns=Page[models.ItemTotal], query=filters, options=options
        )
