# Generated from openapi/openapi.json by generate_models.py: do not edit.
"""One class a problem code, below the class of its status."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from twh.errors.tree import (
    APIError,
    BadRequest,
    Conflict,
    Forbidden,
    NotFound,
    PreconditionFailed,
    RequestTooSlow,
    TooManyRequests,
    Unauthenticated,
    Unavailable,
    Unprocessable,
    UnsupportedMediaType,
)

__all__ = [
    "AlreadyExists",
    "ApiKeyAlreadyRotated",
    "ApiKeyEnded",
    "ApiKeyExpired",
    "ApiKeyMistyped",
    "ApiKeyNotFound",
    "ApiKeyRevoked",
    "ApiKeyUnknown",
    "BarcodeTaken",
    "BodyEncoded",
    "CheckpointAhead",
    "CheckpointNotFound",
    "CheckpointPassed",
    "CodeTaken",
    "CountIsBackdated",
    "DeliveryNotFound",
    "EndpointNotFound",
    "EntryAlreadyReversed",
    "EntryNotFound",
    "EntryPredatesCount",
    "EventNotFound",
    "EventTypeNotFound",
    "EventsGone",
    "FieldMissing",
    "FieldNotAllowed",
    "HeadersTooLarge",
    "IdempotencyKeyMalformed",
    "IdempotencyKeyMissing",
    "IdempotencyKeyNotFound",
    "IdempotencyKeyReused",
    "InsufficientStock",
    "InvalidApiKey",
    "InvalidCheckpoint",
    "InvalidEndpoint",
    "InvalidEntry",
    "InvalidItem",
    "InvalidLocation",
    "InvalidParameter",
    "InvalidQuantity",
    "InvalidReplay",
    "ItemArchived",
    "ItemHasStock",
    "ItemNotFound",
    "LocationArchived",
    "LocationHasParts",
    "LocationHasStock",
    "LocationNotFound",
    "MalformedRequest",
    "MovementNotFound",
    "NotJson",
    "OccurredAtOutOfRange",
    "Overloaded",
    "PackNotFound",
    "QuantityOutOfRange",
    "RateLimited",
    "ReasonRequired",
    "ReasonUnknown",
    "ReplayIsFinished",
    "ReplayNotFound",
    "RequestTimeout",
    "SameLocation",
    "ScopeMissing",
    "SkuTaken",
    "StaleQuantity",
    "StaleVersion",
    "TargetTooLong",
    "TenantClosed",
    "TenantSuspended",
    "TooManyApiKeys",
    "TooManyAttempts",
    "TooManyCheckpoints",
    "TooManyDecimals",
    "TooManyEndpoints",
    "TooManyLines",
    "TooManyReplays",
    "UnknownKind",
]


class IdempotencyKeyMalformed(BadRequest):
    """The idempotency key cannot be used.

    Use 1 to 255 visible ASCII characters.
    """


class IdempotencyKeyMissing(BadRequest):
    """This request needs an idempotency key.

    Send `Idempotency-Key` with a fresh value for each new request. The SDK always does.
    """


class InvalidParameter(BadRequest):
    """A query parameter cannot be used.

    Look in `errors`: a query parameter is unknown, stands twice, is out of bounds, or is a cursor that no answer
    gave.
    """


class MalformedRequest(BadRequest):
    """The request cannot be read.

    Send JSON with the fields and types of the operation. Unknown fields and NUL characters are refused too;
    `errors` has them all.
    """


class ApiKeyExpired(Unauthenticated):
    """The API key has expired.

    Use `successor`, when the key was rotated, or another key; `key` expired at `expired_at`.
    """

    @property
    def key(self) -> str | None:
        return self.text("key")

    @property
    def expired_at(self) -> datetime | None:
        return self.moment("expired_at")

    @property
    def successor(self) -> str | None:
        return self.text("successor")


class ApiKeyMistyped(Unauthenticated):
    """This is not an API key.

    Copy the key again, whole: what was sent has not the form of a key, or its checksum does not fit. `detail`
    says which, and whether a test key was passed off as a live one.
    """


class ApiKeyRevoked(Unauthenticated):
    """The API key was revoked.

    Use another key; `key` was revoked at `revoked_at`. Only who holds the key is told so.
    """

    @property
    def key(self) -> str | None:
        return self.text("key")

    @property
    def revoked_at(self) -> datetime | None:
        return self.moment("revoked_at")


class ApiKeyUnknown(Unauthenticated):
    """This server does not know the API key.

    Check the key and the address: it has the form of a key, but another server made it, or a sandbox that is
    gone.
    """


class ScopeMissing(Forbidden):
    """The API key does not allow this.

    Use a key with the scope that `scope` names.
    """

    @property
    def scope(self) -> str | None:
        return self.text("scope")


class TenantClosed(Forbidden):
    """The tenant is closed.

    Ask whoever operates the server: nothing of a closed tenant is read or changed.
    """


class TenantSuspended(Forbidden):
    """The tenant is suspended.

    Read, or ask whoever operates the server to resume the tenant: while it is suspended, nothing is changed.
    """


class ApiKeyNotFound(NotFound):
    """There is no such API key.

    Check the id.
    """

    @property
    def key(self) -> str | None:
        return self.text("key")


class CheckpointNotFound(NotFound):
    """There is no such checkpoint.

    Check its name; it is made by setting it.
    """

    @property
    def checkpoint(self) -> str | None:
        return self.text("checkpoint")


class DeliveryNotFound(NotFound):
    """There is no such delivery.

    Check the id.
    """

    @property
    def delivery(self) -> str | None:
        return self.text("delivery")


class EndpointNotFound(NotFound):
    """There is no such webhook endpoint.

    Check the id; it may have been deleted.
    """

    @property
    def endpoint(self) -> str | None:
        return self.text("endpoint")


class EntryNotFound(NotFound):
    """There is no such entry.

    Check the id.
    """

    @property
    def entry(self) -> str | None:
        return self.text("entry")


class EventNotFound(NotFound):
    """There is no such event.

    Check the id.
    """

    @property
    def event(self) -> str | None:
        return self.text("event")


class EventTypeNotFound(NotFound):
    """There is no such type of events.

    Check how it is written; `GET /v1/event-types` lists them all.
    """

    @property
    def event_type(self) -> str | None:
        return self.text("event_type")


class IdempotencyKeyNotFound(NotFound):
    """Nothing is recorded under this idempotency key.

    This means *unknown*, not *failed*: the first attempt may still be under way. Send the request again with the
    key; that settles it.
    """

    @property
    def key(self) -> str | None:
        return self.text("key")


class ItemNotFound(NotFound):
    """There is no such item.

    Check the id or SKU; SKUs are compared exactly.
    """

    @property
    def item(self) -> str | None:
        return self.text("item")


class LocationNotFound(NotFound):
    """There is no such location.

    Check the id or code; codes are compared exactly.
    """

    @property
    def location(self) -> str | None:
        return self.text("location")


class MovementNotFound(NotFound):
    """There is no such movement.

    Check the id.
    """

    @property
    def movement(self) -> str | None:
        return self.text("movement")


class ReplayNotFound(NotFound):
    """There is no such replay.

    Check the id.
    """

    @property
    def replay(self) -> str | None:
        return self.text("replay")


class RequestTimeout(RequestTooSlow):
    """The request did not arrive in time.

    Send the body faster, then again with the same key.
    """


class ApiKeyAlreadyRotated(Conflict):
    """The API key has been rotated.

    `successor` has taken its place: rotate that.
    """

    @property
    def successor(self) -> str | None:
        return self.text("successor")


class ApiKeyEnded(Conflict):
    """The API key has ended.

    A key that was revoked or has expired stays so. Create another.
    """

    @property
    def ended_at(self) -> datetime | None:
        return self.moment("ended_at")


class BarcodeTaken(Conflict):
    """This barcode belongs to another item.

    A barcode leads to one item, or to one of its packs, and a GTIN is one barcode in all its forms. Take it away
    from the other first; `barcode` in the list of items finds who has it.
    """

    @property
    def barcode(self) -> str | None:
        return self.text("barcode")


class CheckpointAhead(Conflict):
    """There is no event of that number yet.

    `head` is the newest. A place beyond it would skip events that nobody has seen.
    """

    @property
    def head(self) -> int | None:
        return self.whole("head")


class CheckpointPassed(Conflict):
    """The checkpoint is further on already.

    `sequence` is where it stands. A place goes back only with `reset`: whatever lies in between is then read
    again.
    """

    @property
    def sequence(self) -> int | None:
        return self.whole("sequence")


class CodeTaken(Conflict):
    """This location code is taken.

    Choose another code. A code is taken for ever once it was used.
    """

    @property
    def location(self) -> str | None:
        return self.text("location")


class CountIsBackdated(Conflict):
    """Stock moved after this count was taken.

    Stock moved after the count was taken. Count again.
    """

    @property
    def moved_at(self) -> datetime | None:
        return self.moment("moved_at")


class EntryAlreadyReversed(Conflict):
    """The entry was reversed before.

    `reversed_by` is the reversal. Reverse that to undo it.
    """

    @property
    def entry(self) -> str | None:
        return self.text("entry")

    @property
    def reversed_by(self) -> str | None:
        return self.text("reversed_by")


class EntryPredatesCount(Conflict):
    """A count or a reversal is older than a count of the same stock.

    Leave `occurred_at` out, or count again. Every other entry may be older than a count: the count contains it,
    and stands.
    """

    @property
    def counted_at(self) -> datetime | None:
        return self.moment("counted_at")


class InsufficientStock(Conflict):
    """There is not enough stock to take.

    Take no more than `available`, or receive first. With the scope `stock:force`, `force` takes it anyway, on the
    record.
    """

    @property
    def line(self) -> int | None:
        return self.whole("line")

    @property
    def available(self) -> Decimal | None:
        return self.decimal("available")

    @property
    def requested(self) -> Decimal | None:
        return self.decimal("requested")


class ItemArchived(Conflict):
    """The item is archived.

    An archived item takes no movements and no changes. Restore it first.
    """

    @property
    def item(self) -> str | None:
        return self.text("item")


class ItemHasStock(Conflict):
    """The item still has stock.

    Issue, transfer or write off its stock before you archive it.
    """

    @property
    def item(self) -> str | None:
        return self.text("item")


class LocationArchived(Conflict):
    """The location is archived.

    An archived location takes no movements, no changes and no parts. Restore it first.
    """

    @property
    def location(self) -> str | None:
        return self.text("location")


class LocationHasParts(Conflict):
    """Locations in use are part of this one.

    Archive the locations that are part of it, or move them elsewhere; `parts` says how many there are.
    """

    @property
    def location(self) -> str | None:
        return self.text("location")

    @property
    def parts(self) -> int | None:
        return self.whole("parts")


class LocationHasStock(Conflict):
    """The location still has stock.

    Move or write off its stock before you archive it.
    """

    @property
    def location(self) -> str | None:
        return self.text("location")


class ReplayIsFinished(Conflict):
    """The replay is finished.

    There is nothing left of it to cancel or to resume; start another one.
    """

    @property
    def replay(self) -> str | None:
        return self.text("replay")


class SkuTaken(Conflict):
    """This SKU is taken.

    Choose another SKU. A SKU is taken for ever once it was used.
    """

    @property
    def sku(self) -> str | None:
        return self.text("sku")


class StaleQuantity(Conflict):
    """The stock is not what you expected.

    The level is not what `expected` said. Read it, decide again, send with a new key.
    """

    @property
    def line(self) -> int | None:
        return self.whole("line")

    @property
    def on_hand(self) -> Decimal | None:
        return self.decimal("on_hand")

    @property
    def version(self) -> int | None:
        return self.whole("version")


class TooManyApiKeys(Conflict):
    """There are too many API keys.

    Revoke keys that nobody uses: `last_used_at` tells. `keys_max` is the limit.
    """

    @property
    def keys_max(self) -> int | None:
        return self.whole("keys_max")


class TooManyCheckpoints(Conflict):
    """There are as many checkpoints as a tenant may have.

    Delete those that no consumer uses any more; their `updated_at` tells.
    """


class TooManyEndpoints(Conflict):
    """There are too many webhook endpoints.

    Delete an endpoint that is no longer wanted; `endpoints_max` is the limit.
    """

    @property
    def endpoints_max(self) -> int | None:
        return self.whole("endpoints_max")


class TooManyReplays(Conflict):
    """There are too many replays running.

    Wait until some are finished, or cancel some; `replays_max` is the limit. One replay of a window does the work
    of many retries.
    """

    @property
    def replays_max(self) -> int | None:
        return self.whole("replays_max")


class EventsGone(APIError):
    """Events behind this number were dropped.

    The tenant keeps its events for some days only (`event_days`). `first_sequence` is the oldest that there is:
    without `after`, reading begins there. What the dropped ones told of stock can still be read: entries,
    movements, levels.
    """

    @property
    def after(self) -> int | None:
        return self.whole("after")

    @property
    def first_sequence(self) -> int | None:
        return self.whole("first_sequence")


class AlreadyExists(PreconditionFailed):
    """There is one already.

    `If-None-Match: *` creates or does nothing, and it is there. Read it, or leave the header out to replace it.
    """

    @property
    def version(self) -> int | None:
        return self.whole("version")

    @property
    def etag(self) -> str | None:
        return self.text("etag")


class StaleVersion(PreconditionFailed):
    """The object has changed since you read it.

    It has changed since you read it. Read it again; `etag` is its current version.
    """

    @property
    def version(self) -> int | None:
        return self.whole("version")

    @property
    def etag(self) -> str | None:
        return self.text("etag")


class TargetTooLong(APIError):
    """The address is too long.

    Shorten the query; `bytes_max` is the limit of path and query together.
    """

    @property
    def bytes_max(self) -> int | None:
        return self.whole("bytes_max")


class BodyEncoded(UnsupportedMediaType):
    """The body is compressed or otherwise encoded.

    Send the body as it is, without `Content-Encoding`.
    """


class NotJson(UnsupportedMediaType):
    """The body is not JSON.

    Send `Content-Type: application/json`.
    """


class IdempotencyKeyReused(Unprocessable):
    """This idempotency key was used for another request.

    The key stands for another request. A new request has a new key.
    """

    @property
    def key(self) -> str | None:
        return self.text("key")


class InvalidApiKey(Unprocessable):
    """The API key does not make sense.

    Each value that cannot be used is in `errors`: a role beside scopes, or neither; a role or a scope that does
    not exist; an end that has passed.
    """


class InvalidCheckpoint(Unprocessable):
    """The name cannot be that of a checkpoint.

    1 to 64 letters, digits, `.`, `_`, `:` and `-`, beginning with a letter or a digit.
    """


class InvalidEndpoint(Unprocessable):
    """The webhook endpoint does not make sense.

    Each value that cannot be used is in `errors`: an address that may not be called, a kind that does not exist.
    """


class InvalidEntry(Unprocessable):
    """The entry does not make sense.

    Each value that cannot be used is in `errors` with its pointer. When all that is wrong is of one sort, that
    sort is the code (`item_not_found`, `invalid_quantity` …).
    """


class InvalidItem(Unprocessable):
    """The item does not make sense.

    Each value that cannot be used is in `errors`; a wrong check digit comes with the right one.
    """


class InvalidLocation(Unprocessable):
    """The location does not make sense.

    Each value that cannot be used is in `errors`. A location lies at most eight deep, and never within itself.
    """


class InvalidReplay(Unprocessable):
    """The replay does not make sense.

    Each value that cannot be used is in `errors`: an endpoint or a kind that does not exist, a window that is
    missing or too wide.
    """


class FieldMissing(InvalidEntry):
    """A line lacks a field that this kind of entry needs.

    Add the field: a transfer's line has `source` and `target`, all others have `location`.
    """


class FieldNotAllowed(InvalidEntry):
    """A line has a field that this kind of entry does not take.

    Leave the field out: this kind of entry does not take it.
    """


class InvalidQuantity(InvalidEntry):
    """The quantity cannot be used.

    Send a decimal as text, such as '12' or '-2.5'. What comes in or goes out is above zero, an adjustment is not
    zero, a count is not below zero.
    """


class OccurredAtOutOfRange(InvalidEntry):
    """The time lies outside the window that the tenant allows.

    Send a time inside the window of the tenant's settings: `occurred_at_back_days`, `occurred_at_ahead_minutes`.
    """


class PackNotFound(InvalidEntry):
    """The item has no such pack.

    Use the name of one of the item's `packs`, or leave `pack` out to count in its unit.
    """


class QuantityOutOfRange(InvalidEntry):
    """The quantity or the level would be too large.

    Quantities and levels stay below 10^15.
    """


class ReasonRequired(InvalidEntry):
    """This kind of entry needs a reason.

    Say why: an adjustment needs a reason, and so does what the tenant's settings name in `reason_required`.
    """


class ReasonUnknown(InvalidEntry):
    """The tenant has no such reason for adjustments.

    Use one of the tenant's `adjustment_reasons`; the message names them.
    """


class SameLocation(InvalidEntry):
    """Source and target are the same location.

    A transfer has two locations.
    """


class TooManyDecimals(InvalidEntry):
    """The quantity has more decimals than the item's scale.

    Use no more decimals than the item's `scale`. Nothing is ever rounded.
    """


class TooManyLines(InvalidEntry):
    """An entry has 1 to 1,000 lines.

    Send 1 to 1,000 lines an entry.
    """


class UnknownKind(InvalidEntry):
    """There is no such kind of entry.

    Use a kind that exists: receipt, issue, return, adjustment, transfer, count.
    """


class RateLimited(TooManyRequests):
    """The API key asks too often.

    Wait as `Retry-After` says, send again with the same key. `RateLimit` on every answer says how much is left;
    `requests` in `window_seconds` are allowed.
    """

    @property
    def requests(self) -> int | None:
        return self.whole("requests")

    @property
    def window_seconds(self) -> int | None:
        return self.whole("window_seconds")


class TooManyAttempts(TooManyRequests):
    """Too many unknown API keys came from your address.

    Wait as `Retry-After` says, and check the key: too many unknown keys came from your address. Keys that were
    seen to work are not held up.
    """


class HeadersTooLarge(APIError):
    """The headers are too large.

    Send fewer or shorter headers; `bytes_max` is the limit of all together.
    """

    @property
    def bytes_max(self) -> int | None:
        return self.whole("bytes_max")


class Overloaded(Unavailable):
    """Too much is waiting.

    Nothing was recorded. Wait as `Retry-After` says, send again with the same key.
    """


BY_CODE: dict[str, type[APIError]] = {
    "already_exists": AlreadyExists,
    "api_key_already_rotated": ApiKeyAlreadyRotated,
    "api_key_ended": ApiKeyEnded,
    "api_key_expired": ApiKeyExpired,
    "api_key_mistyped": ApiKeyMistyped,
    "api_key_not_found": ApiKeyNotFound,
    "api_key_revoked": ApiKeyRevoked,
    "api_key_unknown": ApiKeyUnknown,
    "barcode_taken": BarcodeTaken,
    "body_encoded": BodyEncoded,
    "checkpoint_ahead": CheckpointAhead,
    "checkpoint_not_found": CheckpointNotFound,
    "checkpoint_passed": CheckpointPassed,
    "code_taken": CodeTaken,
    "count_is_backdated": CountIsBackdated,
    "delivery_not_found": DeliveryNotFound,
    "endpoint_not_found": EndpointNotFound,
    "entry_already_reversed": EntryAlreadyReversed,
    "entry_not_found": EntryNotFound,
    "entry_predates_count": EntryPredatesCount,
    "event_not_found": EventNotFound,
    "event_type_not_found": EventTypeNotFound,
    "events_gone": EventsGone,
    "field_missing": FieldMissing,
    "field_not_allowed": FieldNotAllowed,
    "headers_too_large": HeadersTooLarge,
    "idempotency_key_malformed": IdempotencyKeyMalformed,
    "idempotency_key_missing": IdempotencyKeyMissing,
    "idempotency_key_not_found": IdempotencyKeyNotFound,
    "idempotency_key_reused": IdempotencyKeyReused,
    "insufficient_stock": InsufficientStock,
    "invalid_api_key": InvalidApiKey,
    "invalid_checkpoint": InvalidCheckpoint,
    "invalid_endpoint": InvalidEndpoint,
    "invalid_entry": InvalidEntry,
    "invalid_item": InvalidItem,
    "invalid_location": InvalidLocation,
    "invalid_parameter": InvalidParameter,
    "invalid_quantity": InvalidQuantity,
    "invalid_replay": InvalidReplay,
    "item_archived": ItemArchived,
    "item_has_stock": ItemHasStock,
    "item_not_found": ItemNotFound,
    "location_archived": LocationArchived,
    "location_has_parts": LocationHasParts,
    "location_has_stock": LocationHasStock,
    "location_not_found": LocationNotFound,
    "malformed_request": MalformedRequest,
    "movement_not_found": MovementNotFound,
    "not_json": NotJson,
    "occurred_at_out_of_range": OccurredAtOutOfRange,
    "overloaded": Overloaded,
    "pack_not_found": PackNotFound,
    "quantity_out_of_range": QuantityOutOfRange,
    "rate_limited": RateLimited,
    "reason_required": ReasonRequired,
    "reason_unknown": ReasonUnknown,
    "replay_is_finished": ReplayIsFinished,
    "replay_not_found": ReplayNotFound,
    "request_timeout": RequestTimeout,
    "same_location": SameLocation,
    "scope_missing": ScopeMissing,
    "sku_taken": SkuTaken,
    "stale_quantity": StaleQuantity,
    "stale_version": StaleVersion,
    "target_too_long": TargetTooLong,
    "tenant_closed": TenantClosed,
    "tenant_suspended": TenantSuspended,
    "too_many_api_keys": TooManyApiKeys,
    "too_many_attempts": TooManyAttempts,
    "too_many_checkpoints": TooManyCheckpoints,
    "too_many_decimals": TooManyDecimals,
    "too_many_endpoints": TooManyEndpoints,
    "too_many_lines": TooManyLines,
    "too_many_replays": TooManyReplays,
    "unknown_kind": UnknownKind,
}
