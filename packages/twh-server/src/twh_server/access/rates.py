"""How often a key may ask: a token bucket for each. It holds so many requests at most, and fills evenly.

Deciding is plain arithmetic over a clock that is handed in. A bucket that was left alone long enough is full, and a full
bucket is the same as none: only those in use are kept.
"""

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

BUCKETS_MAX = 50_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Rate:
    """So many requests at once, and the same number again over so many seconds."""

    requests: int
    seconds: int

    @property
    def per_second(self) -> float:
        """How fast a bucket fills."""
        return self.requests / self.seconds

    def taken(self, *, allowed: bool, tokens: float) -> "Taken":
        """What a bucket with `tokens` in it has to say."""
        return Taken(
            allowed=allowed,
            remaining=int(tokens),
            full_seconds=math.ceil((self.requests - tokens) / self.per_second),
            # A bit of a second is a second: whoever comes back then finds at least one.
            retry_seconds=0 if allowed else max(1, math.ceil((1 - tokens) / self.per_second)),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Taken:
    """Whether a request may go on, and how the bucket then stands."""

    allowed: bool
    remaining: int
    full_seconds: int
    """When the bucket is full again, if nothing more is taken."""
    retry_seconds: int
    """When to come back; 0 for a request that was allowed."""


@dataclass(slots=True)
class Decisions:
    """How many requests were let in, and how many were not."""

    allowed: int = 0
    refused: int = 0

    def count(self, *, allowed: bool) -> None:
        """One more of them."""
        if allowed:
            self.allowed += 1
        else:
            self.refused += 1


class Buckets:
    """The buckets of this process. At most `kept_max` are kept; the one that was left alone for longest goes first."""

    def __init__(self, rate: Rate, *, kept_max: int = BUCKETS_MAX, clock: Callable[[], float] = time.monotonic) -> None:
        self.rate = rate
        self.decisions = Decisions()
        self._kept_max = kept_max
        self._clock = clock
        self._kept: OrderedDict[UUID, tuple[float, float]] = OrderedDict()

    def take(self, key: UUID) -> Taken:
        """Take one request of a key."""
        now = self._clock()
        tokens, since = self._kept.pop(key, (float(self.rate.requests), now))
        tokens = min(self.rate.requests, tokens + (now - since) * self.rate.per_second)
        allowed = tokens >= 1
        self._keep(key, tokens - allowed, now)
        self.decisions.count(allowed=allowed)
        return self.rate.taken(allowed=allowed, tokens=tokens - allowed)

    def learn(self, key: UUID, tokens: float) -> None:
        """Take over what is left in a key's bucket, where somebody else has decided."""
        self._kept.pop(key, None)
        self._keep(key, tokens, self._clock())

    def _keep(self, key: UUID, tokens: float, now: float) -> None:
        self._kept[key] = (tokens, now)
        if len(self._kept) > self._kept_max:
            self._kept.popitem(last=False)
