"""One class a problem code, below the class of its status."""

from __future__ import annotations

from decimal import Decimal

from twh.errors.access import BY_CODE as ABOUT_ACCESS
from twh.errors.entry_problems import (
    FieldMissing,
    FieldNotAllowed,
    InvalidEntry,
    InvalidQuantity,
    OccurredAtOutOfRange,
    PackNotFound,
    QuantityOutOfRange,
    ReasonRequired,
    ReasonUnknown,
    SameLocation,
    TooManyDecimals,
    TooManyLines,
    UnknownKind,
)
from twh.errors.tree import (
    APIError,
    BadRequest,
    Conflict,
    NotFound,
    PreconditionFailed,
    Unavailable,
    Unprocessable,
    UnsupportedMediaType,
)

__all__ = [
    "AlreadyExists",
    "BarcodeTaken",
    "BodyEncoded",
    "CodeTaken",
    "CountIsBackdated",
    "DeliveryNotFound",
    "EndpointNotFound",
    "EntryAlreadyReversed",
    "EntryNotFound",
    "EntryPredatesCount",
    "EventNotFound",
    "FieldMissing",
    "FieldNotAllowed",
    "HeadersTooLarge",
    "IdempotencyKeyMalformed",
    "IdempotencyKeyMissing",
    "IdempotencyKeyNotFound",
    "IdempotencyKeyReused",
    "InsufficientStock",
    "InvalidEndpoint",
    "InvalidEntry",
    "InvalidItem",
    "InvalidLocation",
    "InvalidParameter",
    "InvalidQuantity",
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
    "ReasonRequired",
    "ReasonUnknown",
    "SameLocation",
    "SkuTaken",
    "StaleQuantity",
    "StaleVersion",
    "TargetTooLong",
    "TooManyDecimals",
    "TooManyEndpoints",
    "TooManyLines",
    "UnknownKind",
]


class MalformedRequest(BadRequest):
    """The request has broken JSON, a wrong type or an unknown field."""


class IdempotencyKeyMissing(BadRequest):
    """What moves stock needs an idempotency key."""


class IdempotencyKeyMalformed(BadRequest):
    """The idempotency key is not 1 to 255 visible ASCII characters."""


class InvalidParameter(BadRequest):
    """A query parameter has a value that it cannot have."""


class ItemNotFound(NotFound):
    """There is no such item. Status 404 for the address's item, 422 for one in the body."""


class LocationNotFound(NotFound):
    """There is no such location. Status 404 for the address's location, 422 for one in the body."""


class EntryNotFound(NotFound):
    """There is no such entry."""


class MovementNotFound(NotFound):
    """There is no such movement."""


class EventNotFound(NotFound):
    """There is no such event."""


class EndpointNotFound(NotFound):
    """There is no such webhook endpoint."""


class DeliveryNotFound(NotFound):
    """There is no such delivery."""


class IdempotencyKeyNotFound(NotFound):
    """No answer is recorded under this key."""


class InsufficientStock(Conflict):
    """There is not enough stock to take."""

    @property
    def line(self) -> int | None:
        return self.whole("line")

    @property
    def available(self) -> Decimal | None:
        return self.decimal("available")

    @property
    def requested(self) -> Decimal | None:
        return self.decimal("requested")


class StaleQuantity(Conflict):
    """The level is not what was expected."""

    @property
    def line(self) -> int | None:
        return self.whole("line")

    @property
    def on_hand(self) -> Decimal | None:
        return self.decimal("on_hand")

    @property
    def version(self) -> int | None:
        return self.whole("version")


class SkuTaken(Conflict):
    """Another item has this SKU."""


class CodeTaken(Conflict):
    """Another location has this code."""


class BarcodeTaken(Conflict):
    """Another item has this barcode."""


class EntryAlreadyReversed(Conflict):
    """The entry was reversed before."""

    @property
    def reversed_by(self) -> str | None:
        return self.text("reversed_by")


class EntryPredatesCount(Conflict):
    """The entry is older than a count of its level."""


class CountIsBackdated(Conflict):
    """Stock moved after this count was taken."""


class TooManyEndpoints(Conflict):
    """There are too many webhook endpoints."""


class ItemArchived(Conflict):
    """The item is archived."""


class LocationArchived(Conflict):
    """The location is archived."""


class ItemHasStock(Conflict):
    """The item still has stock."""


class LocationHasStock(Conflict):
    """The location still has stock."""


class LocationHasParts(Conflict):
    """Locations in use are part of it."""

    @property
    def parts(self) -> int | None:
        return self.whole("parts")


class AlreadyExists(PreconditionFailed):
    """It is there already, and was only to be created."""

    @property
    def version(self) -> int | None:
        return self.whole("version")

    @property
    def etag(self) -> str | None:
        return self.text("etag")


class StaleVersion(PreconditionFailed):
    """It was changed after it was read."""

    @property
    def version(self) -> int | None:
        return self.whole("version")

    @property
    def etag(self) -> str | None:
        return self.text("etag")


class NotJson(UnsupportedMediaType):
    """The body is not JSON."""


class BodyEncoded(UnsupportedMediaType):
    """The body is compressed or otherwise encoded."""


class TargetTooLong(APIError):
    """The address is too long."""


class HeadersTooLarge(APIError):
    """The headers are too large."""


class InvalidItem(Unprocessable):
    """The item makes no sense: `.errors` names everything that is wrong."""


class InvalidLocation(Unprocessable):
    """The location makes no sense: `.errors` names everything that is wrong."""


class InvalidEndpoint(Unprocessable):
    """The endpoint makes no sense: `.errors` names everything that is wrong."""


class IdempotencyKeyReused(Unprocessable):
    """The key belongs to another request."""


class Overloaded(Unavailable):
    """The queue is full; nothing was recorded."""


BY_CODE: dict[str, type[APIError]] = {
    **ABOUT_ACCESS,
    "already_exists": AlreadyExists,
    "barcode_taken": BarcodeTaken,
    "body_encoded": BodyEncoded,
    "code_taken": CodeTaken,
    "count_is_backdated": CountIsBackdated,
    "delivery_not_found": DeliveryNotFound,
    "endpoint_not_found": EndpointNotFound,
    "entry_already_reversed": EntryAlreadyReversed,
    "entry_not_found": EntryNotFound,
    "entry_predates_count": EntryPredatesCount,
    "event_not_found": EventNotFound,
    "field_missing": FieldMissing,
    "field_not_allowed": FieldNotAllowed,
    "headers_too_large": HeadersTooLarge,
    "idempotency_key_malformed": IdempotencyKeyMalformed,
    "idempotency_key_missing": IdempotencyKeyMissing,
    "idempotency_key_not_found": IdempotencyKeyNotFound,
    "idempotency_key_reused": IdempotencyKeyReused,
    "insufficient_stock": InsufficientStock,
    "invalid_endpoint": InvalidEndpoint,
    "invalid_entry": InvalidEntry,
    "invalid_item": InvalidItem,
    "invalid_location": InvalidLocation,
    "invalid_parameter": InvalidParameter,
    "invalid_quantity": InvalidQuantity,
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
    "reason_required": ReasonRequired,
    "reason_unknown": ReasonUnknown,
    "same_location": SameLocation,
    "sku_taken": SkuTaken,
    "stale_quantity": StaleQuantity,
    "stale_version": StaleVersion,
    "target_too_long": TargetTooLong,
    "too_many_decimals": TooManyDecimals,
    "too_many_endpoints": TooManyEndpoints,
    "too_many_lines": TooManyLines,
    "unknown_kind": UnknownKind,
}
