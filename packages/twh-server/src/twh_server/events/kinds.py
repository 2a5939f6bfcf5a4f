"""The kinds of events, and the exact bytes in which each is stored, fed and delivered.

The bytes of an event are made once, in the transaction that made it true. The feed and every webhook carry them
unchanged, and the ledger's blocks are hashes over them.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, cast
from uuid import UUID

import msgspec

from twh_server.database.identifiers import ENDPOINT, ENTRY, ITEM, JOB, KEY, LOCATION, TENANT, Kind

SEQUENCE_MAX: Final = 2**63 - 1
"""No event has a greater number."""

KINDS: Final[Mapping[str, str]] = {
    "entry.recorded": "An entry was recorded: stock moved; a reversal is an entry too. The data is the entry with all its movements.",
    "item.created": "An item was created. The data is the item.",
    "item.updated": "An item was changed. The data is the item as it is now.",
    "item.archived": "An item was archived. The data is the item.",
    "item.restored": "An archived item was taken back into use. The data is the item.",
    "location.created": "A location was created. The data is the location.",
    "location.updated": "A location was changed. The data is the location as it is now.",
    "location.archived": "A location was archived. The data is the location.",
    "location.restored": "An archived location was taken back into use. The data is the location.",
    "stock.low": "The available stock of an item at a location fell to its reorder point or below. The data is the level.",
    "endpoint.created": "A webhook endpoint was created. The data is the endpoint, without its secret.",
    "endpoint.updated": "A webhook endpoint was changed. The data is the endpoint as it is now.",
    "endpoint.secret_rotated": "A webhook endpoint was given another secret. The data is the endpoint, without it.",
    "endpoint.deleted": "A webhook endpoint was deleted. The data is the endpoint as it was.",
    "endpoint.disabling": "Nothing has arrived at a webhook endpoint for three days: it will be disabled. The data is the endpoint, with the reason and when.",
    "endpoint.disabled": "A webhook endpoint was disabled: nothing has arrived for five days, or it answered 410. The data is the endpoint, with the reason and when.",
    "replay.started": "Deliveries are being made once more. The data is the replay.",
    "replay.cancelled": "A replay was cancelled: nothing more of it is queued. The data is the replay.",
    "replay.resumed": "A replay goes on where it was cancelled. The data is the replay.",
    "replay.finished": "A replay is finished: each of its deliveries was delivered or given up. The data is the replay.",
    "settings.updated": "The tenant's settings were changed. The data is the settings as they are now.",
    "tenant.suspended": "The tenant was suspended: its keys read only. The data is the tenant.",
    "tenant.resumed": "The tenant was resumed: its keys work again. The data is the tenant.",
    "tenant.closed": "The tenant was closed, for good. The data is the tenant.",
    "key.created": "An API key was created. The data is the key, without its secret.",
    "key.updated": "An API key was given another name or end. The data is the key as it is now.",
    "key.rotated": "An API key was rotated: it ends soon. The data is the key; it names its successor.",
    "key.revoked": "An API key was revoked. The data is the key.",
}
"""Every kind of event and what it tells."""

SUBJECTS: Final[Mapping[str, Kind[Any]]] = {
    "entry": ENTRY,
    "item": ITEM,
    "location": LOCATION,
    "endpoint": ENDPOINT,
    "replay": JOB,
    "key": KEY,
    "settings": TENANT,
    "tenant": TENANT,
}
"""What is changed, by the noun that an audited kind begins with. A tenant's settings go by the tenant's id."""


class News(msgspec.Struct, frozen=True, kw_only=True):
    """What a command has to tell, before the journal numbers it: a kind and its data, encoded."""

    kind: str
    data: bytes
    subject: UUID | None = None
    """What was changed, when the audit log is to tell of it."""
    previous: bytes | None = None
    """What changed values were before, encoded as an object; None when nothing was changed."""


class EventActor(msgspec.Struct, frozen=True):
    """Who made it happen: an API key."""

    key: str
    name: str


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something that happened to a tenant, numbered without gaps in the order in which it was committed.

    The data depends on the type; what each type carries is listed in the event catalogue. `actor` is left out of what
    nobody asked for, `subject` (the id of what was changed) of what the audit log does not tell, `previous` of what
    changed no values.
    """

    id: str
    type: str
    timestamp: datetime
    sequence: int
    actor: EventActor | None = None
    subject: str | None = None
    data: msgspec.Raw
    previous: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


_decoder = msgspec.json.Decoder(Event)


def encode(news: News, *, event_id: str, timestamp: datetime, sequence: int, actor: EventActor | None) -> bytes:
    """The bytes of an event."""
    return msgspec.json.encode(
        Event(
            id=event_id,
            type=news.kind,
            timestamp=timestamp,
            sequence=sequence,
            actor=actor,
            subject=None if news.subject is None else _id_of(news.kind).text(news.subject),
            data=msgspec.Raw(news.data),
            previous=msgspec.UNSET if news.previous is None else msgspec.Raw(news.previous),
        )
    )


def noun_of(kind: str) -> str:
    """What a kind of event is about: `item.updated` → `item`."""
    return kind.partition(".")[0]


def subject_of(event: Event) -> UUID | None:
    """The identifier of what an event says was changed; None when it says none. Raises ValueError for what is no id."""
    if event.subject is None:
        return None
    known = noun_of(event.type) in SUBJECTS
    identifier = _id_of(event.type).parse(event.subject) if known else None
    if identifier is None:
        raise ValueError(f"{event.subject!r} is no subject of {event.type}")
    return identifier


def _id_of(kind: str) -> Kind[UUID]:
    return cast("Kind[UUID]", SUBJECTS[noun_of(kind)])


def decode(body: str | bytes) -> Event:
    """The event that stored bytes are; its `data` keeps the very bytes that were put in."""
    return _decoder.decode(body)
