"""Stock: how much there is now, and how much there was."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from twh import models
from twh.call import Call, DriverT_co, Resource, endpoint
from twh.options import Options
from twh.pages import Page, listing
from twh.params import ItemArg, LocationArg, named, named_or_none
from twh.wire import query, segment

Clock = Literal["recorded", "occurred"]


class Stock(Resource[DriverT_co]):
    @endpoint
    def get(
        self,
        item: ItemArg,
        *,
        at: LocationArg,
        as_of: datetime | str | None = None,
        clock: Clock | None = None,
        options: Options | None = None,
    ) -> Call[models.Level]:
        """The level of an item at a location, now or `as_of` a time: zeros, and version 0, where nothing had moved.

        By `clock="recorded"`, the default, it is what the ledger said then, and that never changes again. By `"occurred"`
        it is what had happened by then, as far as is known today: what was recorded later is in it.
        """
        path = f"/v1/stock/{segment(named(item))}/{segment(named(at))}"
        when = query(as_of=as_of, clock=clock)
        return Call(method="GET", path=path, returns=models.Level, query=when, options=options)

    @listing
    def list(
        self,
        *,
        item: ItemArg | None = None,
        location: LocationArg | None = None,
        within: bool | None = None,
        below_reorder_point: bool | None = None,
        changed_since: datetime | str | None = None,
        as_of: datetime | str | None = None,
        clock: Clock | None = None,
        page_size: int | None = None,
        options: Options | None = None,
    ) -> Call[Page[models.Level]]:
        """Levels by filter; with `within`, those of what lies within the location, too.

        With `as_of`, as they were at a time by a clock (see `get`), without those that nothing had moved then.
        """
        filters = query(
            item=named_or_none(item),
            location=named_or_none(location),
            within=within,
            below_reorder_point=below_reorder_point,
            changed_since=changed_since,
            as_of=as_of,
            clock=clock,
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
