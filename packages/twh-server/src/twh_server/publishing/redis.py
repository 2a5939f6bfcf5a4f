"""Redis and Valkey: a run becomes entries of one stream in one MULTI … EXEC, so that all of them are there or none.

Whether an acknowledgement is durable is the server's own setting (`appendonly`, `appendfsync`).
"""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote, urlencode

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from twh_server.publishing.addresses import BusAddress, number_in
from twh_server.publishing.publisher import Message

BYTES_MAX = 100_000_000
"""More than any event has: servers take up to 512 MB."""


class RedisPublisher:
    """One stream."""

    def __init__(self, address: BusAddress) -> None:
        """Raises ValueError when there is more than one host, and for options that cannot be."""
        if len(address.hosts) > 1:
            raise ValueError("for Redis and Valkey there is one host.")
        options = dict(address.options)
        self.bytes_max = address.bytes_max or BYTES_MAX
        self._stream = address.place
        self._entries_max = number_in(options, "maxlen", least=1)
        self._url = _url(address, number_in(options, "db", least=0) or 0, options)
        self._client: Any = None  # the package leaves open what many of its methods take

    async def open(self) -> None:
        """See that the server is there, and that the name is not that of something else."""
        await self.close()
        # It does not try again by itself: whoever publishes does.
        client: Any = Redis
        self._client = client.from_url(self._url, retry=Retry(NoBackoff(), 0))
        kind = await self._client.type(self._stream)
        if kind not in (b"none", b"stream"):
            raise ConnectionError(f"{self._stream} is no stream there, but a {kind.decode()}")

    async def publish(self, messages: Sequence[Message]) -> None:
        """Return when all of them are in the stream."""
        assert self._client, "open comes first"
        async with self._client.pipeline(transaction=True) as pipeline:
            for message in messages:
                fields = {f"ce_{name}": value for name, value in message.attributes.items()}
                pipeline.xadd(self._stream, {**fields, "body": message.body}, maxlen=self._entries_max)
            await pipeline.execute()

    async def close(self) -> None:
        """Hang up."""
        client, self._client = self._client, None
        if client:
            await client.aclose()


def _url(address: BusAddress, number: int, options: dict[str, str]) -> str:
    """The URL as the client reads it: the path is the number of the database."""
    who = ""
    if address.user or address.password:
        who = f"{quote(address.user or '', safe='')}:{quote(address.password or '', safe='')}@"
    query = f"?{urlencode(options)}" if options else ""
    return f"{'rediss' if address.secure else 'redis'}://{who}{address.hosts[0]}/{number}{query}"
