"""`/v1/replays`: deliveries made once more, by endpoint and part of the feed, as a job that can be watched and cancelled."""

from typing import Annotated, Any, cast
from uuid import UUID

import msgspec
from msgspec import Meta
from pydantic import Field

from twh_server.database.identifiers import DELIVERY, DeliveryId, EndpointId
from twh_server.events.kinds import SEQUENCE_MAX
from twh_server.http.operation import Call, created, operation, shown
from twh_server.http.paging import key_of, paged
from twh_server.http.shapes import Body, PageQuery, Query, Time
from twh_server.journal.commands import Answer
from twh_server.refusals import Problem
from twh_server.webhooks import deliveries, endpoints, replay_scope, replays
from twh_server.webhooks.refusals import (
    EndpointNotFound,
    InvalidReplay,
    ReplayIsFinished,
    ReplayNotFound,
    TooManyReplays,
)
from twh_server.webhooks.replay_commands import StartReplay, TurnReplay, kind_problems, no_endpoint
from twh_server.webhooks.replay_scope import JUDGED_MAX, Scope, Stretch, Which, Window
from twh_server.webhooks.replays import Replay, ReplayState

DELIVERIES_MAX = 1_000
RATE_MAX = 10_000


class NewReplay(Body):
    """Which deliveries are to be made once more: those that are named, or those of a part of the feed."""

    endpoint: str | None = Field(None, max_length=64, description="The endpoint's id; null for every endpoint.")
    which: Which = Field(
        "failed",
        description="`failed`: the dead letters. `unacknowledged`: those, and events that it wants and has no delivery"
        " of. `all`: every event that it wants, delivered before or not, also from before the endpoint was there. What is"
        " due or under way arrives as it is.",
    )
    types: list[str] = Field(
        default_factory=list, max_length=100, description="Only these kinds of events; empty: all."
    )
    deliveries: list[str] | None = Field(
        None, min_length=1, max_length=DELIVERIES_MAX, description="These deliveries, and nothing beside them."
    )
    since: Time | None = Field(None, description="Only events recorded then or later.")
    until: Time | None = Field(None, description="Only events recorded before.")
    first_sequence: int | None = Field(None, ge=1, le=SEQUENCE_MAX, description="Only events from this number on.")
    last_sequence: int | None = Field(None, ge=1, le=SEQUENCE_MAX, description="Only events up to this number.")
    rate_per_second: int | None = Field(
        None, ge=1, le=RATE_MAX, description="Queue so many in a second at most; null: as many as the endpoint takes."
    )
    dry_run: bool = Field(default=False, description="Count them, and start nothing.")


class ReplayPlan(msgspec.Struct, frozen=True):
    """What a replay would be about."""

    total: Annotated[int, Meta(description="How many deliveries would be made once more.", examples=[3])]
    first_sequence: Annotated[int, Meta(description="The number of the first event of the stretch.")]
    last_sequence: Annotated[int, Meta(description="The number of the last event of the stretch.", examples=[129])]


class ReplayQuery(PageQuery):
    """Which replays."""

    state: ReplayState | None = Field(None, description="Only in this state.")


class ReplayList(msgspec.Struct, frozen=True):
    """A page of replays."""

    data: list[Replay]
    next_cursor: str | None


@operation(
    id="webhooks.replay",
    method="POST",
    path="/v1/replays",
    scope="webhooks:write",
    body=NewReplay,
    answers={200: ReplayPlan, 201: Replay},
    key="honoured",
    refusals=(InvalidReplay, TooManyReplays),
    example={"which": "failed", "since": "2026-05-10T12:00:00Z"},
)
async def start(call: Call[NewReplay, Query]) -> Answer:
    """Make deliveries once more: dead letters, or whatever part of the feed an endpoint is to have again.

    They carry the same `webhook-id`, so that a receiver knows again what it has. They are queued a few hundred at a time:
    new events do not wait behind old ones. Names either `deliveries`, or a part of the feed, which `failed` can do without.
    With `dry_run`, it is counted and nothing is started.
    """
    body = call.body
    scope = await _scope(call)
    total = await replay_scope.count(call.rooms.database, call.tenant, scope)
    if body.dry_run:
        return shown(ReplayPlan(total, scope.stretch.first, scope.stretch.last))
    command = StartReplay(endpoint=body.endpoint, scope=scope, total=total, rate_per_second=body.rate_per_second)
    return await call.submit(command, lambda replay: created(f"/v1/replays/{replay.id}"))


@operation(
    id="replays.list",
    method="GET",
    path="/v1/replays",
    scope="webhooks:read",
    query=ReplayQuery,
    answers={200: ReplayList},
)
async def list_(call: Call[Any, ReplayQuery]) -> Answer:
    """List replays, the newest first."""
    query = call.query
    found = await replays.list_replays(
        call.rooms.database, call.tenant, state=query.state, after=key_of(query.cursor, UUID), limit=query.limit + 1
    )
    page, cursor = paged(found, query.limit, lambda replay: replay.id)
    return shown(ReplayList([replay.shown() for replay in page], cursor))


@operation(
    id="replays.get",
    method="GET",
    path="/v1/replays/{replay}",
    scope="webhooks:read",
    answers={200: Replay},
    refusals=(ReplayNotFound,),
)
async def get(call: Call[Any, Query]) -> Answer:
    """Read a replay: how far it is."""
    return shown(await replays.get_replay(call.rooms.database, call.tenant, call.path["replay"]))


@operation(
    id="replays.cancel",
    method="POST",
    path="/v1/replays/{replay}/cancel",
    scope="webhooks:write",
    answers={200: Replay},
    key="honoured",
    refusals=(ReplayNotFound, ReplayIsFinished),
)
async def cancel(call: Call[Any, Query]) -> Answer:
    """Queue nothing more of a replay. What is queued already is delivered."""
    return await call.submit(TurnReplay(replay=call.path["replay"], to="cancelled"), shown)


@operation(
    id="replays.resume",
    method="POST",
    path="/v1/replays/{replay}/resume",
    scope="webhooks:write",
    answers={200: Replay},
    key="honoured",
    refusals=(ReplayNotFound, ReplayIsFinished),
)
async def resume(call: Call[Any, Query]) -> Answer:
    """Go on with a replay where it was cancelled."""
    return await call.submit(TurnReplay(replay=call.path["replay"], to="running"), shown)


async def _scope(call: Call[NewReplay, Query]) -> Scope:
    """What the body names, once it makes sense. Raises InvalidReplay."""
    body = call.body
    if problems := [*_contradictions(body), *kind_problems(body.types)]:
        raise InvalidReplay(problems)
    if body.deliveries is not None:
        return await _named(call, body.deliveries)
    endpoint = await _endpoint(call, body.endpoint)
    window = Window(
        since=body.since, until=body.until, first_sequence=body.first_sequence, last_sequence=body.last_sequence
    )
    stretch = await replay_scope.stretch_of(call.rooms.database, call.tenant, window)
    if body.which != "failed":
        several = 1 if body.endpoint else await replay_scope.count_endpoints(call.rooms.database, call.tenant)
        if (stretch.last - stretch.first + 1) * max(several, 1) > JUDGED_MAX:
            raise InvalidReplay([_too_wide()])
    return Scope(
        which=body.which,
        stretch=stretch,
        endpoint=endpoint,
        kinds=body.types,
    )


async def _endpoint(call: Call[NewReplay, Query], text: str | None) -> EndpointId | None:
    if text is None:
        return None
    try:
        return (await endpoints.get_endpoint(call.rooms.database, call.tenant, text)).id
    except EndpointNotFound:
        raise InvalidReplay([no_endpoint(text)]) from None


async def _named(call: Call[NewReplay, Query], names: list[str]) -> Scope:
    found = await deliveries.find_deliveries(call.rooms.database, call.tenant, names)
    if missing := [
        Problem(pointer=f"/deliveries/{place}", code="delivery_not_found", message=f"No delivery has the id {name!r}.")
        for place, name in enumerate(names)
        if name not in found
    ]:
        raise InvalidReplay(missing)
    return Scope(
        which="all",
        stretch=Stretch(first=min(found.values()), last=max(found.values())),
        deliveries=[cast(DeliveryId, DELIVERY.parse(name)) for name in dict.fromkeys(names)],
    )


def _contradictions(body: NewReplay) -> list[Problem]:
    window = {"since", "until", "first_sequence", "last_sequence"} & {
        name for name in body.model_fields_set if getattr(body, name) is not None
    }
    if body.deliveries is not None:
        beside = {"endpoint", "which", "types"} & body.model_fields_set | window
        message = "Deliveries that are named are all: nothing else says which."
        return [Problem(pointer=f"/{name}", code="beside_deliveries", message=message) for name in sorted(beside)]
    if body.which == "failed" or window:
        return []
    message = "Say which part of the feed: since, until, first_sequence or last_sequence. From 1 on, it is all of it."
    return [Problem(pointer="/first_sequence", code="window_missing", message=message)]


def _too_wide() -> Problem:
    message = (
        f"That is more than {JUDGED_MAX:,} events, each counted once an endpoint. Choose a smaller part of the feed."
    )
    return Problem(pointer="/first_sequence", code="window_too_wide", message=message)
