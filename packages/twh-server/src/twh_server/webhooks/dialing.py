"""Dialling: names are resolved and checked, and the socket itself is made for a checked address only."""

import socket
from ipaddress import ip_address

from aiohttp import AsyncResolver
from aiohttp.abc import AbstractResolver, ResolveResult

from twh_server.webhooks.targets import Policy, require

AddressInfo = tuple[
    int | socket.AddressFamily, int | socket.SocketKind, int, str, tuple[str, int] | tuple[str, int, int, int]
]


DNS_WAIT_SECONDS = 2.0
"""For the first answer to a question; it is asked again then, waiting longer each time."""
DNS_TRIES = 3
"""With these, an attempt hears that DNS is silent (after about 12 seconds) before its own deadline."""


def open_resolver() -> AbstractResolver:
    """Asks the hosts file and the DNS of this machine: any number of questions at once, and none waits for another.

    The system's own resolver takes a thread for each question, and a few names that nobody answers for take them all.
    """
    return AsyncResolver(timeout=DNS_WAIT_SECONDS, tries=DNS_TRIES)


class CheckedResolver(AbstractResolver):
    """Resolves names with another resolver, which stays open, and refuses a name when any of its addresses is refused."""

    def __init__(self, policy: Policy, resolver: AbstractResolver) -> None:
        self._policy = policy
        self._resolver = resolver

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The addresses of a name. Raises OSError when there are none, TargetRefused when one may not be reached."""
        found = await self._resolver.resolve(host, port, family)
        for result in found:
            require(ip_address(result["host"]), self._policy, host)
        return found

    async def close(self) -> None:
        """Leave the resolver underneath to whoever opened it."""


class CheckedSockets:
    """Makes the socket of each connection, and none for an address that is refused: the last word before dialling."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy

    def __call__(self, address_info: AddressInfo) -> socket.socket:
        """A socket for exactly this address. Raises TargetRefused."""
        family, kind, protocol, _, place = address_info
        require(ip_address(place[0]), self._policy, place[0])
        return socket.socket(family, kind, protocol)
