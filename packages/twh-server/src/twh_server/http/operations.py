"""All operations, in the order in which the reference tells them."""

from types import ModuleType
from typing import Final

from twh_server.http import (
    api_keys,
    audit,
    checkpoints,
    deliveries,
    entries,
    event_types,
    events,
    idempotency,
    item_batch,
    items,
    ledger,
    locations,
    movement_batch,
    movements,
    replays,
    sandboxes,
    settings,
    stock,
    webhooks,
)
from twh_server.http.operation import Operation

MODULES: Final[tuple[ModuleType, ...]] = (
    items,
    item_batch,
    locations,
    movements,
    movement_batch,
    entries,
    stock,
    events,
    event_types,
    checkpoints,
    webhooks,
    deliveries,
    replays,
    idempotency,
    ledger,
    api_keys,
    settings,
    audit,
    sandboxes,
)

OPERATIONS: Final[tuple[Operation, ...]] = tuple(
    value for module in MODULES for value in vars(module).values() if isinstance(value, Operation)
)
