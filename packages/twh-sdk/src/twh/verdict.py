"""What came back, judged: the value that the call promised, or a failure and what it means for trying again.

An attempt *may be recorded* when the request was sent and no TWH server said otherwise. A failure *settles* the call when
it is a TWH server's own answer, given after it looked the key up; anything a proxy says settles nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar, cast

from twh import models
from twh.call import Call, Headed
from twh.errors.hints import HINTS
from twh.errors.reading import read_error
from twh.errors.tree import ConnectionFailed, TimedOut, TwhError, UnreadableAnswer
from twh.profiles import Connection
from twh.wire import BrokenOff

T = TypeVar("T")

RETRIED_STATUSES = {408, 425, 429, 500, 502, 503, 504}
UNSETTLED_STATUSES = RETRIED_STATUSES | {401, 403}  # said before the key is looked up
NOTHING_RECORDED_CODES = {"overloaded", "internal"}  # said when the attempt surely left nothing behind


@dataclass(frozen=True, slots=True)
class Answer(Headed):
    """An answer, whole."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Lost:
    """No answer, or not a whole one."""

    why: Exception
    sent: bool
    """The server may have got the request."""
    timed_out: bool = False
    hopeless: bool = False
    """Trying again would end the same, as with an address that is none."""
    nobody_there: bool = False
    """No connection was made: nothing listens at the address."""


@dataclass(frozen=True, slots=True)
class Success(Generic[T]):
    value: T
    answer: Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    error: TwhError
    again: bool
    maybe_recorded: bool
    settles: bool
    retry_after: float | None = None
    nobody_there: bool = False


def judge(call: Call[T], outcome: Answer | Lost, to: Connection) -> Success[T] | Failure:
    if isinstance(outcome, Lost):
        return lost(outcome, to)
    if 200 <= outcome.status < 300:
        return read(call, outcome)
    return refused(call, outcome, to)


def lost(outcome: Lost, to: Connection) -> Failure:
    kind = TimedOut if outcome.timed_out else ConnectionFailed
    words = "did not answer in time" if outcome.timed_out else f"could not be asked: {outcome.why}"
    error = kind(
        f"{to.base_url} {words}",
        code="timed_out" if outcome.timed_out else "connection_failed",
        hint=HINTS["sandbox_down" if to.is_loopback and not outcome.sent else "connection_failed"],
    )
    error.__cause__ = outcome.why
    return Failure(
        error=error,
        again=not outcome.hopeless,
        maybe_recorded=outcome.sent,
        settles=False,
        nobody_there=outcome.nobody_there,
    )


def read(call: Call[T], answer: Answer) -> Success[T] | Failure:
    if answer.status == 204:
        return Success(cast("T", None), answer)
    if "json" not in answer.headers.get("content-type", ""):
        return Failure(error=unreadable(answer, "is not JSON"), again=False, maybe_recorded=True, settles=False)
    try:
        return Success(models.read(call.returns, answer.body), answer)
    except BrokenOff as why:  # as good as lost: another attempt may bring the whole of it
        return Failure(error=unreadable(answer, str(why)), again=True, maybe_recorded=True, settles=False)
    except ValueError as why:  # it was done; we only cannot read what was told about it
        return Failure(error=unreadable(answer, str(why)), again=False, maybe_recorded=False, settles=True)


def unreadable(answer: Answer, why: str) -> UnreadableAnswer:
    return UnreadableAnswer(
        f"the answer {why}",
        code="unreadable_answer",
        status=answer.status,
        request_id=answer.request_id,
        hint=HINTS["unreadable_answer"],
    )


def refused(call: Call[T], answer: Answer, to: Connection) -> Success[T] | Failure:
    error = read_error(answer.status, answer.headers, answer.body, to.base_url)
    if call.none_on is not None and error.code == call.none_on:
        return Success(cast("T", None), answer)
    ours = not str(error.code).startswith("http_")
    return Failure(
        error=error,
        again=answer.status in RETRIED_STATUSES,
        maybe_recorded=answer.status >= 500 and error.code not in NOTHING_RECORDED_CODES,
        settles=ours and answer.status >= 400 and answer.status not in UNSETTLED_STATUSES,
        retry_after=error.retry_after,
    )
