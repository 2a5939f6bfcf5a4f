"""Whether colour is welcome. Help asks it too, so this loads nothing."""

from __future__ import annotations

import os
from typing import TextIO


def is_terminal(stream: TextIO) -> bool:
    try:
        return stream.isatty()
    except ValueError:  # it was closed
        return False


def takes_colour(stream: TextIO, *, no_color: bool = False) -> bool:
    """NO_COLOR goes before CLICOLOR_FORCE, as their pages say."""
    if no_color or os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("CLICOLOR_FORCE", "0") not in {"", "0"}:
        return True
    if os.environ.get("CLICOLOR") == "0" or os.environ.get("TERM") == "dumb":
        return False
    return is_terminal(stream)
