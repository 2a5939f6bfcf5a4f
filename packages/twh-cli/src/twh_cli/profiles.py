"""The profiles that the SDK reads: an address and a key under a name; the key in the keyring, or in a file that only its owner reads."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

from twh import ConfigError, keyrings
from twh.profiles import config_file, read_profiles
from twh_cli import private
from twh_cli.completing import remembering
from twh_cli.problems import FileUnusable, KeyringUnusable
from twh_cli.sandbox.turns import turn

T = TypeVar("T")
Table = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Kept:
    """Where a key was put, and whether its profile is the active one."""

    active: bool
    place: str
    why_not_keyring: str | None = None


def keep(name: str, *, base_url: str, api_key: str) -> bool:
    """Write a profile with its key in the file, and make it the active one where there is none. Answers whether it is."""

    def change(kept: Table) -> bool:
        write_profile(kept, name, base_url=base_url, api_key=api_key)
        return bool(kept["active"] == name)

    return changed(change)


def log_in(name: str, *, base_url: str, api_key: str, in_file: bool) -> Kept:
    """Keep a key that works and make its profile the active one: in the keyring, or in the file where that cannot be."""
    readable()  # a file that cannot be read is told before a key is put anywhere
    before = None if in_file else in_keyring(name)
    why = None if in_file else refused_by_keyring(name, api_key)
    place = "file" if in_file or why else "keyring"

    def change(kept: Table) -> None:
        kept["active"] = name
        told = {"api_key": api_key} if place == "file" else {"api_key_in": "keyring"}
        write_profile(kept, name, base_url=base_url, **told)

    try:
        changed(change)
    except FileUnusable:
        if place == "keyring":
            put_back(name, before)
        raise
    return Kept(active=True, place=place, why_not_keyring=why)


def refused_by_keyring(name: str, api_key: str) -> str | None:
    """Put the key into the keyring; the answer is why that could not be done."""
    try:
        keyrings.write_key(name, api_key)
    except ConfigError as why:
        return why.message
    return None


def write_profile(kept: Table, name: str, **told: str) -> None:
    """What else someone wrote into the profile stays."""
    before = kept.setdefault("profiles", {}).get(name, {})
    others = {field: value for field, value in before.items() if field not in {"api_key", "api_key_in"}}
    kept["profiles"][name] = {**others, **told}
    if kept.get("active") not in kept["profiles"]:
        kept["active"] = name


def log_out(name: str) -> bool:
    """Forget a profile's key and keep its address; answers whether there was a key."""
    profile = profile_of(readable(), name)
    remembering.forget(name)
    if profile.get("api_key_in") == "keyring":
        take_from_keyring(name)

    def change(kept: Table) -> bool:
        here = profile_of(kept, name)
        return bool([here.pop(field) for field in ("api_key", "api_key_in") if field in here])

    return changed(change)


def remove(name: str) -> None:
    """Remove a profile and its key; if it was the active one, none is."""
    if profile_of(readable(), name).get("api_key_in") == "keyring":
        take_from_keyring(name)
    remembering.forget(name)
    forget(name)


def forget(name: str) -> None:
    """Remove a profile from the file; if it was the active one, none is."""

    def change(kept: Table) -> None:
        kept.get("profiles", {}).pop(name, None)
        if kept.get("active") == name:
            del kept["active"]

    path = config_file()
    if path is not None and path.exists():
        changed(change)


def use(name: str) -> None:
    """Make a profile the active one."""

    def change(kept: Table) -> None:
        profile_of(kept, name)
        kept["active"] = name

    changed(change)


def choose(name: str, value: str | None) -> None:
    """Write a setting; None removes it."""

    def change(kept: Table) -> None:
        settings = kept.setdefault("settings", {})
        settings.pop(name, None)
        if value is not None:
            settings[name] = value
        if not settings:
            del kept["settings"]

    changed(change)


def listed() -> list[Table]:
    """Every profile, never with its key."""
    kept = readable()
    return [
        {
            "name": name,
            "active": name == kept.get("active"),
            "base_url": profile.get("base_url"),
            "key_in": "file" if profile.get("api_key") else profile.get("api_key_in"),
        }
        for name, profile in cast("dict[str, Table]", kept.get("profiles", {})).items()
    ]


def active() -> str | None:
    name: object = readable().get("active")
    return name if isinstance(name, str) else None


def address_of(name: str) -> str | None:
    """The address that the profile has, if there is such a profile."""
    profile: Table = readable().get("profiles", {}).get(name, {})
    return profile.get("base_url")


def profile_of(kept: Table, name: str) -> Table:
    profiles: dict[str, Table] = kept.get("profiles", {})
    if name not in profiles:
        raise ConfigError(
            f"there is no profile {name!r}",
            code="no_profile",
            hint=f"There are: {', '.join(sorted(profiles)) or 'none'}. To make it: twh login --profile {name}",
        )
    return profiles[name]


def take_from_keyring(name: str) -> None:
    try:
        keyrings.delete_key(name)
    except ConfigError as why:
        raise KeyringUnusable(
            f"The key of {name} stays where it is: {why.message}.",
            hint=f"Unlock the keyring and try again, or remove the entry {name} of {keyrings.SERVICE} yourself.",
        ) from None


def in_keyring(name: str) -> str | None:
    """The key that is there now, as far as that can be asked."""
    try:
        return keyrings.read_key(name)
    except ConfigError:
        return None


def put_back(name: str, key: str | None) -> None:
    """Leave the keyring as it was a moment ago, as far as that can be done."""
    try:
        if key is None:
            keyrings.delete_key(name)
        else:
            keyrings.write_key(name, key)
    except ConfigError:
        return


def readable() -> Table:
    """What the file says; raises `ConfigError` where it cannot be read or has another form."""
    path = config_file()
    kept = cast("Table", read_profiles(path)) if path else {}
    profiles: object = kept.get("profiles", {})
    tables: list[object] = [kept.get("settings", {}), profiles]
    if isinstance(profiles, dict):
        tables += cast("dict[str, object]", profiles).values()
    if not all(isinstance(table, dict) for table in tables):
        raise ConfigError(
            f"{path} has another form than that of profiles",
            code="unreadable_profiles",
            hint="`profiles`, each profile and `settings` are tables. Mend the file, or move it away.",
        )
    return kept


def changed(change: Callable[[Table], T]) -> T:
    """Read, change and write the file, one program at a time; what fails leaves it as it was."""
    path = config_file()
    if path is None:
        raise FileUnusable(
            "There is no home folder to keep a profile in.", hint="Set HOME, or TWH_API_KEY and TWH_BASE_URL."
        )
    try:
        private.make_folder(path.parent)
        with turn(path.with_name("config.lock")):
            kept = readable()
            answer = change(kept)
            replace(path.resolve(), written(kept), kept)
    except OSError as why:
        raise FileUnusable(
            f"{path} cannot be written: {why.strerror or why}. What was there stays.",
            hint="Set TWH_API_KEY and TWH_BASE_URL instead: `twh sandbox env` prints a sandbox's.",
        ) from None
    return answer


def replace(path: Path, text: str, kept: Table) -> None:
    """Write the file. Comments cannot be written back, so a file that has some is kept beside the new one."""
    if read_back(text) != kept:
        raise FileUnusable(
            f"{path} has values that this program cannot write back, so it is left as it is.",
            hint="Change it by hand: dates and lists of tables are what it cannot write.",
        )
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    if any(line.lstrip().startswith("#") for line in before.splitlines()):
        private.replace(path.with_name(f"{path.name}.old"), before)
    private.replace(path, text)


def read_back(text: str) -> Table | None:
    try:
        return tomllib.loads(text)
    except ValueError:
        return None


def written(table: Mapping[str, Any]) -> str:
    """The table as TOML: plain values first, then a section for each table in it."""
    return "".join(lines(table, ()))


def lines(table: Mapping[str, Any], path: tuple[str, ...]) -> list[str]:
    plain = {name: value for name, value in table.items() if not isinstance(value, Mapping)}
    told = [f"{quoted(name)} = {json.dumps(value, ensure_ascii=False, default=str)}\n" for name, value in plain.items()]
    if path and (told or not table):
        told.insert(0, f"\n[{'.'.join(map(quoted, path))}]\n")
    for name, value in table.items():
        if isinstance(value, Mapping):
            told += lines(cast("Mapping[str, Any]", value), (*path, name))
    return told


def quoted(name: str) -> str:
    return name if name.replace("-", "").replace("_", "").isalnum() and name.isascii() else json.dumps(name)
