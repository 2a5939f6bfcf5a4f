"""What fields mean, and what one looks like, where their own type does not say: the same name means the same everywhere.

A type says it for itself with `Meta(description=…, examples=[…])` or `Field(description=…, examples=[…])`, which goes
before what stands here. "Struct.field" goes before "field".
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple


class Meaning(NamedTuple):
    """What a field means, and an example of it."""

    description: str
    example: Any


FIELDS: Final[Mapping[str, Meaning]] = {
    # --- what every thing has
    "id": Meaning("Its id.", None),
    "name": Meaning("A name for people.", "Main"),
    "version": Meaning("Grows by one with each change.", 3),
    "etag": Meaning("The entity tag of this version, for `If-Match` and `If-None-Match`; quotes included.", '"it3"'),
    "created_at": Meaning("When it was created.", "2026-05-02T08:00:00Z"),
    "updated_at": Meaning("When it was changed last.", "2026-05-10T12:00:00Z"),
    "archived_at": Meaning("When it was archived; null while it is in use.", None),
    "recorded_at": Meaning("When it was recorded, as the server says.", "2026-05-10T12:00:00.123456Z"),
    "occurred_at": Meaning("When it happened, as the client says.", "2026-05-10T12:00:00Z"),
    # --- lists
    "data": Meaning("What is on this page.", None),
    "next_cursor": Meaning("Pass it as `cursor` to get the next page; null on the last one.", None),
    "next_after": Meaning("Pass it as `after` to read on.", 129),
    "head": Meaning("The sequence number of the newest event that there is.", 129),
    # --- stock
    "item": Meaning("The item.", "TSHIRT-M"),
    "location": Meaning("The location.", "MAIN"),
    "sku": Meaning("The item's SKU.", "TSHIRT-M"),
    "code": Meaning("The location's code.", "MAIN"),
    "barcodes": Meaning(
        "The barcodes on one of it, each of one item only: GTINs of 8, 12, 13 or 14 digits with their check digit, or any"
        " other text of 1 to 64 printable characters.",
        ["4006381333931"],
    ),
    "tags": Meaning("Words of your own to find it by: 1 to 64 printable characters each.", ["summer"]),
    "unit": Meaning("What one of it is called.", "each"),
    "reorder_point": Meaning("When available stock at a location falls to this, `stock.low` tells.", "20"),
    "attributes": Meaning("Whatever you want to keep with it.", {"colour": "blue"}),
    "lot": Meaning("The lot; null where stock is kept without lots.", None),
    "line": Meaning("The line of the request that it comes from, from 0.", 0),
    "lines": Meaning("What moved: 1 to 1,000 lines.", None),
    "kind": Meaning("Which kind it is.", "receipt"),
    "reason": Meaning("Why.", None),
    "forced": Meaning("Whether it was allowed to take stock below zero.", example=False),
    "reserved": Meaning("What is promised.", "1"),
    "reference": Meaning("What it belongs to in your own books.", None),
    "entry": Meaning("The entry's id.", "ent_01kaqgn4eaf1vs8x4x4nyxbkrf"),
    "sequence": Meaning("The number of its event in the tenant's feed.", 129),
    "quantity": Meaning("How much.", "12"),
    "on_hand": Meaning("What is on the shelf.", "12"),
    "available": Meaning("What is left to promise.", "11"),
    "on_hand_after": Meaning("What was then on the shelf.", "12"),
    "reserved_after": Meaning("What was then promised.", "1"),
    "version_after": Meaning("The level's version then.", 7),
    "movements": Meaning("Each single change, in the order of the lines.", None),
    "expected": Meaning("What you believe the level to be; refused when it is not.", None),
    "actor": Meaning("Who made it happen.", None),
    "EntryResult.entry": Meaning("The entry; left out when none was recorded.", None),
    "Expected.on_hand": Meaning("What you believe to be on the shelf.", "10"),
    "Expected.version": Meaning("The level's version that you read.", 41),
    "ItemRef.id": Meaning("The item's id.", "itm_01kaqgn4dzev7b2yptc4m5c3qr"),
    "LocationRef.id": Meaning("The location's id.", "loc_01kaqgn4e3f0dvm63vkxhkqk8d"),
    "Item.name": Meaning("What people call it.", "T-shirt, medium"),
    "NewItem.name": Meaning("What people call it.", "T-shirt, medium"),
    "ItemChanges.name": Meaning("What people call it.", "T-shirt, medium"),
    "Reference.type": Meaning("Which sort of document.", "order"),
    "Reference.id": Meaning("Its id there.", "PO-77"),
    "NewReference.type": Meaning("Which sort of document.", "order"),
    "NewReference.id": Meaning("Its id there.", "PO-77"),
    "MovementRow.id": Meaning("The movement's id.", "mov_01kaqgn4ed1z4bw7cq1wmhpsvy"),
    "MovementRow.kind": Meaning("The kind of its entry.", "receipt"),
    # --- who
    "tenant": Meaning("The tenant.", None),
    "key": Meaning("The API key.", "key_01kaqgn4e3f0dvm63vkxhkqk8d"),
    "scopes": Meaning("What the key may do.", ["items:read", "stock:read"]),
    "secret": Meaning("The secret. It is shown this once.", "twh_test_2qJ8mWd5Kc7Rf1Xv9Bn4Hs6Lp3Tz0Yg"),
    "Actor.name": Meaning("The API key's name.", "shop"),
    "KeyRef.name": Meaning("The key's name.", "shop"),
    "NewKey.name": Meaning("The key's name.", "shop"),
    "EventActor.name": Meaning("The API key's name.", "shop"),
    "Location.etag": Meaning("The entity tag of this version; quotes included.", '"lo3"'),
    "Level.etag": Meaning("The entity tag of this version; quotes included.", '"lv42"'),
    "Level.version": Meaning("Grows by one with each movement; 0 when there was none.", 42),
    "Endpoint.etag": Meaning("The entity tag of this version; quotes included.", '"wh3"'),
    "NewEndpoint.etag": Meaning("The entity tag of this version; quotes included.", '"wh1"'),
    "NewEndpoint.version": Meaning("Grows by one with each change.", 1),
    "Tenant.id": Meaning("The tenant's id.", "ten_01kaqgn4e3f0dvm63vkxhkqk8d"),
    "Tenant.name": Meaning("What it is called.", "Ann's shop"),
    "Tenant.kind": Meaning("`live`, or a `sandbox` to try things in.", "sandbox"),
    "NewSandbox.name": Meaning("What the tenant is to be called.", "Ann's sandbox"),
    "KeyRef.id": Meaning("The key's id.", "key_01kaqgn4e3f0dvm63vkxhkqk8d"),
    "NewKey.id": Meaning("The key's id.", "key_01kaqgn4e3f0dvm63vkxhkqk8d"),
    "Actor.key": Meaning("The API key's id.", "key_01kaqgn4e3f0dvm63vkxhkqk8d"),
    "EventActor.key": Meaning("The API key's id.", "key_01kaqgn4e3f0dvm63vkxhkqk8d"),
    # --- the feed and webhooks
    "replay": Meaning("The replay's id.", "job_01kaqgn4e3f0dvm63vkxhkqk8d"),
    "Event.id": Meaning("The event's id; `webhook-id` in a delivery.", "evt_01kaqgn4e3f0dvm63vkxhkqk8d"),
    "Event.type": Meaning("The kind of event. New kinds may come.", "item.created"),
    "Event.timestamp": Meaning("When it was committed.", "2026-05-10T12:00:00.123456Z"),
    "Event.sequence": Meaning("Its number: 1, 2, 3 … without gaps, in the order of the commits.", 129),
    "Event.actor": Meaning(
        "Who made it happen; left out of what nobody asked for.",
        {"key": "key_01kaqgn4e3f0dvm63vkxhkqk8d", "name": "shop"},
    ),
    "Event.subject": Meaning(
        "The id of what was changed, in what the audit log tells; left out of the rest.",
        "itm_01kaqgn4dzev7b2yptc4m5c3qr",
    ),
    "Event.data": Meaning("What happened; its form depends on the type: `GET /v1/event-types` has each.", None),
    "Event.previous": Meaning("What the changed values were before.", {"name": "T-shirt"}),
    "url": Meaning("Where events are posted to.", "https://example.com/hooks/twh"),
    "description": Meaning("A note for people.", "Shop front"),
    "Attempt.number": Meaning("1 for the first.", 1),
    "Attempt.at": Meaning("When it was made.", "2026-05-10T12:00:01Z"),
    "Attempt.status": Meaning("The HTTP status that was answered, if any was.", 204),
    "Attempt.error": Meaning("What went wrong, if there was no complete answer.", None),
    "Attempt.response": Meaning("The beginning of the answer's body, up to 4 KiB.", ""),
    "delivered_at": Meaning("When it was delivered; null before.", None),
    "next_attempt_at": Meaning("When it is tried next.", None),
    # --- idempotency keys
    "KeyRecord.key": Meaning("The idempotency key.", "8fc6a5b0-9fe8-4b46-b46b-2ef95793abbe"),
    "KeyRecord.status": Meaning("The status that was answered.", 201),
    "KeyRecord.headers": Meaning(
        "The headers that were answered.", {"Location": "/v1/entries/ent_01kaqgn4eaf1vs8x4x4nyxbkrf"}
    ),
    "KeyRecord.body": Meaning("The body that was answered.", {"id": "ent_01kaqgn4eaf1vs8x4x4nyxbkrf"}),
    "KeyRecord.entry": Meaning("The entry that was recorded; null when none was.", "ent_01kaqgn4eaf1vs8x4x4nyxbkrf"),
    # --- the ledger
    "hash": Meaning("SHA-256 over its events and the block before, in hexadecimal.", "9f2c" * 16),
    "previous_hash": Meaning("The hash of the block before.", "31d8" * 16),
    "first_sequence": Meaning("The first event in it.", 120),
    "last_sequence": Meaning("The last event in it.", 129),
    "Verification.ok": Meaning("Whether everything follows from what came before it.", example=True),
    "Verification.blocks": Meaning("How many blocks were verified.", 42),
    "Verification.events": Meaning("How many events.", 129),
    "Verification.entries": Meaning("How many entries.", 96),
    "Verification.movements": Meaning("How many movements.", 204),
    "Verification.levels": Meaning("How many levels.", 31),
    "Verification.last_sequence": Meaning("The newest event's number.", 129),
    "Verification.digest": Meaning("The hash of the newest block; null when there is none.", "9f2c" * 16),
    "Verification.fault": Meaning("The first thing that does not follow; null when everything does.", None),
    "Fault.what": Meaning("What is wrong.", "level is not the sum of its movements"),
    "Fault.where": Meaning("Where.", "level of itm_01kaqgn4dzev7b2yptc4m5c3qr"),
    "Fault.expected": Meaning("What should be there.", "12"),
    "Fault.found": Meaning("What is there.", "11"),
    # --- problems
    "ProblemDetail.pointer": Meaning("A JSON pointer into the body, or the name of a parameter.", "/lines/0/quantity"),
    "ProblemDetail.code": Meaning("What is wrong with it.", "too_many_decimals"),
    "ProblemDetail.message": Meaning("The same in a sentence.", "The item counts in whole units."),
}
"""By field, or by "Struct.field". An example of None: null where the field may be null, else made of the field's type."""
