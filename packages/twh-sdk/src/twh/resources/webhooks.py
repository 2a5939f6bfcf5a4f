"""Webhooks: who wants which events, what was delivered to them, and whether something that arrived is ours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal, TypeAlias

from twh import models, webhooks
from twh.call import Call, DriverT_co, Resource, endpoint
from twh.jobs import job
from twh.options import Options
from twh.pages import Page, listing
from twh.params import AnId, named, named_or_none
from twh.wire import NOT_GIVEN, NotGiven, given, instant_or_not, query, segment, whole_seconds

Payload: TypeAlias = Literal["full", "thin"]
Form: TypeAlias = Literal["standard", "cloudevents"]
Ordering: TypeAlias = Literal["none", "item", "endpoint"]


class Webhooks(Resource[DriverT_co]):
    @endpoint
    def create(
        self,
        *,
        url: str,
        kinds: Sequence[str] | NotGiven = NOT_GIVEN,
        items: Sequence[str | AnId] | NotGiven = NOT_GIVEN,
        locations: Sequence[str | AnId] | NotGiven = NOT_GIVEN,
        attributes: Mapping[str, Any] | NotGiven = NOT_GIVEN,
        description: str | NotGiven = NOT_GIVEN,
        payload: Payload | NotGiven = NOT_GIVEN,
        form: Form | NotGiven = NOT_GIVEN,
        ordering: Ordering | NotGiven = NOT_GIVEN,
        rate_per_second: int | NotGiven | None = NOT_GIVEN,
        concurrency: int | NotGiven | None = NOT_GIVEN,
        options: Options | None = None,
    ) -> Call[models.NewEndpoint]:
        """Have events sent to an address: all, or these kinds (`item.*` is all of one noun). The answer has the `secret`, this once.

        With `items`, `locations` or `attributes`, only what concerns one of the items, by its id or SKU, at one of the
        locations, by its id or code; of an entry, one of its movements has to. Attributes are those that the item has
        when it is told. `payload="thin"` leaves the data out, `form="cloudevents"` sends CloudEvents: `verify` reads all.
        """
        body = given(
            url=url,
            kinds=kinds,
            items=all_named(items),
            locations=all_named(locations),
            attributes=attributes,
            description=description,
            payload=payload,
            form=form,
            ordering=ordering,
            rate_per_second=rate_per_second,
            concurrency=concurrency,
        )
        return Call(method="POST", path="/v1/webhook-endpoints", returns=models.NewEndpoint, body=body, options=options)

    @endpoint
    def get(self, endpoint: str | AnId, *, options: Options | None = None) -> Call[models.Endpoint]:
        """One endpoint."""
        return Call(method="GET", path=address(endpoint), returns=models.Endpoint, options=options)

    @endpoint
    def health(self, endpoint: str | AnId, *, options: Options | None = None) -> Call[models.EndpointHealth]:
        """How an endpoint is doing now: since when nothing arrives (`.failing_since`, None when all is well), and what waits for it."""
        return Call(method="GET", path=f"{address(endpoint)}/health", returns=models.EndpointHealth, options=options)

    @listing
    def list(self, *, page_size: int | None = None, options: Options | None = None) -> Call[Page[models.Endpoint]]:
        """All endpoints."""
        return Call(
            method="GET",
            path="/v1/webhook-endpoints",
            returns=Page[models.Endpoint],
            query=query(limit=page_size),
            options=options,
        )

    @endpoint
    def update(
        self,
        endpoint: str | AnId,
        *,
        url: str | NotGiven = NOT_GIVEN,
        kinds: Sequence[str] | NotGiven = NOT_GIVEN,
        items: Sequence[str | AnId] | NotGiven = NOT_GIVEN,
        locations: Sequence[str | AnId] | NotGiven = NOT_GIVEN,
        attributes: Mapping[str, Any] | NotGiven = NOT_GIVEN,
        description: str | NotGiven = NOT_GIVEN,
        payload: Payload | NotGiven = NOT_GIVEN,
        form: Form | NotGiven = NOT_GIVEN,
        ordering: Ordering | NotGiven = NOT_GIVEN,
        rate_per_second: int | NotGiven | None = NOT_GIVEN,
        concurrency: int | NotGiven | None = NOT_GIVEN,
        enabled: bool | NotGiven = NOT_GIVEN,
        if_match: str | None = None,
        options: Options | None = None,
    ) -> Call[models.Endpoint]:
        """Change what is given; an empty list lets all through again. With `if_match=endpoint.etag`, only if nobody else did."""
        return Call(
            method="PATCH",
            path=address(endpoint),
            returns=models.Endpoint,
            body=given(
                url=url,
                kinds=kinds,
                items=all_named(items),
                locations=all_named(locations),
                attributes=attributes,
                description=description,
                payload=payload,
                form=form,
                ordering=ordering,
                rate_per_second=rate_per_second,
                concurrency=concurrency,
                enabled=enabled,
            ),
            if_match=if_match,
            options=options,
        )

    @endpoint
    def rotate_secret(
        self,
        endpoint: str | AnId,
        *,
        overlap_seconds: int | timedelta | NotGiven = NOT_GIVEN,
        options: Options | None = None,
    ) -> Call[models.NewEndpoint]:
        """Give an endpoint another secret. For a while (a day, or up to a week) deliveries are signed with both.

        The answer has the new `secret`, this once. Until your receivers have it, let them verify with both:
        `verify(body, headers, secret=[new, old])`.
        """
        return Call(
            method="POST",
            path=f"{address(endpoint)}/rotate-secret",
            returns=models.NewEndpoint,
            body=given(overlap_seconds=whole_seconds(overlap_seconds, "overlap_seconds")),
            options=options,
        )

    @endpoint
    def delete(
        self, endpoint: str | AnId, *, if_match: str | None = None, options: Options | None = None
    ) -> Call[None]:
        """Send nothing there any more."""
        return Call(method="DELETE", path=address(endpoint), returns=type(None), if_match=if_match, options=options)

    @listing
    def deliveries(
        self,
        *,
        endpoint: str | AnId | None = None,
        event: str | AnId | None = None,
        state: Literal["pending", "delivered", "failed"] | None = None,
        types: Sequence[str] | None = None,
        since: datetime | str | None = None,
        until: datetime | str | None = None,
        replay: str | AnId | None = None,
        page_size: int | None = None,
        options: Options | None = None,
    ) -> Call[Page[models.Delivery]]:
        """What was or is to be delivered, the newest first; what has `failed` is a dead letter.

        `since` and `until` are about the times of the events; `replay` is the one that made deliveries once more.
        """
        filters = query(
            endpoint=named_or_none(endpoint),
            event=named_or_none(event),
            state=state,
            types=types,
            since=since,
            until=until,
            replay=named_or_none(replay),
            limit=page_size,
        )
        return Call(method="GET", path="/v1/deliveries", returns=Page[models.Delivery], query=filters, options=options)

    @endpoint
    def delivery(self, delivery: str | AnId, *, options: Options | None = None) -> Call[models.Delivery]:
        """One delivery."""
        path = f"/v1/deliveries/{segment(named(delivery))}"
        return Call(method="GET", path=path, returns=models.Delivery, options=options)

    @listing
    def attempts(
        self, delivery: str | AnId, *, page_size: int | None = None, options: Options | None = None
    ) -> Call[Page[models.Attempt]]:
        """What each try to deliver it came to, first to last."""
        return Call(
            method="GET",
            path=f"/v1/deliveries/{segment(named(delivery))}/attempts",
            returns=Page[models.Attempt],
            query=query(limit=page_size),
            options=options,
        )

    @job
    def retry(self, delivery: str | AnId, *, options: Options | None = None) -> Call[models.Replay]:
        """Make a delivery once more, whatever came of it, with the same `webhook-id`: a replay of one."""
        path = f"/v1/deliveries/{segment(named(delivery))}/retry"
        return Call(method="POST", path=path, returns=models.Replay, options=options)

    @job
    def replay(
        self,
        *,
        endpoint: str | AnId | NotGiven = NOT_GIVEN,
        which: Literal["all", "failed", "unacknowledged"] | NotGiven = NOT_GIVEN,
        types: Sequence[str] | NotGiven = NOT_GIVEN,
        deliveries: Sequence[str | AnId] | NotGiven = NOT_GIVEN,
        since: datetime | str | NotGiven = NOT_GIVEN,
        until: datetime | str | NotGiven = NOT_GIVEN,
        first_sequence: int | NotGiven = NOT_GIVEN,
        last_sequence: int | NotGiven = NOT_GIVEN,
        rate_per_second: int | NotGiven = NOT_GIVEN,
        dry_run: bool = False,
        options: Options | None = None,
    ) -> Call[models.Replay | models.ReplayPlan]:
        """Make deliveries once more: of one `endpoint` or of all, those of a part of the feed, or those that are named.

        `which` is "failed" (the dead letters, unless said otherwise), "unacknowledged" (those, and events without a
        delivery) or "all" (every event that the endpoint wants, also from before it was there). The part of the feed is
        `since` and `until`, or `first_sequence` and `last_sequence`. Deliveries keep their `webhook-id`; at most
        `rate_per_second` of them are begun in a second. The job can be waited for. With `dry_run`, nothing is started,
        and its `.total` is how many there would be. Raises `InvalidReplay` and `TooManyReplays`.
        """
        body = given(
            endpoint=endpoint if isinstance(endpoint, NotGiven) else named(endpoint),
            which=which,
            types=types,
            deliveries=deliveries if isinstance(deliveries, NotGiven) else [named(one) for one in deliveries],
            since=instant_or_not(since),
            until=instant_or_not(until),
            first_sequence=first_sequence,
            last_sequence=last_sequence,
            rate_per_second=rate_per_second,
            **({"dry_run": True} if dry_run else {}),
        )
        returns = models.ReplayPlan if dry_run else models.Replay
        return Call(method="POST", path="/v1/replays", returns=returns, body=body, reads=dry_run, options=options)

    def verify(
        self,
        body: bytes,
        headers: webhooks.Headers,
        *,
        secret: str | Sequence[str],
        tolerance: float = webhooks.TOLERANCE_SECONDS,
    ) -> models.Event:
        """The event in a webhook, once its signature is proved; raises `WebhookRejected`. Asks no server."""
        return webhooks.verify(body, headers, secret=secret, tolerance=tolerance)


def address(endpoint: str | AnId) -> str:
    return f"/v1/webhook-endpoints/{segment(named(endpoint))}"


def all_named(things: Sequence[str | AnId] | NotGiven) -> Sequence[str] | NotGiven:
    return things if isinstance(things, NotGiven) else [named(thing) for thing in things]
