"""Where a delivery may go: every address of a name is checked, and only a checked address is dialled.

The check stands at the socket itself, so a name that answers differently the second time changes nothing. A live
tenant's deliveries go to public addresses over https. A sandbox's may use http, and stay inside the house where the
operator lets them, as a sandbox on one's own machine does. The operator may allow and deny networks and hosts besides:
the narrower of two rules counts, and of two as narrow the one that denies.
"""

import re
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from yarl import URL

from twh_server.access.tenants import TenantKind
from twh_server.settings import ALL_PORTS, ANY_HOST, NOWHERE, Listed, ports_in

Address = IPv4Address | IPv6Address

_NUMBER_LAST = re.compile(r"(^|\.)(\d+|0x[\da-f]*)\.?$")


@dataclass(frozen=True, kw_only=True)
class Policy:
    """What one kind of tenant may reach."""

    schemes: frozenset[str]
    inside: bool
    """Whether loopback and private addresses may be reached."""
    ports: tuple[range, ...]
    allowed: Listed = NOWHERE
    """Where the operator lets deliveries go although it is inside."""
    denied: Listed = NOWHERE

    def towards(self, name: str) -> "Policy":
        """The policy for the addresses of a host: those of an allowed one may be inside. Raises TargetRefused."""
        said = _narrower(_widths(self.allowed, name), _widths(self.denied, name))
        if said is False:
            raise TargetRefused(f"{name or 'This host'} is denied by the operator of this server.")
        return replace(self, inside=True) if said and not self.inside else self

    def says_of(self, address: Address) -> bool | None:
        """Whether the operator's networks allow or deny an address; None when they say nothing."""
        allowed, denied = (
            [network.prefixlen for network in places.networks if address in network]
            for places in (self.allowed, self.denied)
        )
        return _narrower(allowed, denied)


Policies = Mapping[TenantKind, Policy]


def policies(*, inside: bool, ports: tuple[range, ...], allowed: Listed, denied: Listed) -> Policies:
    """What each kind of tenant may reach on a server; `inside`: whether sandboxes may reach private addresses."""
    return {
        "live": Policy(schemes=frozenset({"https"}), inside=False, ports=ports, allowed=allowed, denied=denied),
        "sandbox": Policy(
            schemes=frozenset({"https", "http"}), inside=inside, ports=ports, allowed=allowed, denied=denied
        ),
    }


LOCAL = policies(inside=True, ports=ports_in(ALL_PORTS), allowed=NOWHERE, denied=NOWHERE)
"""For a server on one's own machine."""
LIVE, SANDBOX = LOCAL["live"], LOCAL["sandbox"]


class TargetRefused(OSError):
    """Deliveries do not go to this address."""


def refusal(address: Address, policy: Policy) -> str | None:
    """Why an address may not be reached; None when it may.

    An address that carries another one in it (mapped, NAT64, 6to4 …) is judged by the one it leads to.
    """
    said = policy.says_of(address)
    if said is False:
        return "it is denied by the operator of this server"
    inner = carried(address)
    if inner is not None:
        reason = refusal(inner, policy)
        return f"it leads to {inner}, and {reason}" if reason else None
    for network, reason in _NEVER:
        if address in network:
            return reason
    if said:
        return None
    for network, reason in _INSIDE:
        if address in network:
            return None if policy.inside else reason
    if not address.is_global or (address.version == 6 and address not in _GLOBAL_UNICAST):
        return "it is not a public address"
    return None


def carried(address: Address) -> IPv4Address | None:
    """The IPv4 address that an IPv6 address carries; None when it carries none."""
    if isinstance(address, IPv4Address):
        return None
    for network, lower_bits in _CARRIERS:
        if address in network:
            return IPv4Address(int(address) >> lower_bits & 0xFFFF_FFFF)
    return None


def literal(host: str) -> Address | None:
    """The address that a host spells, in any notation that a resolver would take; None when it is a name."""
    try:
        return ip_address(host)
    except ValueError:
        pass
    try:
        # "127.1", "0x7f000001", "2130706433" and "0177.0.0.1" all are loopback to the C library.
        return IPv4Address(socket.inet_aton(host.rstrip(".")))
    except (OSError, UnicodeError):
        return None


def check(url: URL, policy: Policy) -> Policy:
    """The policy under which the addresses of this URL's host are dialled.

    Raises TargetRefused for a scheme, a port or a host that is refused already as it is written.
    """
    if url.scheme not in policy.schemes:
        raise TargetRefused(f"{url.scheme} is not used here; use {' or '.join(sorted(policy.schemes))}.")
    if not any(url.port in span for span in policy.ports):
        raise TargetRefused(f"Port {url.port} is not used here; use {' or '.join(map(_span, policy.ports))}.")
    host = (url.raw_host or "").lower()
    address = literal(host)
    if address is None:
        if _NUMBER_LAST.search(host):
            raise TargetRefused(f"{host} is no address, and no name ends in a number.")
        policy = policy.towards(host.rstrip("."))
        if not policy.inside and _is_local(host):
            raise TargetRefused(f"{host} is a name for this machine.")
        return policy
    if address.version == 4 and str(address) != host:
        # Programs do not agree on what such notations mean, and a check is worth nothing then.
        raise TargetRefused(f"{host} is another way to write {address}: write that.")
    if policy.says_of(address) is None:
        policy = policy.towards("")
    require(address, policy, host)
    return policy


def require(address: Address, policy: Policy, host: str) -> None:
    """Raise TargetRefused when an address may not be reached."""
    reason = refusal(address, policy)
    if reason is not None:
        named = host if str(address) == host else f"{host} ({address})"
        raise TargetRefused(f"{named} is refused: {reason}.")


def _narrower(allowed: Iterable[int], denied: Iterable[int]) -> bool | None:
    """Whether the narrowest rule allows or denies; None without any."""
    allow, deny = max(allowed, default=-1), max(denied, default=-1)
    return None if allow == deny == -1 else allow > deny


def _widths(places: Listed, name: str) -> list[int]:
    """How narrow each of the hosts that cover a name is."""
    return [
        0 if host == ANY_HOST else len(host)
        for host in places.hosts
        if host in (ANY_HOST, name) or name.endswith(f".{host}")
    ]


def _span(ports: range) -> str:
    return str(ports[0]) if len(ports) == 1 else f"{ports[0]} to {ports[-1]}"


def _is_local(host: str) -> bool:
    name = host.rstrip(".").lower()
    return name == "localhost" or name.endswith(".localhost")


def _table(rows: dict[str, str]) -> tuple[tuple[IPv4Network | IPv6Network, str], ...]:
    return tuple((ip_network(network), reason) for network, reason in rows.items())


_NEVER = _table(
    {
        "0.0.0.0/8": "it means this machine, unspecified",
        "::/128": "it is the unspecified address",
        # Addresses at which clouds tell a machine its credentials.
        "169.254.0.0/16": "it is link-local, where clouds keep a machine's credentials",
        "fe80::/10": "it is link-local",
        "fd00:ec2::/32": "it is where a cloud keeps a machine's credentials",
        "fd20:ce::/32": "it is where a cloud keeps a machine's credentials",
        "100.100.100.200/32": "it is where a cloud keeps a machine's credentials",
        "168.63.129.16/32": "it is where a cloud keeps a machine's settings",
        "192.0.0.0/24": "it is set aside for protocols",
        "224.0.0.0/4": "it is a multicast address",
        "ff00::/8": "it is a multicast address",
        "240.0.0.0/4": "it is reserved, or broadcast",
        "fec0::/10": "it is site-local",
        # Teredo hides where it leads; networks of this kind have no servers in them.
        "2001::/32": "it is a tunnel's address (Teredo)",
        "64:ff9b:1::/48": "it leads into a translator's own network",
        "2001::/23": "it is set aside for protocols",
        "192.88.99.0/24": "it leads to whoever translates (6to4 relays)",
        "100::/64": "it is where packets are thrown away",
        "3fff::/20": "it is for documentation",
    }
)

_INSIDE = _table(
    {
        "127.0.0.0/8": "it is this machine",
        "::1/128": "it is this machine",
        "10.0.0.0/8": "it is a private address",
        "172.16.0.0/12": "it is a private address",
        "192.168.0.0/16": "it is a private address",
        "100.64.0.0/10": "it is a carrier's private address",
        "fc00::/7": "it is a private address",
    }
)

_GLOBAL_UNICAST = ip_network("2000::/3")

# IPv6 networks that carry an IPv4 address, and how many bits stand behind it.
_CARRIERS: tuple[tuple[IPv6Network, int], ...] = (
    (IPv6Network("::ffff:0:0/96"), 0),  # mapped
    (IPv6Network("::ffff:0:0:0/96"), 0),  # translated (SIIT)
    (IPv6Network("64:ff9b::/96"), 0),  # NAT64
    (IPv6Network("2002::/16"), 80),  # 6to4
)
