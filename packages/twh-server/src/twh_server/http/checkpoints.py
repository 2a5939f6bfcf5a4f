"""`/v1/checkpoints`: where consumers of the feed stand, kept for them by name."""

from typing import Any

import msgspec
from pydantic import Field

from twh_server.events.kinds import SEQUENCE_MAX
from twh_server.http.operation import Call, operation, shown
from twh_server.http.paging import key_of, paged
from twh_server.http.shapes import Body, PageQuery, Query
from twh_server.journal.commands import Answer
from twh_server.journal.versions import AlreadyExists, StaleVersion
from twh_server.tenancy import checkpoints
from twh_server.tenancy.checkpoints import (
    Checkpoint,
    CheckpointAhead,
    CheckpointNotFound,
    CheckpointPassed,
    InvalidCheckpoint,
    TooManyCheckpoints,
)


class Place(Body):
    """Where a consumer stands."""

    sequence: int = Field(
        ge=0, le=SEQUENCE_MAX, description="Everything up to this number was handled.", examples=[129]
    )
    reset: bool = Field(default=False, description="Whether it may go back: what lies in between is then read again.")


class CheckpointList(msgspec.Struct, frozen=True):
    """A page of checkpoints."""

    data: list[Checkpoint]
    next_cursor: str | None


@operation(
    id="checkpoints.list",
    method="GET",
    path="/v1/checkpoints",
    scope="events:read",
    query=PageQuery,
    answers={200: CheckpointList},
)
async def list_(call: Call[Any, PageQuery]) -> Answer:
    """List the checkpoints, by name, each with how far it is behind the newest event."""
    query = call.query
    found = await checkpoints.list_checkpoints(
        call.rooms.database, call.tenant, after=key_of(query.cursor, str), limit=query.limit + 1
    )
    return shown(CheckpointList(*paged(found, query.limit, lambda one: one.name)))


@operation(
    id="checkpoints.get",
    method="GET",
    path="/v1/checkpoints/{checkpoint}",
    scope="events:read",
    answers={200: Checkpoint},
    conditional=True,
    refusals=(CheckpointNotFound,),
)
async def get(call: Call[Any, Query]) -> Answer:
    """Read where a consumer stands."""
    return _shown(await checkpoints.get_checkpoint(call.rooms.database, call.tenant, call.path["checkpoint"]))


# The scope is the one that reads the feed: whoever may read may remember how far, and nothing else depends on a place. It
# is no fact, so a suspended tenant's consumers, who go on reading, go on remembering.
@operation(
    id="checkpoints.set",
    method="PUT",
    path="/v1/checkpoints/{checkpoint}",
    scope="events:read",
    body=Place,
    answers={200: Checkpoint, 201: Checkpoint},
    conditional=True,
    changes_nothing=True,
    refusals=(
        CheckpointNotFound,
        CheckpointPassed,
        CheckpointAhead,
        TooManyCheckpoints,
        InvalidCheckpoint,
        AlreadyExists,
        StaleVersion,
    ),
    example={"sequence": 129},
)
async def set_(call: Call[Place, Query]) -> Answer:
    """Keep where a consumer stands, under a name of its own.

    It is made, or moved forward; back only with `reset`. The place that it has already is no change, so a retry needs
    no idempotency key. It is no fact of the ledger: no event tells of it. With `If-None-Match: *`, it is made or nothing
    is done; with `If-Match`, it is moved only from the version that you read.
    """
    name = call.path["checkpoint"]
    place, is_new = await checkpoints.set_checkpoint(
        call.rooms.database,
        call.tenant,
        name,
        call.body.sequence,
        reset=call.body.reset,
        if_match=call.if_match,
        create_only=call.create_only,
    )
    if not is_new:
        return _shown(place)
    headers = {"Location": f"/v1/checkpoints/{name}", "ETag": place.etag}
    return Answer(status=201, headers=headers, body=msgspec.json.encode(place))


@operation(
    id="checkpoints.delete",
    method="DELETE",
    path="/v1/checkpoints/{checkpoint}",
    scope="events:read",
    answers={204: None},
    conditional=True,
    changes_nothing=True,
    refusals=(CheckpointNotFound, StaleVersion),
)
async def delete(call: Call[Any, Query]) -> Answer:
    """Forget where a consumer stands."""
    await checkpoints.delete_checkpoint(
        call.rooms.database, call.tenant, call.path["checkpoint"], if_match=call.if_match
    )
    return Answer(status=204)


def _shown(place: Checkpoint) -> Answer:
    return shown(place, tag=place.etag)
