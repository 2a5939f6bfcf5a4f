"""The logger `twh`: silent until somebody listens, or until TWH_LOG says how much it should tell.

With TWH_LOG=info every retry is a line on stderr, with TWH_LOG=debug every attempt. A program that has set up logging of its
own hears the same lines there instead.
"""

from __future__ import annotations

import logging
import os

from twh.errors.tree import ConfigError

LEVELS = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}

log = logging.getLogger("twh")


def obey_environment() -> None:
    """Do what TWH_LOG says, if it says something; once or often is the same."""
    wanted = os.environ.get("TWH_LOG", "").strip().lower()
    if not wanted:
        return
    if wanted not in LEVELS:
        raise ConfigError(
            f"TWH_LOG is {wanted!r}", code="invalid_log_level", hint=f"Use one of {', '.join(LEVELS)}, or unset it."
        )
    log.setLevel(LEVELS[wanted])
    if not log.hasHandlers():
        on_stderr = logging.StreamHandler()
        on_stderr.setFormatter(logging.Formatter("%(asctime)s %(name)s %(levelname)s %(message)s"))
        log.addHandler(on_stderr)
