"""Remembering the names that a command has shown, for the next letter that someone types."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping

from twh_cli import private
from twh_cli.completing import names as names_of

FRESH_SECONDS = 86_400
NAMES_MAX = 5_000


def remember(whose: str, seen: Mapping[str, Iterable[str]], gone: Mapping[str, Iterable[str]]) -> None:
    """Add what was seen and leave out what is gone. What cannot be written is not remembered."""
    now = time.time()
    known = names_of.read(whose)
    changed = False
    for kind in names_of.KINDS:
        for name in seen.get(kind, ()):
            changed |= now - known[kind].get(name, 0) > FRESH_SECONDS
            known[kind][name] = now
        for name in gone.get(kind, ()):
            changed |= known[kind].pop(name, None) is not None
    path = names_of.file_of(whose)
    if not changed or path is None:
        return
    kept = {kind: dict(newest(known[kind], now - names_of.AGE_SECONDS_MAX)) for kind in names_of.KINDS}
    try:
        private.make_folder(path.parent)
        private.replace(path, json.dumps(kept, ensure_ascii=False))
    except OSError:
        return


def newest(names: dict[str, float], oldest: float) -> list[tuple[str, float]]:
    aged = [(name, seen_at) for name, seen_at in names.items() if seen_at > oldest]
    return sorted(aged, key=lambda one: one[1], reverse=True)[:NAMES_MAX]


def forget(whose: str) -> None:
    """Its tenant is another one from now on."""
    path = names_of.file_of(whose)
    try:
        if path:
            path.unlink(missing_ok=True)
    except OSError:
        return
