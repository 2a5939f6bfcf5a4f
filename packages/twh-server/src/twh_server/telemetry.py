"""Logs: one line an event, for people on a terminal and as JSON elsewhere; never a body, never a key.

structlog gives the lines their form. It is loaded with the first line, so that a quiet start does not wait for it.
"""

import logging
import os
import sys
from functools import cached_property
from typing import Any

# Their information is ours to give: a migration says itself what it did, and the pool what it lost.
QUIET = ("alembic", "granian", "psycopg.pool")


def start_logging(*, form: str = "auto", level: str = "info") -> None:
    """Send every log line of this process to stderr in one form."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Lines(as_json=form == "json" or (form == "auto" and not sys.stderr.isatty())))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def form_lines() -> None:
    """Load now what the first line would wait for."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler.formatter, Lines):
            _ = handler.formatter.inner


class Lines(logging.Formatter):
    """How a record becomes a line."""

    def __init__(self, *, as_json: bool) -> None:
        super().__init__()
        self._as_json = as_json

    def format(self, record: logging.LogRecord) -> str:
        return self.inner.format(record)

    @cached_property
    def inner(self) -> logging.Formatter:
        """What forms the lines; asking for it loads structlog."""
        import structlog

        shared: list[Any] = [
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.stdlib.ExtraAdder(),
            structlog.processors.TimeStamper(fmt="iso", utc=True),
        ]
        last: list[Any] = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
        if not self._as_json:
            colours = sys.stderr.isatty() and not os.environ.get("NO_COLOR")
            # Plain tracebacks: the rich ones show the values of variables, keys among them.
            plain = structlog.dev.plain_traceback
            last = [structlog.dev.ConsoleRenderer(colors=colours, exception_formatter=plain)]
        return structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last]
        )
