"""`/v1/webhook-endpoints`: who is told of events, and how the telling went."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
from pydantic import Field

from twh_server.events.kinds import KINDS
from twh_server.http.operation import Call, operation, shown
from twh_server.http.paging import key_of, paged
from twh_server.http.shapes import Body, PageQuery, Query, changes_of
from twh_server.journal.commands import Answer, Command
from twh_server.journal.versions import StaleVersion
from twh_server.webhooks import endpoints
from twh_server.webhooks.endpoint_commands import (
    OVERLAP_SECONDS_DEFAULT,
    OVERLAP_SECONDS_MAX,
    CreateEndpoint,
    DeleteEndpoint,
    RotateSecret,
    UpdateEndpoint,
)
from twh_server.webhooks.endpoints import Endpoint, EndpointRow, NewEndpoint
from twh_server.webhooks.refusals import EndpointNotFound, InvalidEndpoint, TooManyEndpoints

URL_READ_MAX = 4_096
"""Longer addresses than may be used are read, so that the answer can say how long they may be."""

KINDS_DESCRIPTION = f"Which kinds of events; empty for all. Any of {', '.join(KINDS)}."


class EndpointDraft(Body):
    """An endpoint to be created."""

    url: str = Field(max_length=URL_READ_MAX, description="Where events are to be posted.")
    kinds: list[str] = Field(default_factory=list, max_length=100, description=KINDS_DESCRIPTION)
    description: str = Field("", max_length=255)


class EndpointChanges(Body):
    """What is to be changed of an endpoint; what is left out stays."""

    url: str = Field("", max_length=URL_READ_MAX)
    kinds: list[str] = Field(default_factory=list, max_length=100, description=KINDS_DESCRIPTION)
    description: str = Field("", max_length=255)
    enabled: bool = Field(default=True, description="While false, deliveries wait.")


class SecretRotation(Body):
    """How an endpoint's secret is to be rotated."""

    overlap_seconds: int = Field(
        OVERLAP_SECONDS_DEFAULT,
        ge=0,
        le=OVERLAP_SECONDS_MAX,
        description="For how long deliveries are signed with the old secret, too.",
    )


class EndpointList(msgspec.Struct, frozen=True):
    """A page of endpoints."""

    data: list[Endpoint]
    next_cursor: str | None


@operation(
    id="webhooks.create",
    method="POST",
    path="/v1/webhook-endpoints",
    scope="webhooks:write",
    body=EndpointDraft,
    answers={201: NewEndpoint},
    key="honoured",
    refusals=(InvalidEndpoint, TooManyEndpoints),
    example={"url": "https://example.com/hooks/twh", "kinds": ["entry.recorded", "stock.low"]},
)
async def create(call: Call[EndpointDraft, Query]) -> Answer:
    """Create a webhook endpoint.

    It is sent every event that comes after its creation. The answer carries the secret that signs its deliveries, this
    once.
    """
    command = CreateEndpoint(
        url=call.body.url,
        kinds=call.body.kinds,
        description=call.body.description,
        policy=call.rooms.targets[call.access.tenant_kind],
        sealer=call.rooms.sealer,
    )
    return await _submit_secret(call, command, status=201)


@operation(
    id="webhooks.list",
    method="GET",
    path="/v1/webhook-endpoints",
    scope="webhooks:read",
    query=PageQuery,
    answers={200: EndpointList},
)
async def list_(call: Call[Any, PageQuery]) -> Answer:
    """List webhook endpoints, oldest first."""
    query = call.query
    after = key_of(query.cursor, UUID)
    found = await endpoints.list_endpoints(call.rooms.database, call.tenant, after=after, limit=query.limit + 1)
    page, cursor = paged(found, query.limit, lambda endpoint: endpoint.id)
    return shown(EndpointList([endpoint.shown() for endpoint in page], cursor))


@operation(
    id="webhooks.get",
    method="GET",
    path="/v1/webhook-endpoints/{endpoint}",
    scope="webhooks:read",
    answers={200: Endpoint},
    conditional=True,
    refusals=(EndpointNotFound,),
)
async def get(call: Call[Any, Query]) -> Answer:
    """Read a webhook endpoint."""
    return _shown(await endpoints.get_endpoint(call.rooms.database, call.tenant, call.path["endpoint"]))


@operation(
    id="webhooks.update",
    method="PATCH",
    path="/v1/webhook-endpoints/{endpoint}",
    scope="webhooks:write",
    body=EndpointChanges,
    answers={200: Endpoint},
    key="honoured",
    conditional=True,
    refusals=(EndpointNotFound, StaleVersion, InvalidEndpoint),
    example={"enabled": False},
)
async def update(call: Call[EndpointChanges, Query]) -> Answer:
    """Change some values of a webhook endpoint.

    While it is not enabled, its deliveries wait; they are sent once it is enabled again.
    """
    command = UpdateEndpoint(
        endpoint=call.path["endpoint"],
        changes=changes_of(call.body),
        policy=call.rooms.targets[call.access.tenant_kind],
        if_match=call.if_match,
    )
    return await call.submit(command, _shown)


@operation(
    id="webhooks.rotate_secret",
    method="POST",
    path="/v1/webhook-endpoints/{endpoint}/rotate-secret",
    scope="webhooks:write",
    body=SecretRotation,
    answers={200: NewEndpoint},
    key="honoured",
    refusals=(EndpointNotFound,),
    example={"overlap_seconds": 86400},
)
async def rotate_secret(call: Call[SecretRotation, Query]) -> Answer:
    """Give a webhook endpoint another secret.

    For `overlap_seconds`, deliveries carry two signatures, one of the new secret and one of the old: whoever verifies
    may know either. Of a secret that was still signing from the rotation before, nothing remains. The answer carries
    the new secret, this once.
    """
    overlap = timedelta(seconds=call.body.overlap_seconds)
    command = RotateSecret(endpoint=call.path["endpoint"], overlap=overlap, sealer=call.rooms.sealer)
    return await _submit_secret(call, command, status=200)


@operation(
    id="webhooks.delete",
    method="DELETE",
    path="/v1/webhook-endpoints/{endpoint}",
    scope="webhooks:write",
    answers={204: None},
    key="honoured",
    conditional=True,
    refusals=(EndpointNotFound, StaleVersion),
)
async def delete(call: Call[Any, Query]) -> Answer:
    """Delete a webhook endpoint. Nothing more is sent to it; its deliveries can still be read."""
    command = DeleteEndpoint(endpoint=call.path["endpoint"], if_match=call.if_match)
    return await call.submit(command, lambda _: Answer(status=204))


async def _submit_secret(call: Call[Any, Any], command: Command[NewEndpoint], *, status: int) -> Answer:
    """Carry out what makes a secret; its answer is kept sealed."""
    sealer = call.rooms.sealer

    def answer(endpoint: NewEndpoint) -> Answer:
        body = msgspec.json.encode(endpoint)
        headers = {"ETag": endpoint.etag}
        if status == 201:
            headers["Location"] = f"/v1/webhook-endpoints/{endpoint.id}"
        return Answer(status=status, headers=headers, body=body, kept=sealer.keep(body, tenant=call.tenant))

    return await call.submit(command, answer, reopen=lambda kept: sealer.reopen(kept, tenant=call.tenant))


def _shown(endpoint: EndpointRow) -> Answer:
    return shown(endpoint.shown(), tag=endpoint.etag)
