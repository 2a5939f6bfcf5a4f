"""What can be done to webhook endpoints: create, update, rotate their secret, delete."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

import msgspec

from twh_server.access.sealing import Sealer
from twh_server.database.engine import Row
from twh_server.database.identifiers import ENDPOINT, EndpointId
from twh_server.events.forms import Form, Payload
from twh_server.journal.commands import Effects, Facts, Moment, Read, Write
from twh_server.journal.versions import news_of, require
from twh_server.webhooks import endpoint_values, endpoints, signing
from twh_server.webhooks.endpoints import Endpoint, EndpointRow, NewEndpoint, Ordering
from twh_server.webhooks.refusals import EndpointNotFound, InvalidEndpoint, TooManyEndpoints
from twh_server.webhooks.targets import Policy

OVERLAP_SECONDS_DEFAULT = 24 * 3_600
OVERLAP_SECONDS_MAX = 7 * 24 * 3_600


@dataclass(frozen=True, kw_only=True, slots=True)
class CreateEndpoint:
    """Create an endpoint. Its secret is drawn with the command, sealed with its id, and told in the result only."""

    url: str
    kinds: Sequence[str] = ()
    items: Sequence[str] = ()
    """By their ids or SKUs; `locations` by their ids or codes."""
    locations: Sequence[str] = ()
    attributes: Mapping[str, Any] = field(default_factory=dict[str, Any])
    description: str = ""
    payload: Payload = "full"
    form: Form = "standard"
    ordering: Ordering = "none"
    rate_per_second: int | None = None
    concurrency: int | None = None
    policy: Policy
    sealer: Sealer
    secret: bytes = field(default_factory=signing.new_secret, repr=False)
    weight: Final = 1

    def asks(self) -> Iterable[tuple[Read, Row]]:
        """How many there are, and the items and locations that it names."""
        yield endpoints.COUNT_ENDPOINTS, ()
        yield from endpoint_values.asks(self._chosen())

    def decide(self, facts: Facts, moment: Moment) -> Effects[NewEndpoint]:
        """The new endpoint with its secret. Raises InvalidEndpoint or TooManyEndpoints."""
        chosen = self._chosen()
        if problems := endpoint_values.problems_of(chosen, facts, self.policy):
            raise InvalidEndpoint(problems)
        counted = facts.of(endpoints.ENDPOINTS_COUNTED)[None]
        if counted >= endpoints.ENDPOINTS_MAX:
            raise TooManyEndpoints(endpoints.ENDPOINTS_MAX)
        endpoint_id = EndpointId(moment.mint())
        endpoint = EndpointRow(
            **endpoint_values.kept(chosen, facts),
            id=endpoint_id,
            sealed_secret=self.sealer.seal_secret(self.secret, tenant=moment.tenant, endpoint=endpoint_id),
            enabled=True,
            since_sequence=moment.sequence,
            version=1,
            created_at=moment.recorded_at,
            updated_at=moment.recorded_at,
            deleted_at=None,
        )
        effects = stored(endpoint, "endpoint.created")
        return Effects(
            result=endpoint.shown_once(self.secret),
            rows=effects.rows,
            news=effects.news,
            known=[*effects.known, (endpoints.ENDPOINTS_COUNTED, None, counted + 1)],
        )

    def _chosen(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in endpoint_values.CHOSEN}


@dataclass(frozen=True, kw_only=True, slots=True)
class UpdateEndpoint:
    """Change some values of an endpoint; what is not named stays."""

    endpoint: str
    changes: Mapping[str, Any]
    """Any of the values that CreateEndpoint has, and enabled."""
    policy: Policy
    if_match: Sequence[str] | None = None
    weight: Final = 1

    def asks(self) -> Iterable[tuple[Read, Row]]:
        """The endpoint, and the items and locations that the changes name."""
        yield endpoints.ENDPOINTS, (ENDPOINT.parse(self.endpoint),)
        yield from endpoint_values.asks(self.changes)

    def decide(self, facts: Facts, moment: Moment) -> Effects[EndpointRow]:
        """The changed endpoint. Raises EndpointNotFound, StaleVersion or InvalidEndpoint."""
        endpoint = _current(facts, self.endpoint, self.if_match)
        if problems := endpoint_values.problems_of(self.changes, facts, self.policy):
            raise InvalidEndpoint(problems)
        changes = endpoint_values.kept(self.changes, facts)
        if changes.get("enabled"):
            changes["disabled_because"] = None
        changed = msgspec.structs.replace(endpoint, **changes)
        if endpoint_values.unchanged(changed, endpoint):
            return Effects(result=endpoint)
        changed = msgspec.structs.replace(changed, version=endpoint.version + 1, updated_at=moment.recorded_at)
        return stored(changed, "endpoint.updated", before=endpoint)


@dataclass(frozen=True, kw_only=True, slots=True)
class RotateSecret:
    """Give an endpoint another secret. For a while its deliveries are signed with both, so that nobody has to hurry.

    Of a secret that was still signing from the rotation before, nothing remains.
    """

    endpoint: str
    overlap: timedelta
    sealer: Sealer
    secret: bytes = field(default_factory=signing.new_secret, repr=False)
    weight: Final = 1

    def asks(self) -> Iterable[tuple[Read, Row]]:
        """The endpoint."""
        yield endpoints.ENDPOINTS, (ENDPOINT.parse(self.endpoint),)

    def decide(self, facts: Facts, moment: Moment) -> Effects[NewEndpoint]:
        """The endpoint with its new secret. Raises EndpointNotFound."""
        endpoint = _current(facts, self.endpoint, None)
        rotated = msgspec.structs.replace(
            endpoint,
            sealed_secret=self.sealer.seal_secret(self.secret, tenant=moment.tenant, endpoint=endpoint.id),
            sealed_previous=endpoint.sealed_secret if self.overlap else None,
            previous_until=moment.recorded_at + self.overlap if self.overlap else None,
            version=endpoint.version + 1,
            updated_at=moment.recorded_at,
        )
        effects = stored(rotated, "endpoint.secret_rotated", before=endpoint)
        return Effects(
            result=rotated.shown_once(self.secret),
            rows=[*effects.rows, (STORE_SECRETS, rotated)],
            news=effects.news,
            known=effects.known,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class DeleteEndpoint:
    """Delete an endpoint: nothing more is sent to it. Its deliveries can still be read."""

    endpoint: str
    if_match: Sequence[str] | None = None
    weight: Final = 1

    def asks(self) -> Iterable[tuple[Read, Row]]:
        """The endpoint."""
        yield endpoints.ENDPOINTS, (ENDPOINT.parse(self.endpoint),)

    def decide(self, facts: Facts, moment: Moment) -> Effects[EndpointRow]:
        """The endpoint as it was. Raises EndpointNotFound or StaleVersion."""
        endpoint = _current(facts, self.endpoint, self.if_match)
        deleted = msgspec.structs.replace(
            endpoint,
            enabled=False,
            version=endpoint.version + 1,
            updated_at=moment.recorded_at,
            deleted_at=moment.recorded_at,
        )
        effects = stored(deleted, "endpoint.deleted", told=endpoint.shown())
        counted = facts.of(endpoints.ENDPOINTS_COUNTED)
        if None in counted:
            effects.known.append((endpoints.ENDPOINTS_COUNTED, None, counted[None] - 1))
        return effects


def _current(facts: Facts, text: str, if_match: Sequence[str] | None) -> EndpointRow:
    endpoint = endpoints.find(facts, text)
    if endpoint is None:
        raise EndpointNotFound(text)
    require(if_match, tag=endpoint.etag, version=endpoint.version)
    return endpoint


def stored(
    endpoint: EndpointRow, kind: str, *, before: EndpointRow | None = None, told: Endpoint | None = None
) -> Effects[EndpointRow]:
    """The effects of a changed endpoint, told as it is now unless `told` says otherwise."""
    news = news_of(kind, told or endpoint.shown(), subject=endpoint.id, before=before.shown() if before else None)
    return Effects(
        result=endpoint,
        rows=[(STORE_ENDPOINTS, endpoint)],
        news=[news],
        known=[(endpoints.ENDPOINT_BY_ID, endpoint.id, endpoint)],
    )


STORE_ENDPOINTS = Write(
    sql="""
insert into webhook_endpoints (tenant_id, id, url, kinds, items, locations, attributes, description, payload, form,
                               ordering, rate_per_second, concurrency, sealed_secret, enabled, disabled_because,
                               since_sequence, version, created_at, updated_at, deleted_at)
select %(tenant)s, id, url, kinds, items, locations, attributes, description, payload, form, ordering, rate_per_second,
       concurrency, decode(sealed_secret, 'base64'), enabled, disabled_because, since_sequence, version, created_at,
       updated_at, deleted_at
from json_to_recordset(%(rows)s::json)
     as stored (id uuid, url text, kinds text[], items uuid[], locations uuid[], attributes jsonb, description text,
                payload text, form text, ordering text, rate_per_second integer, concurrency integer,
                sealed_secret text, enabled boolean, disabled_because text, since_sequence bigint, version bigint,
                created_at timestamptz, updated_at timestamptz, deleted_at timestamptz)
on conflict (tenant_id, id) do update
set url = excluded.url, kinds = excluded.kinds, items = excluded.items, locations = excluded.locations,
    attributes = excluded.attributes, description = excluded.description, payload = excluded.payload,
    form = excluded.form, ordering = excluded.ordering, rate_per_second = excluded.rate_per_second,
    concurrency = excluded.concurrency, enabled = excluded.enabled, disabled_because = excluded.disabled_because,
    version = excluded.version, updated_at = excluded.updated_at, deleted_at = excluded.deleted_at
""",
    rank=1,
    key=("id",),
)

# Only a rotation touches the secrets of an endpoint that is there.
STORE_SECRETS = Write(
    sql="""
update webhook_endpoints as w
set sealed_secret = decode(s.sealed_secret, 'base64'), sealed_previous = decode(s.sealed_previous, 'base64'),
    previous_until = s.previous_until
from json_to_recordset(%(rows)s::json)
     as s (id uuid, sealed_secret text, sealed_previous text, previous_until timestamptz)
where w.tenant_id = %(tenant)s and w.id = s.id
""",
    rank=2,
    key=("id",),
)
