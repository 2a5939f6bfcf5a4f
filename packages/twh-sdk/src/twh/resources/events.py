"""Events: the feed of everything that happened, numbered without gaps."""

from __future__ import annotations

import math
from collections.abc import Sequence

from twh import models
from twh.call import Call, DriverT_co, Resource, endpoint
from twh.options import Options
from twh.pages import Feed, Page, Tail, listing
from twh.params import AnId, named
from twh.streams import Following, streaming
from twh.wire import query, segment

STREAM_WAIT_SECONDS = 25


class Events(Resource[DriverT_co]):
    @endpoint
    def get(self, event: str | AnId, *, options: Options | None = None) -> Call[models.Event]:
        """One event, as it was sent to webhooks."""
        path = f"/v1/events/{segment(named(event))}"
        return Call(method="GET", path=path, returns=models.ANY_EVENT, options=options)

    @listing
    def list(
        self,
        *,
        after: int | None = None,
        types: Sequence[str] | None = None,
        page_size: int | None = None,
        options: Options | None = None,
    ) -> Call[Page[models.Event]]:
        """The events after this sequence, or from the oldest there is, up to the newest."""
        filters = query(after=after, types=types, limit=page_size)
        return Call(method="GET", path="/v1/events", returns=Feed[models.Event], query=filters, options=options)

    @endpoint
    def page(
        self,
        *,
        after: int | None = None,
        types: Sequence[str] | None = None,
        wait: int | None = None,
        page_size: int | None = None,
        options: Options | None = None,
    ) -> Call[Feed[models.Event]]:
        """One page of the feed, with `next_after` and `head`; with `wait`, held back so many seconds while there is none."""
        return Call(
            method="GET",
            path="/v1/events",
            returns=Feed[models.Event],
            query=query(after=after, types=types, wait=wait, limit=page_size),
            wait=wait or 0,
            options=options,
        )

    @streaming
    def stream(
        self,
        *,
        after: int | None = None,
        types: Sequence[str] | None = None,
        checkpoint: str | None = None,
        idle: float | None = None,
        timeout: float | None = None,
        wait: int = STREAM_WAIT_SECONDS,
        page_size: int | None = None,
        options: Options | None = None,
    ) -> Following:
        """The events after this sequence and then each new one as it happens, without end.

        With `checkpoint="shipping"`, the server keeps how far a consumer of that name has come: the place moves behind an
        event when the next one is asked for, and is kept about once a second and when the stream is closed. Whoever comes
        back goes on from there; `after` says where to begin the first time. Each event comes at least once. One name is
        for one consumer.

        Without one, keep `event.sequence` when you have dealt with an event and pass it as `after` when you come back:
        nothing is skipped. A lost connection is resumed for as long as it takes, unless `options` set a deadline.

        It ends after `idle` seconds without anything new, or after `timeout` seconds in all, where one is given. Where
        events were dropped that it has not seen, it raises `EventsGone`, whose `.first_sequence` is the oldest there is.
        """
        return Following(
            method="GET",
            path="/v1/events",
            returns=Tail[models.Event],
            query=query(after=after, types=types, wait=wait, limit=page_size),
            wait=wait,
            deadline=math.inf,
            options=options,
            checkpoint=checkpoint,
            idle=idle,
            timeout=timeout,
        )
