"""Locations: where stock is."""

from __future__ import annotations

from datetime import datetime

from twh import models
from twh.call import Call, DriverT_co, Resource, endpoint
from twh.options import Options
from twh.pages import Page, listing
from twh.params import LocationArg, named, named_or_none
from twh.wire import NOT_GIVEN, NotGiven, given, query, segment


class Locations(Resource[DriverT_co]):
    """Locations, addressed by id or code."""

    @endpoint
    def create(
        self,
        *,
        code: str,
        name: str,
        kind: str | NotGiven = NOT_GIVEN,
        parent: LocationArg | NotGiven | None = NOT_GIVEN,
        sellable: bool | NotGiven = NOT_GIVEN,
        options: Options | None = None,
    ) -> Call[models.Location]:
        """Create a location; `kind` is warehouse (as left out), store, bin, transit or quarantine.

        `parent` is what it is part of. It is `sellable` as left out, unless its kind is transit or quarantine.
        """
        body = {"code": code, **content(name, kind, parent, sellable)}
        return Call(method="POST", path="/v1/locations", returns=models.Location, body=body, options=options)

    @endpoint
    def get(self, location: LocationArg, *, options: Options | None = None) -> Call[models.Location]:
        """One location."""
        return Call(method="GET", path=address(location), returns=models.Location, options=options)

    @listing
    def list(
        self,
        *,
        kind: str | None = None,
        parent: LocationArg | None = None,
        within: LocationArg | None = None,
        changed_since: datetime | str | None = None,
        archived: bool | str | None = None,
        page_size: int | None = None,
        options: Options | None = None,
    ) -> Call[Page[models.Location]]:
        """Locations: the parts of a `parent`, or all that lies `within` one, at whatever depth.

        `archived` is False (as left out), True, or "any".
        """
        filters = query(
            kind=kind,
            parent=named_or_none(parent),
            within=named_or_none(within),
            changed_since=changed_since,
            archived=archived,
            limit=page_size,
        )
        return Call(method="GET", path="/v1/locations", returns=Page[models.Location], query=filters, options=options)

    @endpoint
    def put(
        self,
        location: LocationArg,
        *,
        name: str,
        kind: str | NotGiven = NOT_GIVEN,
        parent: LocationArg | NotGiven | None = NOT_GIVEN,
        sellable: bool | NotGiven = NOT_GIVEN,
        if_match: str | None = None,
        create_only: bool = False,
        options: Options | None = None,
    ) -> Call[models.Location]:
        """Create the location of this code, or replace it: what is left out has its default.

        With `create_only`, one that exists raises `AlreadyExists`.
        """
        return Call(
            method="PUT",
            path=address(location),
            returns=models.Location,
            body=content(name, kind, parent, sellable),
            if_match=if_match,
            if_none_match="*" if create_only else None,
            options=options,
        )

    @endpoint
    def update(
        self,
        location: LocationArg,
        *,
        name: str | NotGiven = NOT_GIVEN,
        kind: str | NotGiven = NOT_GIVEN,
        parent: LocationArg | NotGiven | None = NOT_GIVEN,
        sellable: bool | NotGiven = NOT_GIVEN,
        if_match: str | None = None,
        options: Options | None = None,
    ) -> Call[models.Location]:
        """Change what is given; `parent=None` makes it part of none. With `if_match=location.etag`, only if nobody else did."""
        return Call(
            method="PATCH",
            path=address(location),
            returns=models.Location,
            body=content(name, kind, parent, sellable),
            if_match=if_match,
            options=options,
        )

    @endpoint
    def archive(
        self, location: LocationArg, *, if_match: str | None = None, options: Options | None = None
    ) -> Call[models.Location]:
        """Take a location without stock, and without parts in use, out of use."""
        path = f"{address(location)}/archive"
        return Call(method="POST", path=path, returns=models.Location, if_match=if_match, options=options)

    @endpoint
    def restore(
        self, location: LocationArg, *, if_match: str | None = None, options: Options | None = None
    ) -> Call[models.Location]:
        """Take an archived location back into use."""
        path = f"{address(location)}/restore"
        return Call(method="POST", path=path, returns=models.Location, if_match=if_match, options=options)


def address(location: LocationArg) -> str:
    return f"/v1/locations/{segment(named(location))}"


def content(
    name: str | NotGiven,
    kind: str | NotGiven,
    parent: LocationArg | NotGiven | None,
    sellable: bool | NotGiven,  # noqa: FBT001 - a value of the location, as the methods take it
) -> dict[str, object]:
    whole = parent if parent is None or isinstance(parent, NotGiven) else named(parent)
    return given(name=name, kind=kind, parent=whole, sellable=sellable)
