"""The profiles that the SDK reads: an address and a key under a name, in a file that only its owner can read."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from twh.profiles import config_file, read_profiles
from twh_cli.problems import FileUnusable
from twh_cli.sandbox.turns import turn


def keep(name: str, *, base_url: str, api_key: str) -> bool:
    """Write a profile, and make it the active one where there is none. Answers whether it is active."""

    def change(kept: dict[str, Any]) -> bool:
        kept.setdefault("profiles", {})[name] = {"base_url": base_url, "api_key": api_key}
        if kept.get("active") not in kept["profiles"]:
            kept["active"] = name
        return bool(kept["active"] == name)

    return changed(change)


def forget(name: str) -> None:
    """Remove a profile; if it was the active one, none is."""

    def change(kept: dict[str, Any]) -> bool:
        kept.get("profiles", {}).pop(name, None)
        if kept.get("active") == name:
            del kept["active"]
        return True

    path = config_file()
    if path is not None and path.exists():
        changed(change)


def changed(change: Any) -> bool:
    path = config_file()
    if path is None:
        raise FileUnusable(
            "There is no home folder to keep a profile in.", hint="Set HOME, or TWH_API_KEY and TWH_BASE_URL."
        )
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with turn(path.with_name("config.lock")):
            kept = cast("dict[str, Any]", read_profiles(path))
            answer = bool(change(kept))
            replace(path, written(kept))
    except OSError as why:
        raise FileUnusable(
            f"The profile cannot be written to {path}: {why.strerror or why}.",
            hint="Set TWH_API_KEY and TWH_BASE_URL instead: `twh sandbox env` prints them.",
        ) from None
    return answer


def replace(path: Path, text: str) -> None:
    """The old file or the new one, never half of it; readable by its owner alone."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".config-")  # 0600
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def written(table: Mapping[str, Any]) -> str:
    """The table as TOML: plain values first, then a section for each table in it."""
    return "".join(lines(table, ()))


def lines(table: Mapping[str, Any], path: tuple[str, ...]) -> list[str]:
    plain = {name: value for name, value in table.items() if not isinstance(value, Mapping)}
    told = [f"{quoted(name)} = {json.dumps(value, ensure_ascii=False, default=str)}\n" for name, value in plain.items()]
    if path and told:
        told.insert(0, f"\n[{'.'.join(map(quoted, path))}]\n")
    for name, value in table.items():
        if isinstance(value, Mapping):
            told += lines(cast("Mapping[str, Any]", value), (*path, name))
    return told


def quoted(name: str) -> str:
    return name if name.replace("-", "").replace("_", "").isalnum() and name.isascii() else json.dumps(name)
