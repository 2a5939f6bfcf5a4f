"""Asking the package index for the newest version: a program of its own, which nobody waits for and nobody hears."""

from __future__ import annotations

import json
import sys
import urllib.request
from pathlib import Path

from twh_cli import private
from twh_cli.notice import remembered

ANSWER_SECONDS_MAX = 10.0
ANSWER_BYTES_MAX = 20_000_000


def ask(path: Path, index: str) -> None:
    """Ask the index for the newest version and remember it."""
    try:
        with urllib.request.urlopen(index, timeout=ANSWER_SECONDS_MAX) as answer:  # noqa: S310 - the package index, or a test's
            latest = json.loads(answer.read(ANSWER_BYTES_MAX))["info"]["version"]
        private.replace(path, json.dumps({**remembered(path), "latest": str(latest)}))
    except (OSError, ValueError, LookupError, TypeError):
        return


if __name__ == "__main__":
    ask(Path(sys.argv[1]), sys.argv[2])
