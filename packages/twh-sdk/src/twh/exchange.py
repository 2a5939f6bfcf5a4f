"""One call from its first attempt to its last, without I/O: a generator that yields what to do and is sent what came of it.

What a ledger needs is decided here. A change carries one idempotency key, the same over all attempts, so that trying again
is always safe. What may pass is tried again until the deadline; a business refusal never is. When time is up and some
attempt may have been recorded without an answer that settles it, the error says so and carries the key.
"""

from __future__ import annotations

import json
import math
import platform
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from twh.call import Call, Raw
from twh.errors.hints import OUTCOME_UNKNOWN
from twh.errors.tree import OutcomeUnknown, TwhError
from twh.idempotency import fresh_key
from twh.options import SANDBOX_PATIENCE_SECONDS, Policy
from twh.profiles import Connection
from twh.seen import Seen
from twh.verdict import Answer, Failure, Lost, judge
from twh.version import __version__
from twh.wire import query_text

T = TypeVar("T")

USER_AGENT = f"twh-sdk/{__version__} python/{platform.python_version()}"
AS_JSON = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode

WORTHWHILE_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Send:
    """Do: send this request, and bring what comes back within the timeout."""

    call: str
    """The name of what was called; it is not sent."""
    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None
    timeout: float


@dataclass(frozen=True, slots=True)
class Pause:
    """Do: wait."""

    seconds: float


Step = Send | Pause
Outcome = Answer | Lost | None


class Exchange(Generic[T]):
    """A call under way."""

    def __init__(self, call: Call[T], to: Connection, policy: Policy, named: str) -> None:
        options = call.options or {}
        self.call = call
        self.to = to
        self.named = named or call.method
        self.policy = policy.with_options(options)
        self.key = options.get("idempotency_key", fresh_key()) if call.changes else None
        own_deadline = call.deadline is not None and "deadline" not in options
        self.started = self.policy.clock()
        self.deadline = (
            self.started + call.wait + (call.deadline if own_deadline and call.deadline else self.policy.deadline)
        )
        self.attempts = 0
        self.maybe_recorded = False
        self.nobody_there_since = math.inf

    def run(self) -> Generator[Step, Outcome, Raw[T]]:
        """Send the call until it is answered, refused, or out of time."""
        with Seen(self.named, self.call.method, self.to.base_url, self.policy) as seen:
            method, url, body = self.call.method, self.url, self.body()
            headers = {**self.headers(), **seen.headers}
            while True:
                self.attempts += 1
                tried = self.policy.clock()
                timeout = self.timeout(tried)
                seen.asking(timeout)
                outcome = yield Send(self.named, method, url, headers, body, timeout)
                assert outcome is not None, "a request has an outcome"
                seen.answered(outcome, self.policy.clock() - tried)
                verdict = judge(self.call, outcome, self.to)
                if not isinstance(verdict, Failure):
                    return self.raw(verdict.value, verdict.answer)
                self.maybe_recorded |= self.call.changes and verdict.maybe_recorded
                pause = self.pause_after(verdict)
                if pause is None:
                    raise self.last_word(verdict)
                seen.pausing(pause, str(verdict.error.code))
                yield Pause(pause)

    @property
    def url(self) -> str:
        return f"{self.to.base_url}{self.call.path}{query_text(self.call.query)}"

    def headers(self) -> dict[str, str]:
        headers = {
            **self.policy.headers,
            "Authorization": f"Bearer {self.to.api_key}",
            "Accept": "application/json, application/problem+json",
            "User-Agent": USER_AGENT,
        }
        if self.call.body is not None:
            headers["Content-Type"] = "application/json"
        if self.key:
            headers["Idempotency-Key"] = self.key
        if self.call.if_match:
            headers["If-Match"] = self.call.if_match
        if self.call.if_none_match:
            headers["If-None-Match"] = self.call.if_none_match
        return headers

    def body(self) -> bytes | None:
        """The same bytes for every attempt: the server compares them when it sees the key again."""
        if self.call.body is None:
            return None
        return AS_JSON(self.call.body).encode()

    def timeout(self, now: float) -> float:
        return min(self.policy.timeout + self.call.wait, max(self.deadline - now, 0.001))

    def pause_after(self, failure: Failure) -> float | None:
        """Seconds until the next attempt, or None when there is to be none."""
        policy = self.policy
        if not failure.again or self.attempts == policy.attempts_max:
            return None
        asked = failure.retry_after
        pause = policy.backoff(self.attempts) if asked is None else policy.obeyed(asked)
        until = min(self.deadline - self.worthwhile, self.sandbox_deadline(failure))
        return pause if policy.clock() + pause < until else None

    @property
    def worthwhile(self) -> float:
        """Seconds without which another attempt only turns a plain refusal into an answer that was not awaited."""
        return min(WORTHWHILE_SECONDS, self.policy.timeout, (self.deadline - self.started) / 10)

    def sandbox_deadline(self, failure: Failure) -> float:
        """A sandbox that nobody started is not waited for: its owner is at the keyboard. A stream waits on."""
        if not (failure.nobody_there and self.to.is_sandbox) or self.deadline == math.inf:
            self.nobody_there_since = math.inf
            return math.inf
        self.nobody_there_since = min(self.nobody_there_since, self.policy.clock())
        return self.nobody_there_since + SANDBOX_PATIENCE_SECONDS

    def last_word(self, failure: Failure) -> TwhError:
        error = failure.error
        if self.maybe_recorded and not failure.settles:
            error = OutcomeUnknown(
                f"{self.named} was sent and may have been recorded; no answer settled it in {self.attempts} attempt(s). "
                f"The last: {failure.error}",
                code="outcome_unknown",
                status=failure.error.status,
                request_id=failure.error.request_id,
                hint=OUTCOME_UNKNOWN.format(key=self.key),
            )
            error.__cause__ = failure.error
        error.idempotency_key = self.key
        error.attempts = self.attempts
        return error

    def raw(self, value: T, answer: Answer) -> Raw[T]:
        return Raw(
            value=value,
            status=answer.status,
            headers=answer.headers,
            body=answer.body,
            idempotency_key=self.key,
            attempts=self.attempts,
            elapsed=self.policy.clock() - self.started,
        )
