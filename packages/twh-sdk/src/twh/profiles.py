"""Which key and which address: an argument, else the environment, else the profile that the twh command made active.

The profiles are a TOML file, `twh/config.toml` in the platform's folder for configuration:

    active = "sandbox"

    [profiles.sandbox]
    base_url = "http://127.0.0.1:8750"
    api_key = "twh_test_…"

    [profiles.shop]
    base_url = "https://inventory.example.com"
    api_key_in = "keyring"

A profile may also say `environment = "live"` of its address. A key and an address out of one profile belong together.
"""

from __future__ import annotations

import os
import sys
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn, cast
from urllib.parse import urlsplit

from twh import keyrings
from twh.environment import Environment, checked_environment, is_loopback, of_key, refuse_mixture
from twh.errors.tree import ConfigError


@dataclass(frozen=True, kw_only=True, slots=True)
class Profile:
    """An address and a key under a name."""

    name: str
    base_url: str | None = None
    api_key: str | None = field(default=None, repr=False)
    environment: str | None = None
    api_key_in: str | None = None
    """`keyring`, where the key is in the system's keyring and not in the file."""

    def key(self) -> str | None:
        """The key, wherever it is; raises `ConfigError` when it is in a keyring that cannot be asked."""
        if self.api_key or self.api_key_in is None:
            return self.api_key
        if self.api_key_in != "keyring":
            raise ConfigError(
                f"profile {self.name!r} has its key in {self.api_key_in!r}, which this version does not know",
                code="unknown_key_place",
                hint='api_key_in is "keyring", or left out where api_key has the key.',
            )
        found = keyrings.read_key(self.name)
        if found is None:
            raise ConfigError(
                f"the keyring has no key for profile {self.name!r}",
                code="no_api_key",
                hint=f"twh login --profile {self.name}",
            )
        return found


@dataclass(frozen=True, kw_only=True, slots=True)
class Connection:
    """Where to, and who asks."""

    base_url: str
    api_key: str = field(repr=False)
    environment: Environment | None = None
    """What the address was said to be, by the caller, TWH_ENVIRONMENT or the profile; None where nobody said."""

    @property
    def is_loopback(self) -> bool:
        return is_loopback(self.host)

    @property
    def is_sandbox(self) -> bool:
        """A sandbox's key for a server on this machine."""
        return self.is_loopback and of_key(self.api_key) == "sandbox"

    @property
    def host(self) -> str:
        return urlsplit(self.base_url).hostname or ""


LookUp = Callable[[str | None], Profile | None]
"""Finds the profile of a name, or the active one."""


def connection(
    api_key: str | None,
    base_url: str | None,
    profile: str | None = None,
    look_up: LookUp | None = None,
    *,
    environment: Environment | None = None,
) -> Connection:
    """Settle the key and the address, each for itself; raise `ConfigError` when one is missing or they do not match."""
    key = api_key or (None if profile else os.environ.get("TWH_API_KEY"))
    address = base_url or (None if profile else os.environ.get("TWH_BASE_URL"))
    told = environment or (None if profile else os.environ.get("TWH_ENVIRONMENT"))
    if not (key and address):
        found = (look_up or profile_in_file)(profile)
        kept = found.key() if found and not key else None
        if found and not address:
            told = told or found.environment or of_key(kept or "")
        key = key or kept
        address = address or (found.base_url if found else None)
    if not key:
        raise ConfigError(
            "there is no API key",
            code="no_api_key",
            hint="Pass api_key=…, set TWH_API_KEY, or run `twh sandbox up`, which makes one.",
        )
    if not address:
        raise ConfigError(
            "there is no address",
            code="no_base_url",
            hint="Pass base_url=…, set TWH_BASE_URL, or run `twh sandbox up`, which listens on this machine.",
        )
    settled = Connection(
        base_url=checked_address(address), api_key=checked_key(key), environment=checked_environment(told)
    )
    refuse_mixture(settled.api_key, settled.base_url, settled.host, settled.environment)
    return settled


def checked_address(address: str) -> str:
    """The address without its last slash and without /v1, which the SDK adds."""
    parts = urlsplit(address)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise ConfigError(
            f"{address!r} is not an address",
            code="invalid_base_url",
            hint="Write it like https://inventory.example.com or http://127.0.0.1:8750.",
        )
    return address.rstrip("/").removesuffix("/v1")


def checked_key(key: str) -> str:
    key = key.strip()
    if not key.isascii() or not key.isprintable() or " " in key:
        raise ConfigError(
            "the API key has characters that no key has",
            code="invalid_api_key",
            hint="Copy it again: it begins with twh_test_ or twh_live_ and has no spaces.",
        )
    return key


def config_file() -> Path | None:
    """Where the profiles are kept; None where this user has no home."""
    folder = config_folder()
    return folder / "config.toml" if folder else None


def config_folder() -> Path | None:
    try:
        if sys.platform == "win32":
            local = os.environ.get("LOCALAPPDATA")
            return (Path(local) if local else Path.home() / "AppData" / "Local") / "twh"
        if sys.platform == "darwin":
            return Path.home() / "Library" / "Application Support" / "twh"
        chosen = os.environ.get("XDG_CONFIG_HOME", "")
        return (Path(chosen) if Path(chosen).is_absolute() else Path.home() / ".config") / "twh"
    except RuntimeError:  # neither HOME nor an entry for this user
        return None


def profile_in_file(name: str | None = None) -> Profile | None:
    """The profile of this name, else the active one; None when there is no file or no active profile."""
    path = config_file()
    kept: Mapping[str, Any] = read_profiles(path) if path else {}
    profiles: Mapping[str, Any] = table_of(kept, "profiles")
    wanted = name or text_of(kept, "active")
    if wanted is None:
        return None
    if wanted not in profiles:
        raise ConfigError(
            f"there is no profile {wanted!r} in {path}",
            code="no_profile",
            hint=f"There are: {', '.join(sorted(profiles)) or 'none'}. `twh profile use NAME` chooses another.",
        )
    profile = table_of(profiles, wanted)
    return Profile(
        name=wanted,
        base_url=text_of(profile, "base_url"),
        api_key=text_of(profile, "api_key"),
        api_key_in=text_of(profile, "api_key_in"),
        environment=text_of(profile, "environment"),
    )


def read_profiles(path: Path) -> Mapping[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, ValueError) as why:
        raise ConfigError(
            f"{path} cannot be read: {why}",
            code="unreadable_profiles",
            hint="Mend the file or its permissions, or set TWH_API_KEY and TWH_BASE_URL, which are asked first.",
        ) from why


def table_of(kept: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found: object = kept.get(name, {})
    return cast("Mapping[str, Any]", found) if isinstance(found, Mapping) else refused(name, "a table")


def text_of(kept: Mapping[str, Any], name: str) -> str | None:
    found: object = kept.get(name)
    return found if found is None or isinstance(found, str) else refused(name, "text")


def refused(name: str, what: str) -> NoReturn:
    raise ConfigError(
        f"{name!r} in {config_file()} is not {what}",
        code="unreadable_profiles",
        hint="Mend the file, or set TWH_API_KEY and TWH_BASE_URL, which are asked first.",
    )
