"""Live and sandbox do not mix: a key goes only to an address of its own kind.

What a key is, its prefix says. What an address is, `environment=`, TWH_ENVIRONMENT or the profile says; where nobody
does, a loopback address and a host called `sandbox` are a sandbox's, a host of the public internet is live, and a host of
a private network may be either.
"""

from __future__ import annotations

from ipaddress import ip_address
from typing import Literal, TypeAlias

from twh.errors.tree import ConfigError

Environment: TypeAlias = Literal["live", "sandbox"]

ENVIRONMENTS: tuple[Environment, ...] = ("live", "sandbox")
PREFIXES: dict[str, Environment] = {"twh_live_": "live", "twh_test_": "sandbox"}
PRIVATE_ENDINGS = (".local", ".internal", ".lan", ".test", ".example", ".invalid", ".home.arpa")


def refuse_mixture(key: str, base_url: str, host: str, told: Environment | None) -> None:
    """Raise `ConfigError` when the key is of one kind and the address of the other."""
    ours, theirs = of_key(key), told or of_host(host)
    if ours is None or theirs is None or ours == theirs:
        return
    what = "a live key" if ours == "live" else "a sandbox's key"
    taken = "is" if told else "is taken for"
    other = "a sandbox's address" if theirs == "sandbox" else "a live server's address"
    raise ConfigError(
        f"{what} is not sent to {base_url}, which {taken} {other}",
        code="wrong_environment",
        hint=f"Use a key and an address that belong together. If this server is right for the key, say so with "
        f'environment="{ours}" or TWH_ENVIRONMENT={ours}, or keep both in one profile.',
    )


def checked_environment(told: str | None) -> Environment | None:
    if told is None or told == "":
        return None
    for environment in ENVIRONMENTS:
        if told == environment:
            return environment
    raise ConfigError(
        f"{told!r} is no environment",
        code="invalid_environment",
        hint="Write live or sandbox, or leave out environment= and TWH_ENVIRONMENT.",
    )


def of_key(key: str) -> Environment | None:
    return next((environment for prefix, environment in PREFIXES.items() if key.startswith(prefix)), None)


def of_host(host: str) -> Environment | None:
    """What a host is taken for when nobody says; None when it may be either."""
    if is_loopback(host) or "sandbox" in host.split("."):
        return "sandbox"
    return None if is_private(host) else "live"


def is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def is_private(host: str) -> bool:
    """A name without a dot (as in a compose file), one that no public server has, or a private address."""
    try:
        return ip_address(host).is_private
    except ValueError:
        return "." not in host.rstrip(".") or host.endswith(PRIVATE_ENDINGS)
