"""Logs: one line an event, for people on a terminal and as JSON elsewhere; never a body, never a key."""

import logging
import os
import sys
from typing import Any

import structlog

# Their information is ours to give: a migration says itself what it did, and the pool what it lost.
QUIET = ("alembic", "granian", "psycopg.pool")


def start_logging(*, form: str = "auto", level: str = "info") -> None:
    """Send every log line of this process to stderr in one form."""
    on_terminal = sys.stderr.isatty()
    as_json = form == "json" or (form == "auto" and not on_terminal)
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            *_last(as_json=as_json, on_terminal=on_terminal),
        ],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def _last(*, as_json: bool, on_terminal: bool) -> list[Any]:
    if as_json:
        return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    colours = on_terminal and not os.environ.get("NO_COLOR")
    # Plain tracebacks: the rich ones show the values of variables, keys among them.
    return [structlog.dev.ConsoleRenderer(colors=colours, exception_formatter=structlog.dev.plain_traceback)]
