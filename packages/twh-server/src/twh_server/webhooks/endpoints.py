"""Endpoints: where a tenant wants its events sent, and which of them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from twh_server.database.engine import Database, Row
from twh_server.database.identifiers import ENDPOINT, ITEM, LOCATION, EndpointId, ItemId, LocationId, TenantId
from twh_server.events.forms import Form, Payload
from twh_server.journal.commands import Facts, Index, Read
from twh_server.journal.versions import etag
from twh_server.webhooks import signing
from twh_server.webhooks.refusals import EndpointNotFound

TAG = "wh"

DisabledBecause = Literal["failing", "gone"]
Ordering = Literal["none", "item", "endpoint"]

ENDPOINTS_MAX = 100
"""A tenant's endpoints: each event may become one delivery for each of them."""


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """An address to which events are sent."""

    id: Annotated[str, Meta(description="The endpoint's id.", examples=["whe_01kaqgn4e3f0dvm63vkxhkqk8d"])]
    url: Annotated[str, Meta(description="Where events are posted to.", examples=["https://example.com/hooks/twh"])]
    kinds: Annotated[
        list[str],
        Meta(
            description="The kinds of events that are sent, `item.*` for all of one noun; empty: all.",
            examples=[["entry.recorded"]],
        ),
    ]
    # What has a default came with revision 0002 or 0003: the events of before are read without it, by us and by the SDK.
    items: Annotated[
        list[str], Meta(description="Only what concerns one of these items is sent; empty: all.", examples=[[]])
    ] = []
    locations: Annotated[
        list[str], Meta(description="Only what concerns one of these locations is sent; empty: all.", examples=[[]])
    ] = []
    attributes: Annotated[
        dict[str, Any], Meta(description="Only what concerns an item with all of these is sent.", examples=[{}])
    ] = {}
    description: Annotated[str, Meta(examples=["Shop front"])]
    payload: Annotated[
        Payload, Meta(description="`full`: events whole; `thin`: what happened to what, and where to read the rest.")
    ] = "full"
    form: Annotated[
        Form,
        Meta(
            description="`standard`: the event as the feed has it; `cloudevents`: as CloudEvents 1.0, in structured mode."
        ),
    ] = "standard"
    ordering: Annotated[
        Ordering,
        Meta(
            description="`none`: each delivery by itself; `item`, `endpoint`: one waits until those before it that are"
            " about the same item, or all before it, have arrived or were given up."
        ),
    ] = "none"
    rate_per_second: Annotated[
        int | None, Meta(description="How many attempts may begin in a second; null: as many as there are.")
    ] = None
    concurrency: Annotated[
        int | None, Meta(description="How many attempts may be under way at once; null: what the server has set.")
    ] = None
    enabled: Annotated[bool, Meta(description="While false, deliveries wait; they are sent once it is true again.")]
    disabled_because: Annotated[
        DisabledBecause | None,
        Meta(
            description="Why we disabled it: `failing`, nothing has arrived for days; `gone`, it answered 410. Null when we"
            " did not; enabling it clears this."
        ),
    ] = None
    previous_secret_until: Annotated[
        datetime | None, Meta(description="Until then, deliveries are signed with the secret before this one, too.")
    ] = None
    version: int
    etag: str
    created_at: datetime
    updated_at: datetime


class NewEndpoint(Endpoint, frozen=True, kw_only=True):
    """An endpoint with the secret that was just made to sign its deliveries. It is shown this once."""

    secret: Annotated[
        str, Meta(description="Verifies signatures. Shown once.", examples=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"])
    ]


class FailingEndpoint(Endpoint, frozen=True, kw_only=True):
    """An endpoint that was disabled, or soon will be, for nothing arrives there."""

    reason: Annotated[
        DisabledBecause, Meta(description="`failing`: nothing has arrived for days; `gone`: it answered 410.")
    ]
    failing_since: Annotated[datetime, Meta(description="When the first attempt was made that did not arrive.")]
    disabled_at: Annotated[
        datetime, Meta(description="When it was disabled; of one that is not yet, when it will be if nothing arrives.")
    ]


class EndpointRow(msgspec.Struct, frozen=True, kw_only=True):
    """An endpoint as the database has it."""

    id: EndpointId
    url: str
    kinds: list[str]
    description: str
    sealed_secret: bytes
    enabled: bool
    since_sequence: int
    """The number of the event that created it: it is sent what comes later."""
    version: int
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None
    sealed_previous: bytes | None = None
    """The secret before this one, while both sign."""
    previous_until: datetime | None = None
    disabled_because: DisabledBecause | None = None
    """Why it was disabled, when nobody had asked for it."""
    items: list[ItemId] = []
    locations: list[LocationId] = []
    attributes: Mapping[str, Any] = {}
    payload: Payload = "full"
    form: Form = "standard"
    ordering: Ordering = "none"
    rate_per_second: int | None = None
    concurrency: int | None = None

    @property
    def etag(self) -> str:
        """The entity tag of this version."""
        return etag(TAG, self.version)

    def shown(self) -> Endpoint:
        """The endpoint as the outside sees it."""
        return Endpoint(**self._public())

    def shown_once(self, secret: bytes) -> NewEndpoint:
        """The endpoint as the one who had its secret made sees it, that once."""
        return NewEndpoint(**self._public(), secret=signing.secret_text(secret))

    def shown_failing(self, reason: DisabledBecause, failing_since: datetime, disabled_at: datetime) -> FailingEndpoint:
        """The endpoint in the news that nothing arrives there."""
        return FailingEndpoint(**self._public(), reason=reason, failing_since=failing_since, disabled_at=disabled_at)

    def _public(self) -> dict[str, Any]:
        return {
            "id": ENDPOINT.text(self.id),
            "url": self.url,
            "kinds": self.kinds,
            "items": [ITEM.text(item) for item in self.items],
            "locations": [LOCATION.text(location) for location in self.locations],
            "attributes": dict(self.attributes),
            "description": self.description,
            "payload": self.payload,
            "form": self.form,
            "ordering": self.ordering,
            "rate_per_second": self.rate_per_second,
            "concurrency": self.concurrency,
            "enabled": self.enabled,
            "disabled_because": self.disabled_because,
            "previous_secret_until": self.previous_until,
            "version": self.version,
            "etag": self.etag,
            "created_at": self.created_at,
            "updated_at": self.updated_at,
        }


async def get_endpoint(database: Database, tenant: TenantId, text: str) -> EndpointRow:
    """The endpoint with an id. Raises EndpointNotFound, also when it was deleted."""
    found = await database.read(tenant, ONE_ENDPOINT, {"tenant": tenant, "id": ENDPOINT.parse(text)})
    if not found:
        raise EndpointNotFound(text)
    return endpoint_of(found[0])


async def list_endpoints(
    database: Database, tenant: TenantId, *, after: UUID | None, limit: int
) -> Sequence[EndpointRow]:
    """A page of endpoints, oldest first, behind the endpoint `after`."""
    rows = await database.read(tenant, LIST_ENDPOINTS, {"tenant": tenant, "after": after, "limit": limit})
    return [endpoint_of(row) for row in rows]


COLUMNS = (
    "id, url, kinds, description, sealed_secret, enabled, since_sequence, version, created_at, updated_at, deleted_at,"
    " sealed_previous, previous_until, disabled_because, items, locations, attributes, payload, form, ordering,"
    " rate_per_second, concurrency"
)

ENDPOINT_BY_ID: Index[UUID, EndpointRow] = Index("webhook endpoints by id")
ENDPOINTS_COUNTED: Index[None, int] = Index("how many webhook endpoints there are")


def endpoint_of(row: Row) -> EndpointRow:
    """An endpoint from a row of `COLUMNS`."""
    return EndpointRow(**dict(zip(EndpointRow.__struct_fields__, row, strict=True)))


def find(facts: Facts, text: str) -> EndpointRow | None:
    """The endpoint that an id refers to, unless it was deleted."""
    identifier = ENDPOINT.parse(text)
    endpoint = facts.of(ENDPOINT_BY_ID).get(identifier) if identifier else None
    return endpoint if endpoint and not endpoint.deleted_at else None


def _enter(facts: Facts, rows: Sequence[Row]) -> None:
    endpoints = map(endpoint_of, rows)
    facts.of(ENDPOINT_BY_ID).update({endpoint.id: endpoint for endpoint in endpoints})


def _enter_count(facts: Facts, rows: Sequence[Row]) -> None:
    facts.of(ENDPOINTS_COUNTED)[None] = rows[0][0]


ENDPOINTS = Read(
    sql=f"""
select found.*
from json_to_recordset(%(wanted)s::json) as wanted (id uuid)
cross join lateral (
    select {COLUMNS}
    from webhook_endpoints
    where tenant_id = %(tenant)s and id = wanted.id
    limit 1
) as found
""",
    enter=_enter,
)

COUNT_ENDPOINTS = Read(
    sql="""
select count(*)
from webhook_endpoints
where tenant_id = %(tenant)s and deleted_at is null
""",
    enter=_enter_count,
)

ONE_ENDPOINT = f"""
select {COLUMNS}
from webhook_endpoints
where tenant_id = %(tenant)s and id = %(id)s and deleted_at is null
"""

LIST_ENDPOINTS = f"""
select {COLUMNS}
from webhook_endpoints
where tenant_id = %(tenant)s and deleted_at is null and (%(after)s::uuid is null or id > %(after)s)
order by id
limit %(limit)s
"""
