"""Names of items and locations that commands have shown, remembered for each profile for thirty days.

It loads nothing that is slow: completion reads it while a person waits for the next letter.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import cast

from twh_cli.folders import cache_folder

AGE_SECONDS_MAX = 30 * 86_400
KINDS = ("items", "locations")

Names = dict[str, dict[str, float]]
"""Of each kind the names, and when each was last seen."""


def file_of(whose: str) -> Path | None:
    folder = cache_folder()
    safe = "".join(sign if sign.isalnum() or sign in "-_" else f"%{ord(sign):x}" for sign in whose)
    return folder / "names" / f"{safe}.json" if folder else None


def known(whose: str, kind: str) -> list[str]:
    """The names of this kind that were seen, in their order."""
    oldest = time.time() - AGE_SECONDS_MAX
    return sorted(name for name, seen_at in read(whose)[kind].items() if seen_at > oldest)


def read(whose: str) -> Names:
    names: Names = {kind: {} for kind in KINDS}
    path = file_of(whose)
    try:
        told: object = json.loads(path.read_text(encoding="utf-8")) if path else None
    except (OSError, ValueError):
        return names
    for kind in KINDS if isinstance(told, dict) else ():
        found: object = cast("dict[str, object]", told).get(kind)
        if isinstance(found, dict):
            pairs = cast("dict[str, object]", found).items()
            names[kind] = {name: float(seen_at) for name, seen_at in pairs if isinstance(seen_at, int | float)}
    return names


def from_environment() -> str:
    """Whose names those are that the environment's key leads to. Its address tells tenants apart well enough for names."""
    return f"environment {os.environ.get('TWH_BASE_URL', '')}"
