"""What can be done to webhook endpoints: create, update, rotate their secret, delete."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

import msgspec
from yarl import URL

from twh_server.access.sealing import Sealer
from twh_server.database.engine import Row
from twh_server.database.identifiers import ENDPOINT, EndpointId
from twh_server.events.kinds import KINDS
from twh_server.journal.commands import Effects, Facts, Moment, Read, Write
from twh_server.journal.versions import news_of, require
from twh_server.refusals import Problem
from twh_server.webhooks import endpoints, signing, targets
from twh_server.webhooks.endpoints import Endpoint, EndpointRow, NewEndpoint
from twh_server.webhooks.refusals import EndpointNotFound, InvalidEndpoint, TooManyEndpoints
from twh_server.webhooks.targets import Policy, TargetRefused

URL_LENGTH_MAX = 2_048
KINDS_MAX = 100
OVERLAP_SECONDS_DEFAULT = 24 * 3_600
OVERLAP_SECONDS_MAX = 7 * 24 * 3_600

# RFC 3986's characters, nothing else: what is stored is what is dialled, and nobody has to guess at the rest.
_URL_CHARACTERS = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]*")


@dataclass(frozen=True, kw_only=True, slots=True)
class CreateEndpoint:
    """Create an endpoint. Its secret is drawn with the command, sealed with its id, and told in the result only."""

    url: str
    kinds: Sequence[str] = ()
    description: str = ""
    policy: Policy
    sealer: Sealer
    secret: bytes = field(default_factory=signing.new_secret, repr=False)
    weight: Final = 1

    def asks(self) -> Iterable[tuple[Read, Row]]:
        """How many there are."""
        yield endpoints.COUNT_ENDPOINTS, ()

    def decide(self, facts: Facts, moment: Moment) -> Effects[NewEndpoint]:
        """The new endpoint with its secret. Raises InvalidEndpoint or TooManyEndpoints."""
        if problems := [*_url_problems(self.url, self.policy), *_kind_problems(self.kinds)]:
            raise InvalidEndpoint(problems)
        counted = facts.of(endpoints.ENDPOINTS_COUNTED)[None]
        if counted >= endpoints.ENDPOINTS_MAX:
            raise TooManyEndpoints(endpoints.ENDPOINTS_MAX)
        endpoint_id = EndpointId(moment.mint())
        endpoint = EndpointRow(
            id=endpoint_id,
            url=self.url,
            kinds=list(dict.fromkeys(self.kinds)),
            description=self.description,
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


@dataclass(frozen=True, kw_only=True, slots=True)
class UpdateEndpoint:
    """Change some values of an endpoint; what is not named stays."""

    endpoint: str
    changes: Mapping[str, Any]
    """Any of url, kinds, description and enabled."""
    policy: Policy
    if_match: Sequence[str] | None = None
    weight: Final = 1

    def asks(self) -> Iterable[tuple[Read, Row]]:
        """The endpoint."""
        yield endpoints.ENDPOINTS, (ENDPOINT.parse(self.endpoint),)

    def decide(self, facts: Facts, moment: Moment) -> Effects[EndpointRow]:
        """The changed endpoint. Raises EndpointNotFound, StaleVersion or InvalidEndpoint."""
        endpoint = _current(facts, self.endpoint, self.if_match)
        changes = dict(self.changes)
        problems = _url_problems(changes["url"], self.policy) if "url" in changes else []
        if "kinds" in changes:
            problems += _kind_problems(changes["kinds"])
            changes["kinds"] = list(dict.fromkeys(changes["kinds"]))
        if problems:
            raise InvalidEndpoint(problems)
        if changes.get("enabled"):
            changes["disabled_because"] = None
        changed = msgspec.structs.replace(endpoint, **changes)
        if changed == endpoint:
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


def _url_problems(text: str, policy: Policy) -> list[Problem]:
    if message := _url_fault(text):
        return [Problem(pointer="/url", code="invalid_url", message=message)]
    try:
        targets.check(URL(text, encoded=True), policy)
    except TargetRefused as refused:
        return [Problem(pointer="/url", code="target_refused", message=str(refused))]
    return []


def _url_fault(text: str) -> str | None:
    if len(text) > URL_LENGTH_MAX:
        return f"A URL has at most {URL_LENGTH_MAX} characters."
    if not _URL_CHARACTERS.fullmatch(text):
        return "A URL has no spaces and no characters outside ASCII: write them percent-encoded."
    try:
        url = URL(text, encoded=True)
        _ = url.port  # judged only when it is asked for
    except ValueError as fault:
        return f"This is not a URL: {fault}."
    if url.scheme not in {"http", "https"}:
        return "A URL begins with https:// (in a sandbox, http:// will do)."
    if not url.host or "%" in url.host:
        return "A URL names a host."
    if "@" in url.raw_authority:
        return "A URL carries no user and no password: deliveries prove themselves by their signature."
    return "A URL for deliveries has no fragment (#…): it would not be sent." if "#" in text else None


def _kind_problems(kinds: Sequence[str]) -> list[Problem]:
    if len(kinds) > KINDS_MAX:
        return [Problem(pointer="/kinds", code="too_many_kinds", message=f"Name at most {KINDS_MAX} kinds.")]
    return [
        Problem(pointer=f"/kinds/{place}", code="unknown_kind", message=f"There are no events of kind {kind!r}.")
        for place, kind in enumerate(kinds)
        if kind not in KINDS
    ]


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
insert into webhook_endpoints (tenant_id, id, url, kinds, description, sealed_secret, enabled, since_sequence, version,
                               created_at, updated_at, deleted_at, disabled_because)
select %(tenant)s, id, url, kinds, description, decode(sealed_secret, 'base64'), enabled, since_sequence,
       version, created_at, updated_at, deleted_at, disabled_because
from json_to_recordset(%(rows)s::json)
     as stored (id uuid, url text, kinds text[], description text, sealed_secret text, enabled boolean, since_sequence
                bigint, version bigint, created_at timestamptz, updated_at timestamptz, deleted_at timestamptz,
                disabled_because text)
on conflict (tenant_id, id) do update
set url = excluded.url, kinds = excluded.kinds, description = excluded.description, enabled = excluded.enabled,
    disabled_because = excluded.disabled_because, version = excluded.version, updated_at = excluded.updated_at, deleted_at = excluded.deleted_at
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
