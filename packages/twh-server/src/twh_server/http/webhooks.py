"""`/v1/webhook-endpoints`: who is told of events, and how the telling went."""

from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

import msgspec
from pydantic import Field

from twh_server.events.forms import Form, Payload
from twh_server.events.kinds import KINDS
from twh_server.http.operation import Call, operation, shown
from twh_server.http.paging import key_of, paged
from twh_server.http.shapes import Attributes, Body, PageQuery, Query, Ref, changes_of
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
from twh_server.webhooks.endpoint_health import EndpointHealth, get_health
from twh_server.webhooks.endpoint_values import (
    ATTRIBUTES_BYTES_MAX,
    ATTRIBUTES_MAX,
    CONCURRENCY_MAX,
    ITEMS_MAX,
    KINDS_MAX,
    LOCATIONS_MAX,
    RATE_PER_SECOND_MAX,
)
from twh_server.webhooks.endpoints import Endpoint, EndpointRow, NewEndpoint, Ordering
from twh_server.webhooks.queues import CONCURRENCY_DEFAULT
from twh_server.webhooks.refusals import EndpointNotFound, InvalidEndpoint, TooManyEndpoints

URL_READ_MAX = 4_096
"""Longer addresses than may be used are read, so that the answer can say how long they may be."""

Kinds = Annotated[
    list[str],
    Field(
        max_length=KINDS_MAX,
        description=f"Which kinds of events; empty for all. `item.*` is all of one noun. Any of {', '.join(KINDS)}.",
    ),
]
Items = Annotated[
    list[Ref],
    Field(
        max_length=ITEMS_MAX,
        description="Only events that concern one of these items, by id or SKU; empty for all. An entry concerns every"
        " item that it moves; events that concern no item are then not sent.",
        examples=[[]],
    ),
]
Locations = Annotated[
    list[Ref],
    Field(
        max_length=LOCATIONS_MAX,
        description="Only events that concern one of these locations, by id or code; empty for all. With items, too: only"
        " what concerns one of the items at one of the locations.",
        examples=[[]],
    ),
]
ItemAttributes = Annotated[
    Attributes,
    Field(
        description="Only events that concern an item with all of these attributes, as the item is when they are sent;"
        f" empty for all. At most {ATTRIBUTES_MAX}, and {ATTRIBUTES_BYTES_MAX} bytes of JSON.",
        examples=[{}],
    ),
]
PayloadChoice = Annotated[
    Payload,
    Field(description="`full`: events whole; `thin`: what happened to what, and where to read the rest."),
]
FormChoice = Annotated[
    Form,
    Field(
        description="`standard`: the event as the feed has it; `cloudevents`: as CloudEvents 1.0, in structured mode."
    ),
]
OrderingChoice = Annotated[
    Ordering,
    Field(
        description="`none`: each delivery by itself; `item`, `endpoint`: one waits until those before it that are about"
        " the same item, or all before it, have arrived or were given up."
    ),
]
RatePerSecond = Annotated[
    int | None,
    Field(ge=1, le=RATE_PER_SECOND_MAX, description="How many attempts may begin in a second; null: no limit."),
]
Concurrency = Annotated[
    int | None,
    Field(
        ge=1,
        le=CONCURRENCY_MAX,
        description=f"How many attempts may be under way at once; null: {CONCURRENCY_DEFAULT}.",
    ),
]


class EndpointDraft(Body):
    """An endpoint to be created."""

    url: str = Field(max_length=URL_READ_MAX, description="Where events are to be posted.")
    kinds: Kinds = Field(default_factory=list)
    items: Items = Field(default_factory=list)
    locations: Locations = Field(default_factory=list)
    attributes: ItemAttributes = Field(default_factory=dict)
    description: str = Field("", max_length=255)
    payload: PayloadChoice = "full"
    form: FormChoice = "standard"
    ordering: OrderingChoice = "none"
    rate_per_second: RatePerSecond = None
    concurrency: Concurrency = None


class EndpointChanges(Body):
    """What is to be changed of an endpoint; what is left out stays."""

    url: str = Field("", max_length=URL_READ_MAX)
    kinds: Kinds = Field(default_factory=list)
    items: Items = Field(default_factory=list)
    locations: Locations = Field(default_factory=list)
    attributes: ItemAttributes = Field(default_factory=dict)
    description: str = Field("", max_length=255)
    payload: PayloadChoice = "full"
    form: FormChoice = "standard"
    ordering: OrderingChoice = "none"
    rate_per_second: RatePerSecond = None
    concurrency: Concurrency = None
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

    It is sent every event that comes after its creation and that its `kinds`, `items`, `locations` and `attributes` let
    through. The answer carries the secret that signs its deliveries, this once.
    """
    command = CreateEndpoint(
        **{name: getattr(call.body, name) for name in EndpointDraft.model_fields},
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
    id="webhooks.health",
    method="GET",
    path="/v1/webhook-endpoints/{endpoint}/health",
    scope="webhooks:read",
    answers={200: EndpointHealth},
    refusals=(EndpointNotFound,),
)
async def health(call: Call[Any, Query]) -> Answer:
    """Read how a webhook endpoint is doing: since when it fails, until when it is left alone, and what waits for it.

    The endpoint itself does not change with it: its version and ETag stay.
    """
    return shown(await get_health(call.rooms.database, call.tenant, call.path["endpoint"]))


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
