"""The ledger as a whole: whether everything follows from what went before."""

from __future__ import annotations

from twh import models
from twh.call import Call, DriverT_co, Resource, endpoint
from twh.options import Options
from twh.pages import Page, listing
from twh.wire import query

VERIFY_SECONDS = 600


class Ledger(Resource[DriverT_co]):
    @endpoint
    def verify(
        self, *, against: models.Block | None = None, options: Options | None = None
    ) -> Call[models.Verification]:
        """Walk blocks, events, movements and levels, and name the first thing that does not follow (`.fault`).

        Against a block that was kept elsewhere, also a tail that was cut off or written anew is found.
        """
        kept = None if against is None else f"{against.last_sequence}:{against.hash}"
        return Call(
            method="POST",
            path="/v1/ledger/verify",
            query=query(against=kept),
            returns=models.Verification,
            reads=True,
            wait=VERIFY_SECONDS,
            options=options,
        )

    @listing
    def blocks(self, *, page_size: int | None = None, options: Options | None = None) -> Call[Page[models.Block]]:
        """The sealed blocks, the newest first."""
        filters = query(limit=page_size)
        return Call(method="GET", path="/v1/ledger/blocks", returns=Page[models.Block], query=filters, options=options)
