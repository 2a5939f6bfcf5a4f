"""What a bus has to be able to do, and what is said to it. All that differs between buses lies behind this."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

PUBLISH_SECONDS = 10.0
"""How long a bus may take to acknowledge a run of events: so long a transaction stands open, and no longer."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """An event as a bus is told of it."""

    id: str
    """The event's: the same however often it is published."""
    tenant: str
    kind: str
    key: str
    """The item that the event is about, the first of several; what else it is about, or the tenant, when that is none."""
    attributes: Mapping[str, str]
    """What CloudEvents calls context attributes, without a prefix: each bus has its own."""
    body: bytes


class Refused(Exception):
    """The bus answers, and will not take this message. Others, of other tenants, it may take."""


class Publisher(Protocol):
    """One place on one bus. Whatever its methods raise besides Refused means that the bus cannot be used now."""

    bytes_max: int
    """The largest body that the bus takes; known for certain once it is open."""

    async def open(self) -> None:
        """Reach the bus, and see that the place is there. Whatever was open before is given up."""
        ...

    async def publish(self, messages: Sequence[Message]) -> None:
        """Return when the bus has acknowledged all of them, in their order.

        None is taken while one before it, of the same key at least, is not. What failed halfway may be published again.
        """
        ...

    async def close(self) -> None:
        """Let go of the connections, and of whatever was not acknowledged."""
        ...
