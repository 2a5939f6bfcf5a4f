"""The errors that do not depend on the problem catalogue: what went wrong on the way, and one class a status."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from types import MappingProxyType

__all__ = [
    "APIError",
    "BadRequest",
    "BodyTooLarge",
    "ConfigError",
    "Conflict",
    "ConnectionFailed",
    "ErrorDetail",
    "Forbidden",
    "Internal",
    "MethodNotAllowed",
    "NotAcceptable",
    "NotFound",
    "NotModified",
    "OutcomeUnknown",
    "PreconditionFailed",
    "PreconditionRequired",
    "Redirected",
    "RequestTooSlow",
    "ServerError",
    "TimedOut",
    "TooManyRequests",
    "TwhError",
    "Unauthenticated",
    "Unavailable",
    "Unprocessable",
    "UnreadableAnswer",
    "UnsupportedMediaType",
    "UnusableName",
    "WebhookRejected",
]

ERRORS_SHOWN_MAX = 10


@dataclass(frozen=True, slots=True)
class ErrorDetail:
    """One of the things that are wrong with a request."""

    pointer: str | None
    """Where in the body, as a JSON pointer: `/lines/0/item`."""
    code: str
    message: str


class TwhError(Exception):
    """Anything that the SDK raises on its own account."""

    def __init__(
        self,
        message: str = "",
        *,
        code: str | None = None,
        status: int | None = None,
        request_id: str | None = None,
        idempotency_key: str | None = None,
        attempts: int = 0,
        hint: str | None = None,
        docs_url: str | None = None,
        errors: Sequence[ErrorDetail] = (),
    ) -> None:
        super().__init__(message)  # the one argument, so that the error pickles: the rest travels as attributes
        self.message = message
        self.code = code
        self.status = status
        self.request_id = request_id
        self.idempotency_key = idempotency_key
        self.attempts = attempts
        self.hint = hint
        self.docs_url = docs_url
        self.errors = tuple(errors)


class ConfigError(TwhError):
    """There is no key or no address, or one that cannot work."""


class UnusableName(TwhError, ValueError):
    """A name that cannot stand in an address: it is empty, or `.` or `..`, and would address something else."""


class ConnectionFailed(TwhError):
    """The server was not reached, or the connection broke; nothing was changed by this call."""


class TimedOut(TwhError):
    """The server did not answer in time; nothing was changed by this call."""


class OutcomeUnknown(TwhError):
    """A change was sent and its answer was lost: it may have happened or not.

    Only a retry with the same `idempotency_key` settles it; it is never recorded twice.
    """


class WebhookRejected(TwhError):
    """What arrived is not a webhook of ours: `.check` names what failed, `.hint` says what to look at.

    A check is one of `missing_header`, `malformed_timestamp`, `too_old`, `too_new`, `unknown_version`, `no_match`; and
    when the signature is right, `not_json` or `not_an_event`.
    """

    def __init__(self, message: str = "", *, check: str = "", hint: str | None = None) -> None:
        super().__init__(message, code=f"webhook_{check}", hint=hint)
        self.check = check


class APIError(TwhError):
    """The server answered, and the answer is an error."""

    facts: Mapping[str, object] = MappingProxyType({})
    """What the problem tells besides its text: `available`, `line`, `version` …"""
    retry_after: float | None = None
    """Seconds to wait, when the server said so."""

    def __str__(self) -> str:
        """What happened, and where in the request: one line for each of several errors."""
        at = f" at {self.errors[0].pointer}" if len(self.errors) == 1 and self.errors[0].pointer else ""
        where = f", request {self.request_id}" if self.request_id else ""
        told = f"{self.message} [{self.status} {self.code}{at}{where}]"
        if len(self.errors) < 2:
            return told
        lines = [f"  {one.pointer or one.code}: {one.message}" for one in self.errors[:ERRORS_SHOWN_MAX]]
        more = len(self.errors) - len(lines)
        return "\n".join([told, *lines, *([f"  and {more} more in .errors"] if more else [])])

    def decimal(self, fact: str) -> Decimal | None:
        try:
            return Decimal(str(self.facts[fact]))
        except (KeyError, InvalidOperation):
            return None

    def whole(self, fact: str) -> int | None:
        value = self.facts.get(fact)
        return value if isinstance(value, int) else None

    def flag(self, fact: str) -> bool | None:
        value = self.facts.get(fact)
        return value if isinstance(value, bool) else None

    def moment(self, fact: str) -> datetime | None:
        try:
            return datetime.fromisoformat(str(self.facts[fact]))
        except (KeyError, ValueError):
            return None

    def text(self, fact: str) -> str | None:
        value = self.facts.get(fact)
        return value if isinstance(value, str) else None


class UnreadableAnswer(APIError):
    """The answer is not what TWH sends: a proxy, a login page, or the address of something else."""


class Redirected(APIError):
    """The server points elsewhere. The SDK does not follow: a key goes only to the address that it was meant for."""


class NotModified(APIError):
    """The version that you have is the current one (304)."""


class BadRequest(APIError):
    """The request has not the form of one (400)."""


class Unauthenticated(APIError):
    """There is no key, or not a valid one (401)."""


class Forbidden(APIError):
    """The key is not allowed to do this (403)."""


class NotFound(APIError):
    """There is no such thing (404)."""


class MethodNotAllowed(APIError):
    """This cannot be done to it (405)."""


class NotAcceptable(APIError):
    """The server speaks only JSON (406)."""


class RequestTooSlow(APIError):
    """The request took too long to arrive (408)."""


class Conflict(APIError):
    """The present state refuses it (409)."""


class PreconditionFailed(APIError):
    """It has changed since it was read (412)."""


class BodyTooLarge(APIError):
    """The request is too large (413)."""


class UnsupportedMediaType(APIError):
    """The body is not JSON (415)."""


class Unprocessable(APIError):
    """Well-formed, but it makes no sense (422)."""


class PreconditionRequired(APIError):
    """Say which version you mean (428)."""


class TooManyRequests(APIError):
    """The key asks too often (429)."""


class ServerError(APIError):
    """The server failed (5xx)."""


class Internal(ServerError):
    """Something broke inside the server; nothing was recorded (500)."""


class Unavailable(ServerError):
    """The server cannot do it now (503)."""


BY_STATUS: dict[int, type[APIError]] = {
    304: NotModified,
    400: BadRequest,
    401: Unauthenticated,
    403: Forbidden,
    404: NotFound,
    405: MethodNotAllowed,
    406: NotAcceptable,
    408: RequestTooSlow,
    409: Conflict,
    412: PreconditionFailed,
    413: BodyTooLarge,
    415: UnsupportedMediaType,
    422: Unprocessable,
    428: PreconditionRequired,
    429: TooManyRequests,
    500: Internal,
    503: Unavailable,
}


def of_status(status: int) -> type[APIError]:
    if status in BY_STATUS:
        return BY_STATUS[status]
    if 300 <= status < 400:
        return Redirected
    return ServerError if status >= 500 else APIError
