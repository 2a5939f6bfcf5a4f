"""A bar on a terminal, a line every ten seconds in a log; always on stderr, so that stdout is the report alone."""

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")

BAR_LETTERS = 30
TERMINAL_SECONDS = 0.1
LOG_SECONDS = 10.0


def shown(things: Iterable[T], doing: str, total: int) -> Iterator[T]:
    """The things, one after the other, while it is shown how many of them are done."""
    on_terminal = sys.stderr.isatty()
    pause = TERMINAL_SECONDS if on_terminal else LOG_SECONDS
    next_at = time.monotonic() + pause
    try:
        for done, thing in enumerate(things):
            if time.monotonic() >= next_at:
                next_at = time.monotonic() + pause
                tell(bar(doing, done, total) if on_terminal else f"{doing}: {done:,} of {total:,}\n")
            yield thing
    finally:
        if on_terminal:
            tell("\r\x1b[K")


def bar(doing: str, done: int, total: int) -> str:
    full = min(BAR_LETTERS, BAR_LETTERS * done // max(total, 1))
    return f"\r{doing:<14} [{'#' * full:{BAR_LETTERS}}] {done:,} of {total:,}\x1b[K"


def tell(words: str) -> None:
    sys.stderr.write(words)
    sys.stderr.flush()
