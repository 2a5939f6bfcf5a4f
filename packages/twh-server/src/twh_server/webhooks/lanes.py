"""Order, for endpoints that want it: a delivery waits as long as an earlier one that shares a lane with it is pending.

Earlier means a smaller sequence, and pending is also what waits for its next attempt or is under way. What was given up
lets its lane go on.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

WINDOW_DELIVERIES = 1_000
"""So many of an endpoint's pending deliveries are looked at; when all of them have to wait, so do those behind them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pending:
    """A delivery that is not settled. `next_attempt_at` is the lease's end while it is under way."""

    delivery: UUID
    lanes: Sequence[UUID]
    next_attempt_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Turn:
    """Whose turn it is: what may be sent now, and when that will be more by itself; None: when something is settled."""

    deliveries: Sequence[UUID]
    idle_until: datetime | None


def whose_turn(pending: Iterable[Pending], *, room: int, now: datetime) -> Turn:
    """Of what is pending, in the order of sequences, what is due, behind nothing, and not more than there is room for."""
    chosen: list[UUID] = []
    waits: list[datetime] = []
    taken: set[UUID] = set()
    for one in pending:
        if taken.isdisjoint(one.lanes):
            if one.next_attempt_at > now:
                waits.append(one.next_attempt_at)
            elif len(chosen) < room:
                chosen.append(one.delivery)
            else:
                waits.append(now)
        taken.update(one.lanes)
    return Turn(deliveries=chosen, idle_until=min(waits, default=None))
