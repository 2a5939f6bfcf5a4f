"""Guessing is slowed: each address has so many look-ups of keys that turn out unknown, and gets new ones slowly."""

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from ipaddress import IPv6Address, IPv6Network, ip_address

from twh_server.access.refusals import TooManyAttempts

ATTEMPTS_AT_ONCE = 20
ATTEMPTS_PER_SECOND = 1.0
SOURCES_MAX = 10_000
"""So many addresses are remembered; the one that was quiet longest is forgotten first."""

# Who has one IPv6 address has a whole network of them to try from.
_NETWORK_BITS = 64


class Attempts:
    """What each address has left, in this process."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, source: str) -> None:
        """Use up one attempt of an address. Raises TooManyAttempts when it has none."""
        left = self._left_to(source)
        if left < 1:
            raise TooManyAttempts(math.ceil((1 - left) / ATTEMPTS_PER_SECOND))
        self._keep(source, left - 1)

    def give_back(self, source: str) -> None:
        """It was no failed attempt after all."""
        self._keep(source, self._left_to(source) + 1)

    def _left_to(self, source: str) -> float:
        left, at = self._left.get(source, (ATTEMPTS_AT_ONCE, self._clock()))
        return min(ATTEMPTS_AT_ONCE, left + (self._clock() - at) * ATTEMPTS_PER_SECOND)

    def _keep(self, source: str, left: float) -> None:
        if left >= ATTEMPTS_AT_ONCE:
            self._left.pop(source, None)
            return
        self._left[source] = (left, self._clock())
        self._left.move_to_end(source)
        if len(self._left) > SOURCES_MAX:
            self._left.popitem(last=False)


def source_of(host: str) -> str:
    """Under which name the attempts of a client's address are counted."""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if isinstance(address, IPv6Address) and not address.ipv4_mapped:
        return str(IPv6Network((int(address), _NETWORK_BITS), strict=False))
    return str((address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address)
