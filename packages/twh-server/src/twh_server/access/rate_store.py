"""Buckets in Redis or Valkey: a storage of the `limits` library, with the token bucket that it lacks as a script.

The script is the arithmetic of `rates.Buckets`, over the server's clock. It runs in one piece, so whatever processes ask
at once, a token is given away once. Both packages come with the extra `twh-server[redis]`.
"""

import re
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from limits.errors import ConfigurationError
from limits.storage import storage_from_string
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from twh_server.access.rates import Rate

_NAMES = "twh:rate:"


class RateStore:
    """The buckets behind one address, which need not answer yet."""

    def __init__(self, url: str) -> None:
        """`url` is that of a Redis or Valkey, as `settings` accepts it. Raises ValueError when it leads nowhere."""
        # Valkey speaks the same protocol, so one client is enough for both. It does not try again: nobody waits for that.
        options: dict[str, Any] = {"implementation": "redispy", "retry": Retry(NoBackoff(), 0)}
        try:
            storage: Any = storage_from_string("async+" + re.sub("^valkey", "redis", url), **options)
        except ConfigurationError as fault:
            raise ValueError(str(fault)) from None
        self._client: Any = storage.bridge.get_connection()
        self._take = self._client.register_script(TAKE)

    async def take(self, rate: Rate, keys: Sequence[UUID]) -> Sequence[float]:
        """Take one request from the bucket of each key, one after the other; how many it held before each."""
        told = await self._take(keys=[f"{_NAMES}{key}" for key in keys], args=[rate.requests, rate.per_second])
        return [float(tokens) for tokens in told]

    async def close(self) -> None:
        """Let go of the connections."""
        await self._client.aclose()


# What is not there is full, and what is full need not be there. A number would be cut to an integer on its way to us.
TAKE = """
local most, per_second = tonumber(ARGV[1]), tonumber(ARGV[2])
local time = redis.call('time')
local now = time[1] + time[2] / 1000000
local held = {}
for number, key in ipairs(KEYS) do
    local found = redis.call('hmget', key, 'tokens', 'at')
    local tokens, at = tonumber(found[1]) or most, tonumber(found[2]) or now
    tokens = math.min(most, tokens + math.max(0, now - at) * per_second)
    if tokens >= 1 then
        local full_seconds = (most - tokens + 1) / per_second
        redis.call('hset', key, 'tokens', string.format('%.17g', tokens - 1), 'at', string.format('%.17g', now))
        redis.call('pexpire', key, math.ceil(full_seconds * 1000))
    end
    held[number] = string.format('%.17g', tokens)
end
return held
"""
