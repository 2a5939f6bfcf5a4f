"""What each kind of event carries, as the OpenAPI document tells it: under `webhooks`, for the feed has the same bytes."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from twh_server.access.tenants import Tenant
from twh_server.catalogue.items import Item
from twh_server.catalogue.locations import Location
from twh_server.events.kinds import KINDS, SUBJECTS, noun_of
from twh_server.http.examples import example_of
from twh_server.http.fields import FIELDS
from twh_server.http.schemas import REF, Schema
from twh_server.ledger.entries import Entry, LowStock
from twh_server.tenancy.api_keys import ApiKey
from twh_server.tenancy.settings import Settings
from twh_server.webhooks.endpoints import Endpoint, FailingEndpoint
from twh_server.webhooks.replays import Replay

CARRIED: Final[Mapping[str, type[msgspec.Struct]]] = {
    "entry": Entry,
    "item": Item,
    "location": Location,
    "stock": LowStock,
    "endpoint": Endpoint,
    "endpoint.disabling": FailingEndpoint,
    "endpoint.disabled": FailingEndpoint,
    "replay": Replay,
    "key": ApiKey,
    "settings": Settings,
    "tenant": Tenant,
}
"""What the kinds of one noun carry, and those kinds that carry something else."""

HEADERS: Final[Mapping[str, str]] = {
    "webhook-id": "The event's id, the same in every attempt.",
    "webhook-timestamp": "When this attempt was made, in seconds since 1970.",
    "webhook-signature": "`v1,` and the signature in base64, as Standard Webhooks says; several stand with spaces between.",
}


def carried_by(kind: str) -> type[msgspec.Struct]:
    """What an event of a kind carries as its data."""
    noun = noun_of(kind)
    assert noun in CARRIED, f"say in http/event_schemas.py, in CARRIED, what events of {noun!r} carry"
    return CARRIED.get(kind) or CARRIED[noun]


def webhooks(schemas: Mapping[str, Schema]) -> dict[str, Schema]:
    """Every kind with the schema of its body and an example."""
    return {kind: {"post": _told(kind, schemas)} for kind in KINDS}


def event_body(kind: str) -> Schema:
    """The schema of an event of a kind."""
    carries = {"$ref": REF.format(carried_by(kind).__name__)}
    return {
        "allOf": [{"$ref": REF.format("Event")}],
        "properties": {"type": {"const": kind}, "data": carries},
    }


def event_example(kind: str, schemas: Mapping[str, Schema]) -> Any:
    """An event of a kind. Its subject is what its data is; it has none where the audit log, most times, does not tell it."""
    fields = schemas["Event"]["properties"]
    data = example_of({"$ref": REF.format(carried_by(kind).__name__)}, schemas)
    told = {
        name: example_of(field, schemas)
        for name, field in fields.items()
        if name not in ("data", "previous", "subject")
    }
    audited = noun_of(kind) in SUBJECTS.keys() - {"entry"}
    subject = {"subject": data.get("id", FIELDS["Tenant.id"].example)} if audited else {}
    return {**told, "type": kind, **subject, "data": data}


def _told(kind: str, schemas: Mapping[str, Schema]) -> Schema:
    first, _, data = KINDS[kind].partition(". ")
    return {
        "operationId": f"told.{kind}",
        "tags": ["events"],
        "summary": first.rstrip("."),
        "description": data or f"The data is {carried_by(kind).__name__}.",
        "parameters": [
            {"name": name, "in": "header", "required": True, "description": said, "schema": {"type": "string"}}
            for name, said in HEADERS.items()
        ],
        "requestBody": {
            "required": True,
            "description": "The event, in the very bytes that the feed has.",
            "content": {"application/json": {"schema": event_body(kind), "example": event_example(kind, schemas)}},
        },
        "responses": {
            "2XX": {"description": "Taken. Whatever else is answered is tried again later."},
        },
    }
