"""What your program may be told of a call while it is under way: each attempt, what came of it, each pause before another.

    def count(answer: hooks.Response) -> None:
        CALLS.labels(answer.call, answer.status or answer.failure).observe(answer.seconds)

    client = Client(hooks=Hooks(response=count))

Hooks are plain functions, on `AsyncClient` too, and should be quick. Nothing that they are given holds a body, a key, or an
address with names in it. One that raises changes nothing about the call: its error goes to the log.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """An attempt is about to be sent."""

    call: str
    """The method that was called, like `items.create`."""
    method: str
    """HTTP's."""
    base_url: str
    attempt: int
    """1 for the first."""
    timeout: float
    """Seconds that it may take."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Response:
    """An attempt came to something: an answer with a status, or a failure without one."""

    call: str
    method: str
    base_url: str
    attempt: int
    seconds: float
    status: int | None
    failure: str | None
    """What kept an answer away, like `ReadTimeout`."""
    request_id: str | None
    """What the server's logs call it."""
    replayed: bool
    """The server had answered this key before, and gave the same answer."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Retry:
    """Another attempt follows after a pause."""

    call: str
    method: str
    base_url: str
    attempt: int
    """The one that failed."""
    pause: float
    """Seconds."""
    code: str
    """Why: the code of the error, like `overloaded` or `connection_failed`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Hooks:
    """What to call, where something is to be called."""

    request: Callable[[Request], object] | None = None
    response: Callable[[Response], object] | None = None
    retry: Callable[[Retry], object] | None = None
