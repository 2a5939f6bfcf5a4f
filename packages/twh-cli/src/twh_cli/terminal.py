"""What the terminal is and may show: whether someone sits there, how wide it is, whether colour is welcome."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import threading
import time
from collections.abc import Generator
from itertools import cycle

from twh_cli.colour import is_terminal, takes_colour

__all__ = [
    "fitted",
    "harmless",
    "is_terminal",
    "leave_unwritten",
    "painted",
    "patience",
    "someone_is_there",
    "takes_colour",
    "width",
]

STYLES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36", "bold red": "1;31"}
LOG_SECONDS = 10.0
FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"


def someone_is_there() -> bool:
    """Whether a question would be seen and could be answered."""
    return is_terminal(sys.stdin) and is_terminal(sys.stderr)


def width() -> int:
    return shutil.get_terminal_size((100, 24)).columns


def painted(text: str, style: str, *, colour: bool) -> str:
    return f"\x1b[{STYLES[style]}m{text}\x1b[0m" if colour else text


def harmless(text: str) -> str:
    """Text from elsewhere without what would move the cursor or change the terminal."""
    return "".join(sign if sign.isprintable() or sign == "\n" else "\N{REPLACEMENT CHARACTER}" for sign in text)


def fitted(text: str) -> str:
    """A line that stays one: cut where the terminal ends. Where no terminal is, it is whole."""
    most = width()
    return text if len(text) <= most or not is_terminal(sys.stdout) else f"{text[: most - 1]}…"


@contextlib.contextmanager
def patience(what: str, *, colour: bool, quiet: bool = False, logged: bool = False) -> Generator[None]:
    """Something that turns on stderr while a person waits; where nobody looks nothing, or a line every ten seconds."""
    looked_at = is_terminal(sys.stderr) and os.environ.get("TERM") != "dumb"
    if quiet or not (looked_at or logged):
        yield
        return
    done = threading.Event()
    target, words = (turn, (what, done, colour)) if looked_at else (log, (what, done))
    turning = threading.Thread(target=target, args=words, daemon=True)
    turning.start()
    try:
        yield
    finally:
        done.set()
        turning.join()


def log(what: str, done: threading.Event) -> None:
    began = time.monotonic()
    while not done.wait(LOG_SECONDS):
        sys.stderr.write(f"{what}: {time.monotonic() - began:.0f} s so far\n")
        sys.stderr.flush()


def turn(what: str, done: threading.Event, colour: bool) -> None:  # noqa: FBT001 - a thread's arguments go by position
    began = time.monotonic()
    for frame in cycle(FRAMES):
        seconds = f"{time.monotonic() - began:.0f} s"
        sys.stderr.write(f"\r{painted(frame, 'cyan', colour=colour)} {what} … {painted(seconds, 'dim', colour=colour)}")
        sys.stderr.flush()
        if done.wait(0.08):
            break
    sys.stderr.write("\r\x1b[2K")
    sys.stderr.flush()


def leave_unwritten() -> None:
    """What stdout still holds cannot be written, which has been said: Python must not try again, and complain, at exit."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
