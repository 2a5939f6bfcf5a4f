"""How far long work is: a bar on a terminal, a line every ten seconds in a log; on stderr, where it is in nobody's way."""

from __future__ import annotations

import os
import sys
import time
from typing import Self

from twh_cli.session import session
from twh_cli.terminal import LOG_SECONDS, is_terminal, painted

WIDTH = 30


class Progress:
    """A context manager; `show` tells it how far the work is."""

    def __init__(self, what: str) -> None:
        self.what = what
        self.looked_at = is_terminal(sys.stderr) and os.environ.get("TERM") != "dumb"
        self.told_at = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.looked_at and not session().choices.quiet:
            sys.stderr.write("\r\x1b[2K")
            sys.stderr.flush()

    def show(self, done: int, total: int, *, more: str = "") -> None:
        """So many are done, of so many."""
        told = f"{done:,} of {total:,} {self.what}{more}"
        if self.looked_at and not session().choices.quiet:
            full = WIDTH * min(done, total) // total if total else WIDTH
            bar = painted("━" * full, "cyan", colour=session().colour) + "─" * (WIDTH - full)
            sys.stderr.write(f"\r\x1b[2K{bar} {told}")
            sys.stderr.flush()
        elif not self.looked_at and time.monotonic() - self.told_at >= LOG_SECONDS:
            self.told_at = time.monotonic()
            session().say(told)
