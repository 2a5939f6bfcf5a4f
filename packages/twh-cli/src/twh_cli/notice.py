"""Telling of a newer version: from what was remembered, never by asking while someone waits.

Once a day a process of its own asks the package index and remembers the answer; what goes wrong there is nobody's concern.
It is silent in pipes, in CI, and where TWH_NO_UPDATE_NOTICE or `twh config set update_notice off` says so.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from twh_cli import __version__, preferences, private
from twh_cli.folders import cache_folder
from twh_cli.session import Session
from twh_cli.terminal import is_terminal

INDEX = "https://pypi.org/pypi/twh-cli/json"
DAY_SECONDS = 86_400.0


def told_of_newer(session: Session) -> None:
    """Say so when a newer version is known, and have it looked up when that is a day ago."""
    path = file()
    if path is None or session.choices.quiet or not wanted():
        return
    known = remembered(path)
    if newer(str(known.get("latest", "")), __version__):
        session.say(f"twh {known['latest']} is out, this is {__version__}: pip install --upgrade twh-cli", "dim")
    if abs(time.time() - float(str(known.get("asked_at", 0)))) > DAY_SECONDS:
        look_up(path, known)


def wanted() -> bool:
    """Whether someone sits there who would like to know."""
    silenced = any(os.environ.get(name) for name in ("CI", "TWH_NO_UPDATE_NOTICE"))
    return (
        not silenced
        and is_terminal(sys.stdout)
        and is_terminal(sys.stderr)
        and preferences.chosen().get("update_notice") != "off"
    )


def file() -> Path | None:
    folder = cache_folder()
    return folder / "newest.json" if folder else None


def remembered(path: Path) -> dict[str, object]:
    try:
        known: object = json.loads(path.read_text(encoding="utf-8"))
        asked_at: object = known.get("asked_at", 0) if isinstance(known, dict) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) and isinstance(asked_at, int | float) else {}  # pyright: ignore[reportUnknownVariableType]


def look_up(path: Path, known: dict[str, object]) -> None:
    """Start a process that asks, and remember at once that it was asked: whatever comes of it, once a day is enough."""
    try:
        private.make_folder(path.parent)
        private.replace(path, json.dumps({**known, "asked_at": time.time()}))
        subprocess.Popen(
            [sys.executable, "-m", "twh_cli.newest", str(path), INDEX],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError:
        return


def newer(latest: str, present: str) -> bool:
    """Whether a release came after the present version; what is no plain release is none."""
    numbers = [tuple(int(part) for part in one.split(".") if part.isdigit()) for one in (latest, present)]
    plain = all(part.isdigit() for part in latest.split("."))
    return plain and numbers[0] > numbers[1]
