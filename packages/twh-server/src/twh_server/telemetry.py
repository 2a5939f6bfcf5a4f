"""What is seen from outside: a log line an event, for people on a terminal and as JSON elsewhere; never a body, never a key.

structlog gives the lines their form. It is loaded with the first line, so that a quiet start does not wait for it.
Whoever is told of each request is a `Watch`; `RequestLines` makes a line of it.
"""

import asyncio
import logging
import os
import re
import sys
import textwrap
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from time import perf_counter
from typing import Any, BinaryIO, TypeAlias

import msgspec

# Their information is ours to give: a migration says itself what it did, and the pool what it lost.
QUIET = ("alembic", "granian", "psycopg.pool")


_REQUESTS = "twh_server.requests"

_TRACE = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.*)?")


@dataclass(kw_only=True, slots=True)
class Handled:
    """A request on its way through the server, and what became of it."""

    request_id: str
    method: str
    operation: str | None
    """None where nothing is served."""
    tenant: str | None = None
    """None until the key is known."""
    batch: int | None = None
    """How many commands shared the commit, of a request that wrote."""
    trace_id: str | None = None
    status: int = 0
    begun: float = field(default_factory=perf_counter)

    def shared(self, commands: int) -> None:
        """Note that so many commands shared its commit."""
        self.batch = commands

    @property
    def seconds(self) -> float:
        """How long it has taken so far."""
        return perf_counter() - self.begun


Watch: TypeAlias = Callable[[Handled], None]
"""Whoever is told of a request that was answered."""


def nobody(_: Handled) -> None:
    """Nobody wants to know."""


def all_of(watches: Sequence[Watch]) -> Watch:
    """Whoever tells all of them."""

    def tell(handled: Handled) -> None:
        for watch in watches:
            watch(handled)

    return watches[0] if len(watches) == 1 else tell


def trace_of(traceparent: str | None) -> str | None:
    """The id of the trace that a caller's `Traceparent` names (W3C Trace Context); None when it names none."""
    found = _TRACE.fullmatch(traceparent) if traceparent else None
    return found[1] if found else None


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
        told = structlog.processors.ExceptionRenderer(lambda exc_info: traceback_of(exc_info[1]))
        last: list[Any] = [told, structlog.processors.JSONRenderer()]
        if not self._as_json:
            last = [told, structlog.dev.ConsoleRenderer(colors=_colours())]
        return structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last]
        )


def traceback_of(fault: BaseException | None, *, known: frozenset[int] = frozenset()) -> str:
    """Where a fault comes from, as Python tells it, but with no values: neither those of variables nor a row's."""
    if fault is None or id(fault) in known:
        return ""
    known |= {id(fault)}
    before = traceback_of(fault.__cause__ or (None if fault.__suppress_context__ else fault.__context__), known=known)
    within: Sequence[BaseException] = getattr(fault, "exceptions", ())
    return "\n".join(
        part
        for part in (
            before and f"{before}\n\nFrom it came:\n",
            "Traceback (most recent call last):",
            "".join(traceback.format_tb(fault.__traceback__)).rstrip(),
            _sentence_of(fault),
            *(textwrap.indent(traceback_of(inner, known=known), "  | ") for inner in within),
        )
        if part
    )


def _sentence_of(fault: BaseException) -> str:
    """What a fault is. What the database says of it may quote the row; its first sentence does, when a value is wrong."""
    name = f"{type(fault).__module__}.{type(fault).__qualname__}".removeprefix("builtins.")
    state, diagnosis = getattr(fault, "sqlstate", None), getattr(fault, "diag", None)
    if state is None or diagnosis is None:
        return f"{name}: {fault}"
    return f"{name} ({state})" if state.startswith("22") else f"{name} ({state}): {diagnosis.message_primary}"


class RequestLines:
    """A line for each request: who asked for what, how it ended and how long it took; nothing that was sent.

    A line costs little enough for every request to have one: as JSON it is encoded at once, past `logging` and structlog.
    """

    def __init__(self, *, form: str = "auto", file: BinaryIO | None = None) -> None:
        self._as_json = form == "json" or (form == "auto" and not sys.stderr.isatty())
        self._file = _Gathering(file or sys.stderr.buffer)

    def __call__(self, handled: Handled) -> None:
        line = _RequestLine(
            logger=_REQUESTS,
            request_id=handled.request_id,
            tenant=handled.tenant,
            operation=handled.operation,
            method=handled.method,
            status=handled.status,
            ms=round(handled.seconds * 1000, 1),
            batch=msgspec.UNSET if handled.batch is None else handled.batch,
            trace_id=msgspec.UNSET if handled.trace_id is None else handled.trace_id,
            event="request",
            level="info",
            timestamp=datetime.now(UTC),
        )
        self._file.write(msgspec.json.encode(line) + b"\n" if self._as_json else self._in_words(line))
        self._file.flush()

    @cached_property
    def _in_words(self) -> Callable[["_RequestLine"], bytes]:
        import structlog

        words = structlog.dev.ConsoleRenderer(colors=_colours())
        return lambda line: f"{words(None, 'info', msgspec.to_builtins(line))}\n".encode()


class _RequestLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    logger: str
    request_id: str
    tenant: str | None
    operation: str | None
    method: str
    status: int
    ms: float
    batch: int | msgspec.UnsetType = msgspec.UNSET
    trace_id: str | msgspec.UnsetType = msgspec.UNSET
    event: str
    level: str
    timestamp: datetime


class _Gathering:
    """A file to which the lines of one turn of the event loop go together: a batch of answers is one write."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._lines: list[bytes] = []
        self._is_called = False

    def write(self, line: bytes) -> None:
        self._lines.append(line)

    def flush(self) -> None:
        """Write at the end of this turn; at once where there are no turns."""
        if self._is_called:
            return
        try:
            asyncio.get_running_loop().call_soon(self._write)
        except RuntimeError:
            self._write()
        else:
            self._is_called = True

    def _write(self) -> None:
        self._is_called = False
        lines, self._lines = self._lines, []
        self._file.write(b"".join(lines))
        self._file.flush()


def _colours() -> bool:
    return sys.stderr.isatty() and not os.environ.get("NO_COLOR")
