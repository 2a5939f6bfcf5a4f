"""When a delivery that failed is tried again, and when it is given up."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

_MINUTES = 60.0
_HOURS = 60 * _MINUTES

WAITS_SECONDS = (
    0.0,
    5.0,
    5 * _MINUTES,
    30 * _MINUTES,
    2 * _HOURS,
    5 * _HOURS,
    10 * _HOURS,
    14 * _HOURS,
    20 * _HOURS,
    24 * _HOURS,
)
"""How long each attempt waits after the one before it; the first comes at once. After the last, nothing does."""

JITTER = 0.1
"""The part of a wait that is added at random at most, so that what failed together does not return together."""


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """The attempts that a delivery is given. `chance` is a number from 0 to 1, drawn for each wait."""

    waits_seconds: Sequence[float] = WAITS_SECONDS
    chance: Callable[[], float] = random.random

    def next_attempt(self, *, made: int, at: datetime) -> datetime | None:
        """When to try again after `made` attempts, the last of them at `at`; None: never."""
        if made >= len(self.waits_seconds):
            return None
        return at + timedelta(seconds=self.waits_seconds[made] * (1 + JITTER * self.chance()))
