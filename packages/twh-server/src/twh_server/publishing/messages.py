"""An event as a message: the very bytes that the feed has, with CloudEvents attributes and a key beside them."""

import msgspec

from twh_server.database.identifiers import TENANT, TenantId
from twh_server.events.kinds import Event, decode, noun_of
from twh_server.publishing.publisher import Message


def message_of(tenant: TenantId, stored: str, *, bytes_max: int) -> Message:
    """The message for an event as it is stored.

    A body that is larger than the bus takes is told without its data, and says so: whoever needs them asks for the event
    by its id. So nothing is left out, and nobody waits behind it.
    """
    event, owner = decode(stored), TENANT.text(tenant)
    body = stored.encode()
    attributes = _attributes(event, owner)
    if len(body) > bytes_max:
        body = msgspec.json.encode(
            _Thin(id=event.id, type=event.type, timestamp=event.timestamp, sequence=event.sequence)
        )
        attributes["dataleftout"] = "true"
    return Message(
        id=event.id,
        tenant=owner,
        kind=event.type,
        key=_item_of(event) or event.subject or owner,
        attributes=attributes,
        body=body,
    )


def _attributes(event: Event, owner: str) -> dict[str, str]:
    attributes = {
        "specversion": "1.0",
        "id": event.id,
        "source": f"/tenants/{owner}",
        "type": event.type,
        "time": event.timestamp.isoformat().replace("+00:00", "Z"),
        "sequence": str(event.sequence),
        "tenant": owner,
    }
    return {**attributes, "subject": event.subject} if event.subject else attributes


def _item_of(event: Event) -> str | None:
    """The item that an event is about: of an entry with several, the first."""
    about = _about.decode(event.data)
    if noun_of(event.type) == "item":
        return about.id
    if about.movements:
        return about.movements[0].item.id
    return about.item.id if about.item else None


class _Thin(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    type: str
    timestamp: object
    sequence: int


class _Named(msgspec.Struct, frozen=True):
    id: str


class _Moved(msgspec.Struct, frozen=True):
    item: _Named


class _About(msgspec.Struct, frozen=True):
    """Of an event's data, what may name an item."""

    id: str | None = None
    item: _Named | None = None
    movements: tuple[_Moved, ...] = ()


_about = msgspec.json.Decoder(_About)
