"""All operations, in the order in which the reference tells them."""

from types import ModuleType
from typing import Final

from twh_server.http import (
    entries,
    events,
    idempotency,
    items,
    ledger,
    locations,
    movements,
    sandboxes,
    stock,
    webhooks,
)
from twh_server.http.operation import Operation

MODULES: Final[tuple[ModuleType, ...]] = (
    items,
    locations,
    movements,
    entries,
    stock,
    events,
    webhooks,
    idempotency,
    ledger,
    sandboxes,
)

OPERATIONS: Final[tuple[Operation, ...]] = tuple(
    value for module in MODULES for value in vars(module).values() if isinstance(value, Operation)
)
