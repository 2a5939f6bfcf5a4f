"""The kinds of events, and the exact bytes in which each is stored, fed and delivered.

The bytes of an event are made once, in the transaction that made it true. The feed and every webhook carry them
unchanged, and the ledger's blocks are hashes over them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import msgspec

KINDS: Final[Mapping[str, str]] = {
    "entry.recorded": "An entry was recorded: stock moved. The data is the entry with all its movements.",
    "item.created": "An item was created. The data is the item.",
    "item.updated": "An item was changed. The data is the item as it is now.",
    "item.archived": "An item was archived. The data is the item.",
    "location.created": "A location was created. The data is the location.",
    "location.updated": "A location was changed. The data is the location as it is now.",
    "location.archived": "A location was archived. The data is the location.",
    "stock.low": "The available stock of an item at a location fell to its reorder point or below.",
    "endpoint.created": "A webhook endpoint was created. The data is the endpoint, without its secret.",
    "endpoint.updated": "A webhook endpoint was changed. The data is the endpoint as it is now.",
    "endpoint.deleted": "A webhook endpoint was deleted. The data is the endpoint as it was.",
}
"""Every kind of event and what it tells."""


@dataclass(frozen=True, kw_only=True, slots=True)
class News:
    """What a command has to tell, before the journal numbers it: a kind and its data, encoded."""

    kind: str
    data: bytes


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened to a tenant, numbered without gaps in the order in which it was committed.

    The data depends on the type; what each type carries is listed in the event catalogue.
    """

    id: str
    type: str
    timestamp: datetime
    sequence: int
    data: msgspec.Raw


_decoder = msgspec.json.Decoder(Event)


def encode(*, event_id: str, kind: str, timestamp: datetime, sequence: int, data: bytes) -> bytes:
    """The bytes of an event."""
    return msgspec.json.encode(
        Event(id=event_id, type=kind, timestamp=timestamp, sequence=sequence, data=msgspec.Raw(data))
    )


def decode(body: str | bytes) -> Event:
    """The event that stored bytes are; its `data` keeps the very bytes that were put in."""
    return _decoder.decode(body)
