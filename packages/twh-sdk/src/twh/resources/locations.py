"""Locations: where stock is."""

from __future__ import annotations

from twh import models
from twh.call import Call, DriverT_co, Resource, endpoint
from twh.options import Options
from twh.pages import Page, listing
from twh.params import LocationArg, named
from twh.wire import NOT_GIVEN, NotGiven, given, query, segment


class Locations(Resource[DriverT_co]):
    """Locations, addressed by id or code."""

    @endpoint
    def create(
        self, *, code: str, name: str, kind: str | NotGiven = NOT_GIVEN, options: Options | None = None
    ) -> Call[models.Location]:
        """Create a location; `kind` is warehouse (as left out), store, bin, transit or quarantine."""
        body = given(code=code, name=name, kind=kind)
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
        archived: bool | str | None = None,
        page_size: int | None = None,
        options: Options | None = None,
    ) -> Call[Page[models.Location]]:
        """Locations; `archived` is False (as left out), True, or "any"."""
        filters = query(kind=kind, archived=archived, limit=page_size)
        return Call(method="GET", path="/v1/locations", returns=Page[models.Location], query=filters, options=options)

    @endpoint
    def update(
        self,
        location: LocationArg,
        *,
        name: str | NotGiven = NOT_GIVEN,
        kind: str | NotGiven = NOT_GIVEN,
        if_match: str | None = None,
        options: Options | None = None,
    ) -> Call[models.Location]:
        """Change what is given. With `if_match=location.etag`, only if nobody else did."""
        return Call(
            method="PATCH",
            path=address(location),
            returns=models.Location,
            body=given(name=name, kind=kind),
            if_match=if_match,
            options=options,
        )

    @endpoint
    def archive(
        self, location: LocationArg, *, if_match: str | None = None, options: Options | None = None
    ) -> Call[models.Location]:
        """Take a location without stock out of use."""
        path = f"{address(location)}/archive"
        return Call(method="POST", path=path, returns=models.Location, if_match=if_match, options=options)


def address(location: LocationArg) -> str:
    return f"/v1/locations/{segment(named(location))}"
