"""`/v1/deliveries`: what was sent where, what came of it, and sending it once more."""

from typing import Any, cast
from uuid import UUID

import msgspec
from pydantic import Field

from twh_server.database.identifiers import DELIVERY, ENDPOINT, DeliveryId, EndpointId
from twh_server.http.operation import Call, created, operation, shown
from twh_server.http.paging import key_of, paged
from twh_server.http.shapes import PageQuery, Query, Time
from twh_server.journal.commands import Answer
from twh_server.webhooks import deliveries, endpoints, replay_scope
from twh_server.webhooks.deliveries import Attempt, Delivery, DeliveryFilter, DeliveryState
from twh_server.webhooks.refusals import DeliveryNotFound, EndpointNotFound, TooManyReplays
from twh_server.webhooks.replay_commands import StartReplay
from twh_server.webhooks.replay_scope import Scope, Stretch
from twh_server.webhooks.replays import Replay


class DeliveryQuery(PageQuery):
    """Which deliveries."""

    endpoint: str | None = Field(None, max_length=64, description="The endpoint's id.")
    event: str | None = Field(None, max_length=64, description="The event's id.")
    state: DeliveryState | None = Field(
        None, description="How far the delivery is; `failed` is a dead letter: its attempts have run out."
    )
    types: str | None = Field(
        None,
        max_length=1_000,
        description="Only of these types of events, separated by commas.",
        examples=["stock.low"],
    )
    since: Time | None = Field(None, description="Only of events recorded then or later.")
    until: Time | None = Field(None, description="Only of events recorded before.")
    replay: str | None = Field(None, max_length=64, description="The id of the replay that made it once more.")


class DeliveryList(msgspec.Struct, frozen=True):
    """A page of deliveries."""

    data: list[Delivery]
    next_cursor: str | None


class AttemptList(msgspec.Struct, frozen=True):
    """A page of the attempts of a delivery."""

    data: list[Attempt]
    next_cursor: str | None


@operation(
    id="webhooks.deliveries",
    method="GET",
    path="/v1/deliveries",
    scope="webhooks:read",
    query=DeliveryQuery,
    answers={200: DeliveryList},
)
async def list_deliveries(call: Call[Any, DeliveryQuery]) -> Answer:
    """List deliveries, those of the newest events first."""
    query = call.query
    wanted = DeliveryFilter(
        endpoint=query.endpoint,
        event=query.event,
        state=query.state,
        kinds=[kind for kind in (query.types or "").split(",") if kind],
        since=query.since,
        until=query.until,
        replay=query.replay,
    )
    after = key_of(query.cursor, tuple[int, UUID])
    found = await deliveries.list_deliveries(
        call.rooms.database,
        call.tenant,
        wanted,
        after=cast("tuple[int, EndpointId] | None", after),
        limit=query.limit + 1,
    )
    page, cursor = paged(found, query.limit, lambda row: row[1])
    return shown(DeliveryList([delivery for delivery, _ in page], cursor))


@operation(
    id="webhooks.delivery",
    method="GET",
    path="/v1/deliveries/{delivery}",
    scope="webhooks:read",
    answers={200: Delivery},
    refusals=(DeliveryNotFound,),
)
async def get_delivery(call: Call[Any, Query]) -> Answer:
    """Read a delivery."""
    return shown(await deliveries.get_delivery(call.rooms.database, call.tenant, call.path["delivery"]))


@operation(
    id="webhooks.attempts",
    method="GET",
    path="/v1/deliveries/{delivery}/attempts",
    scope="webhooks:read",
    query=PageQuery,
    answers={200: AttemptList},
    refusals=(DeliveryNotFound,),
)
async def attempts(call: Call[Any, PageQuery]) -> Answer:
    """List the attempts of a delivery, first to last, those before a retry or a replay too."""
    query = call.query
    after = key_of(query.cursor, int) or 0
    found = await deliveries.list_attempts(
        call.rooms.database, call.tenant, call.path["delivery"], after=after, limit=query.limit + 1
    )
    page, cursor = paged(found, query.limit, lambda attempt: attempt.number)
    return shown(AttemptList(page, cursor))


@operation(
    id="webhooks.retry",
    method="POST",
    path="/v1/deliveries/{delivery}/retry",
    scope="webhooks:write",
    answers={201: Replay},
    key="honoured",
    refusals=(DeliveryNotFound, EndpointNotFound, TooManyReplays),
)
async def retry(call: Call[Any, Query]) -> Answer:
    """Make a delivery once more, whatever came of it: a replay of one.

    It has its schedule of attempts anew, and keeps those that were made. A delivery that is due or under way is not made
    twice.
    """
    delivery = await deliveries.get_delivery(call.rooms.database, call.tenant, call.path["delivery"])
    # A deleted endpoint is sent nothing more.
    endpoint = (await endpoints.get_endpoint(call.rooms.database, call.tenant, delivery.endpoint)).id
    scope = Scope(
        which="all",
        stretch=Stretch(first=delivery.sequence, last=delivery.sequence),
        endpoint=endpoint,
        deliveries=[cast(DeliveryId, DELIVERY.parse(delivery.id))],
    )
    total = await replay_scope.count(call.rooms.database, call.tenant, scope)
    command = StartReplay(endpoint=ENDPOINT.text(endpoint), scope=scope, total=total)
    return await call.submit(command, lambda replay: created(f"/v1/replays/{replay.id}"))
