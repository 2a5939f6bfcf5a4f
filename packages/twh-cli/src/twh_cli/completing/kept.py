"""The names of the profiles, read from their file by themselves: the SDK that reads them too takes longer to load."""

from __future__ import annotations

import tomllib
from typing import cast

from twh_cli.folders import folder


def profiles_and_active() -> tuple[list[str], str]:
    """All names, and the active one or ""."""
    place = folder("config")
    try:
        told: dict[str, object] = tomllib.loads((place / "config.toml").read_text(encoding="utf-8")) if place else {}
    except (OSError, ValueError):
        return [], ""
    profiles, active = told.get("profiles"), told.get("active")
    found = sorted(cast("dict[str, object]", profiles)) if isinstance(profiles, dict) else []
    return found, active if isinstance(active, str) else ""
