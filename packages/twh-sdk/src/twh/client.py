"""Client and AsyncClient: the same calls, with and without await. Each drives the same generator in its own way."""

from __future__ import annotations

import copy
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar, Unpack

from twh import logs
from twh.call import Awaited, AwaitedRaw, Call, Direct, DirectRaw, Raw
from twh.connections import AsyncConnections, Connections
from twh.environment import Environment
from twh.exchange import Exchange
from twh.options import ClientOptions, Policy
from twh.profiles import connection
from twh.resources import Nouns

if (
    TYPE_CHECKING
):  # named in signatures only: httpx takes longer to load than all the rest, and the first client loads it
    import httpx

T = TypeVar("T")


class Client(Nouns, Direct):
    """The API, answered at once.

    The key is the argument, else TWH_API_KEY, else the active profile's; the address likewise, with TWH_BASE_URL.
    `environment` says what the address is, where the SDK would take it for the other: "live" or "sandbox".
    A `http_client` of your own is used as it is and never closed. One client serves many threads, and goes on in a process
    that was forked, there with connections of its own.
    """

    def __init__(
        self,
        api_key: str | None = None,
        *,
        base_url: str | None = None,
        profile: str | None = None,
        environment: Environment | None = None,
        http_client: httpx.Client | None = None,
        **options: Unpack[ClientOptions],
    ) -> None:
        from twh import transport

        logs.obey_environment()
        self._to = connection(api_key, base_url, profile, environment=environment)
        self._policy = Policy().with_options(options)
        self._perform = transport.perform
        self._connections: Connections[httpx.Client] = Connections(self._to, transport.open_client, http_client)
        self._owns = http_client is None

    def send(self, call: Call[T], *, named: str = "") -> T:
        """Drive a call to its answer: the methods of the nouns do it for you."""
        return self.exchange(call, named).value

    def exchange(self, call: Call[T], named: str = "") -> Raw[T]:
        http, flow = self._connections.here(), Exchange(call, self._to, self._policy, named).run()
        try:
            step = next(flow)
            while True:
                step = flow.send(self._perform(http, step))
        except StopIteration as answered:
            raw: Raw[T] = answered.value
            return raw
        finally:
            flow.close()

    @property
    def with_raw(self) -> RawClient:
        """The same calls, answering `.value .status .headers .body .request_id .replayed .attempts .elapsed`."""
        return RawClient(self)

    def with_options(self, **options: Unpack[ClientOptions]) -> Self:
        """A client with other options that shares this one's connections; closing it closes nothing."""
        other = copy.copy(self)
        other._policy = self._policy.with_options(options)  # noqa: SLF001 - another of ourselves
        other._owns = False  # noqa: SLF001
        return other

    def close(self) -> None:
        if self._owns:
            self._connections.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Client(base_url={self._to.base_url!r})"


class AsyncClient(Nouns, Awaited):
    """The API, answered when awaited.

    The key is the argument, else TWH_API_KEY, else the active profile's; the address likewise, with TWH_BASE_URL.
    `environment` says what the address is, where the SDK would take it for the other: "live" or "sandbox".
    A `http_client` of your own is used as it is and never closed. One client serves one event loop after another, each with
    connections of its own.
    """

    def __init__(
        self,
        api_key: str | None = None,
        *,
        base_url: str | None = None,
        profile: str | None = None,
        environment: Environment | None = None,
        http_client: httpx.AsyncClient | None = None,
        **options: Unpack[ClientOptions],
    ) -> None:
        from twh import transport

        logs.obey_environment()
        self._to = connection(api_key, base_url, profile, environment=environment)
        self._policy = Policy().with_options(options)
        self._perform = transport.perform_async
        self._connections: AsyncConnections[httpx.AsyncClient] = AsyncConnections(
            self._to, transport.open_async_client, http_client
        )
        self._owns = http_client is None

    async def send(self, call: Call[T], *, named: str = "") -> T:
        """Drive a call to its answer: the methods of the nouns do it for you."""
        return (await self.exchange(call, named)).value

    async def exchange(self, call: Call[T], named: str = "") -> Raw[T]:
        http, flow = self._connections.here(), Exchange(call, self._to, self._policy, named).run()
        try:
            step = next(flow)
            while True:
                step = flow.send(await self._perform(http, step))
        except StopIteration as answered:
            raw: Raw[T] = answered.value
            return raw
        finally:
            flow.close()

    @property
    def with_raw(self) -> AsyncRawClient:
        """The same calls, answering `.value .status .headers .body .request_id .replayed .attempts .elapsed`."""
        return AsyncRawClient(self)

    def with_options(self, **options: Unpack[ClientOptions]) -> Self:
        """A client with other options that shares this one's connections; closing it closes nothing."""
        other = copy.copy(self)
        other._policy = self._policy.with_options(options)  # noqa: SLF001 - another of ourselves
        other._owns = False  # noqa: SLF001
        return other

    async def close(self) -> None:
        if self._owns:
            await self._connections.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"AsyncClient(base_url={self._to.base_url!r})"


class RawClient(Nouns, DirectRaw):
    """What `client.with_raw` is."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def send(self, call: Call[T], *, named: str = "") -> Raw[T]:
        return self._client.exchange(call, named)


class AsyncRawClient(Nouns, AwaitedRaw):
    """What `async_client.with_raw` is."""

    def __init__(self, client: AsyncClient) -> None:
        self._client = client

    async def send(self, call: Call[T], *, named: str = "") -> Raw[T]:
        return await self._client.exchange(call, named)
