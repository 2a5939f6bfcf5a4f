"""Changes whose outcome is unknown, kept so that `twh retry KEY` can send exactly the same again.

A request is kept when its answer was lost, and forgotten when its key was answered. It is a file that only its owner can read, it
has no API key in it, and there are never more than a hundred of them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

from twh_cli import private
from twh_cli.folders import state_folder

KEPT_MAX = 100
BODY_BYTES_MAX = 4_000_000


@dataclass(frozen=True, kw_only=True)
class Unsettled:
    """A request that may have been recorded, as it was sent."""

    key: str
    method: str
    path: str
    body: dict[str, Any] | None
    if_match: str | None
    headers: dict[str, str]
    base_url: str
    profile: str | None
    fingerprint: str
    """Tells whether another API key would send it now; nobody gets the API key back from it."""
    words: list[str]
    kept_at: str


def fingerprint(api_key: str) -> str:
    return hashlib.sha256(api_key.encode()).hexdigest()[:16]


def keep(request: Unsettled) -> bool:
    """Keep it; answers whether that could be done. The oldest ones make room."""
    text = json.dumps(asdict(request), ensure_ascii=False)
    path = file_of(request.key)
    if path is None or len(text) > BODY_BYTES_MAX:
        return False
    try:
        private.make_folder(path.parent)
        private.replace(path, text)
        for old in sorted(path.parent.glob("*.json"), key=lambda one: one.stat().st_mtime_ns)[:-KEPT_MAX]:
            old.unlink(missing_ok=True)
    except OSError:
        return False
    return True


def find(key: str) -> Unsettled | None:
    """The request of this key, or None when none is kept or the file is not one of ours."""
    path = file_of(key)
    try:
        told: object = json.loads(path.read_text(encoding="utf-8")) if path else None
        found = Unsettled(**cast("Mapping[str, Any]", told)) if isinstance(told, Mapping) else None
    except (OSError, ValueError, TypeError):
        return None
    return found if found and found.key == key else None


def settled(key: str) -> None:
    """Forget it: the key was answered."""
    path = file_of(key)
    try:
        if path:
            path.unlink(missing_ok=True)
    except OSError:
        return  # it is sent again at most, and recorded once


def file_of(key: str) -> Path | None:
    folder = state_folder()
    return folder / "unsettled" / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.json" if folder else None
