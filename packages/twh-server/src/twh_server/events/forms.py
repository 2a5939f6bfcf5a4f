"""The forms in which an event leaves: its exact bytes, thin, or as a CloudEvent (1.0, structured or binary).

What is not the exact bytes is made of them when it is sent, and of nothing else but the tenant's id: so every attempt and
every replay has the same bytes, and one signature proves them like any other.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, Literal

import msgspec

from twh_server.database.identifiers import TENANT, TenantId
from twh_server.events.about import subject_in
from twh_server.events.kinds import Event, decode

Payload = Literal["full", "thin"]
Form = Literal["standard", "cloudevents"]

CONTENT_TYPES: Final[Mapping[Form, str]] = {
    "standard": "application/json",
    "cloudevents": "application/cloudevents+json",
}
SEQUENCE_DIGITS = 19
"""As many as the greatest number has: CloudEvents orders sequences as texts."""


class ThinEvent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An event without its data: what happened and to what, and where to read the rest."""

    id: str
    type: str
    timestamp: datetime
    sequence: int
    subject: str | None = None
    url: str
    """Where the whole event is, relative to the API."""


def body_of(stored: bytes, *, tenant: TenantId, payload: Payload, form: Form) -> bytes:
    """The body that is sent for an event as it is stored."""
    if form == "standard":
        return stored if payload == "full" else thin(decode(stored))
    event = decode(stored)
    attributes = attributes_of(event, tenant)
    if payload == "thin":
        return msgspec.json.encode({**attributes, "dataref": address_of(event)})
    return msgspec.json.encode({**attributes, "datacontenttype": CONTENT_TYPES["standard"], "data": event.data})


def thin(event: Event) -> bytes:
    """An event without its data."""
    return msgspec.json.encode(
        ThinEvent(
            id=event.id,
            type=event.type,
            timestamp=event.timestamp,
            sequence=event.sequence,
            subject=subject_in(event),
            url=address_of(event),
        )
    )


def attributes_of(event: Event, tenant: TenantId) -> dict[str, str]:
    """The context attributes of CloudEvents: those of the specification, `sequence`, and ours: tenant, actor, actorname."""
    owner = TENANT.text(tenant)
    attributes = {
        "specversion": "1.0",
        "id": event.id,
        "source": f"/tenants/{owner}",
        "type": event.type,
        "time": event.timestamp.isoformat().replace("+00:00", "Z"),
        "sequence": f"{event.sequence:0{SEQUENCE_DIGITS}}",
        "tenant": owner,
    }
    if subject := subject_in(event):
        attributes["subject"] = subject
    if event.actor:
        attributes |= {"actor": event.actor.key, "actorname": event.actor.name}
    return attributes


def address_of(event: Event) -> str:
    """Where an event is read, relative to the API."""
    return f"/v1/events/{event.id}"
