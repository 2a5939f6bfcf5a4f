"""This user's own folders: one for what may be forgotten (cache), one for what must not be (state)."""

from __future__ import annotations

import os
import sys
from pathlib import Path

MAC = {"cache": "Library/Caches", "config": "Library/Application Support", "state": "Library/Application Support"}
WINDOWS = {"cache": "twh/Cache", "config": "twh", "state": "twh"}
ELSEWHERE = {
    "cache": ("XDG_CACHE_HOME", ".cache"),
    "config": ("XDG_CONFIG_HOME", ".config"),
    "state": ("XDG_STATE_HOME", ".local/state"),
}


def cache_folder() -> Path | None:
    """Where names for completion and the newest version are remembered; None where this user has no home."""
    return folder("cache")


def state_folder() -> Path | None:
    """Where requests wait whose outcome is unknown; None where this user has no home."""
    return folder("state")


def folder(purpose: str) -> Path | None:
    try:
        if sys.platform == "win32":
            local = os.environ.get("LOCALAPPDATA")
            return (Path(local) if local else Path.home() / "AppData" / "Local") / WINDOWS[purpose]
        if sys.platform == "darwin":
            return Path.home() / MAC[purpose] / "twh"
        variable, usual = ELSEWHERE[purpose]
        chosen = os.environ.get(variable, "")
        return (Path(chosen) if os.path.isabs(chosen) else Path.home() / usual) / "twh"  # noqa: PTH117 - "" is no path
    except RuntimeError:  # neither HOME nor an entry for this user
        return None
