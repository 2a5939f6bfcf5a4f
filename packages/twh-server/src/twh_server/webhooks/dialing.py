"""Dialling: names are resolved and checked, and the socket itself is made for a checked address only."""

import socket
from ipaddress import ip_address

from aiohttp import ThreadedResolver
from aiohttp.abc import AbstractResolver, ResolveResult

from twh_server.webhooks.targets import Policy, require

AddressInfo = tuple[
    int | socket.AddressFamily, int | socket.SocketKind, int, str, tuple[str, int] | tuple[str, int, int, int]
]


class CheckedResolver(AbstractResolver):
    """Resolves names with the system's resolver, and refuses a name when any of its addresses is refused."""

    def __init__(self, policy: Policy, resolver: AbstractResolver | None = None) -> None:
        self._policy = policy
        self._resolver = resolver or ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The addresses of a name. Raises OSError when there are none, TargetRefused when one may not be reached."""
        found = await self._resolver.resolve(host, port, family)
        for result in found:
            require(ip_address(result["host"]), self._policy, host)
        return found

    async def close(self) -> None:
        """Close the resolver underneath."""
        await self._resolver.close()


class CheckedSockets:
    """Makes the socket of each connection, and none for an address that is refused: the last word before dialling."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy

    def __call__(self, address_info: AddressInfo) -> socket.socket:
        """A socket for exactly this address. Raises TargetRefused."""
        family, kind, protocol, _, place = address_info
        require(ip_address(place[0]), self._policy, place[0])
        return socket.socket(family, kind, protocol)
