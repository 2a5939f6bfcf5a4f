"""What can be seen of a call: lines in the log, the caller's hooks, a span. Never a body, a key, or a name in an address."""

from __future__ import annotations

import logging
from collections.abc import Callable
from types import TracebackType
from typing import Protocol, Self, TypeVar

from twh.errors.tree import APIError
from twh.hooks import Request, Response, Retry
from twh.logs import log
from twh.options import Policy
from twh.verdict import Answer, Lost

S = TypeVar("S")


class Span(Protocol):
    """What tracing makes of a call."""

    @property
    def headers(self) -> dict[str, str]: ...
    def happened(self, name: str, **attributes: str | float) -> None: ...
    def end(self, error: BaseException | None, **attributes: str | float) -> None: ...


class Seen:
    """Tells everyone who watches one call what happens to it. Its block is the whole of the call."""

    def __init__(self, call: str, method: str, base_url: str, policy: Policy) -> None:
        self.call, self.method, self.base_url = call, method, base_url
        self.hooks = policy.hooks
        self.span: Span | None = policy.span(call, method, base_url) if policy.span else None
        self.attempt = 0
        self.last: Response | None = None

    @property
    def headers(self) -> dict[str, str]:
        """What lets the server's spans hang below ours."""
        return self.span.headers if self.span else {}

    def asking(self, timeout: float) -> None:
        self.attempt += 1
        if self.hooks.request:
            told(
                self.hooks.request,
                Request(
                    call=self.call, method=self.method, base_url=self.base_url, attempt=self.attempt, timeout=timeout
                ),
            )

    def answered(self, outcome: Answer | Lost, seconds: float) -> None:
        if not (self.span or self.hooks.response or log.isEnabledFor(logging.DEBUG)):
            return  # nobody looks, as in most calls
        answer = outcome if isinstance(outcome, Answer) else None
        failure = type(outcome.why).__name__ if isinstance(outcome, Lost) else None
        came = self.last = Response(
            call=self.call,
            method=self.method,
            base_url=self.base_url,
            attempt=self.attempt,
            seconds=seconds,
            status=answer.status if answer else None,
            failure=failure,
            request_id=answer.request_id if answer else None,
            replayed=answer is not None and answer.replayed,
        )
        what = came.status or came.failure
        log.debug(
            "%s: %s after %.0f ms (attempt %d, %s)", self.call, what, seconds * 1000, self.attempt, came.request_id
        )
        if self.span:
            self.span.happened("attempt", attempt=self.attempt, outcome=str(what), seconds=seconds)
        if self.hooks.response:
            told(self.hooks.response, came)

    def pausing(self, pause: float, code: str) -> None:
        log.info("%s: trying again in %.1f s", self.call, pause)
        if self.span:
            self.span.happened("retry", attempt=self.attempt, code=code, pause=pause)
        if self.hooks.retry:
            told(
                self.hooks.retry,
                Retry(
                    call=self.call,
                    method=self.method,
                    base_url=self.base_url,
                    attempt=self.attempt,
                    pause=pause,
                    code=code,
                ),
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.span is None:
            return
        about: dict[str, str | float] = {"twh.attempts": self.attempt}
        if isinstance(error, APIError) and error.code:
            about["twh.code"] = error.code
        if self.last and self.last.status:
            about["http.response.status_code"] = self.last.status
        if self.last and self.last.request_id:
            about["twh.request_id"] = self.last.request_id
        self.span.end(error, **about)


def told(hook: Callable[[S], object], what: S) -> None:
    """Call a hook. Whether a change was recorded cannot depend on who watches: what a hook raises goes to the log."""
    try:
        hook(what)
    except Exception:  # noqa: BLE001 - a watcher's mistake must not become the call's outcome
        log.exception("a hook failed, and the call goes on")
