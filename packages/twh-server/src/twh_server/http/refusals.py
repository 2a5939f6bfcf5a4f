"""What HTTP itself refuses, before any command is made."""

from collections.abc import Sequence

from twh_server.refusals import Problem, Refusal


class MalformedRequest(Refusal):
    """The request cannot be read.

    Send JSON with the fields and types of the operation. Unknown fields and NUL characters are refused too;
    `errors` has them all.
    """

    def __init__(self, detail: str, errors: Sequence[Problem] = ()) -> None:
        super().__init__(detail, errors=errors)


class InvalidParameter(Refusal):
    """A query parameter cannot be used.

    Look in `errors`: a query parameter is unknown, stands twice, is out of bounds, or is a cursor that no answer
    gave.
    """

    def __init__(self, errors: Sequence[Problem]) -> None:
        super().__init__("Each parameter that cannot be used is named in errors.", errors=errors)


class IdempotencyKeyMissing(Refusal):
    """This request needs an idempotency key.

    Send `Idempotency-Key` with a fresh value for each new request. The SDK always does.
    """

    def __init__(self) -> None:
        super().__init__("Send an Idempotency-Key header with a new value for each new request; a UUID will do.")


class IdempotencyKeyMalformed(Refusal):
    """The idempotency key cannot be used.

    Use 1 to 255 visible ASCII characters.
    """

    def __init__(self) -> None:
        super().__init__("An Idempotency-Key has 1 to 255 visible ASCII characters.")


class Unauthenticated(Refusal):
    """No API key was sent.

    Send `Authorization: Bearer twh_…` with your key.
    """

    def __init__(self) -> None:
        super().__init__("Send `Authorization: Bearer twh_…`, with your key in the place of twh_….")


class ScopeMissing(Refusal):
    """The API key does not allow this.

    Use a key with the scope that `scope` names.
    """

    def __init__(self, scope: str) -> None:
        super().__init__(f"The key lacks the scope {scope}.", scope=scope)


class RateLimited(Refusal):
    """The API key asks too often.

    Wait as `Retry-After` says, send again with the same key. `RateLimit` on every answer says how much is left;
    `requests` in `window_seconds` are allowed.
    """

    def __init__(self, requests: int, window_seconds: int, retry_after_seconds: int) -> None:
        super().__init__(
            f"A key may make {requests:,} requests in {window_seconds:,} seconds. Nothing was recorded.",
            requests=requests,
            window_seconds=window_seconds,
            retry_after_seconds=retry_after_seconds,
        )


class NotFound(Refusal):
    """There is nothing at this address.

    Check the path: nothing is served there.
    """

    def __init__(self, path: str) -> None:
        super().__init__(f"Nothing is served at {path}.")


class IdempotencyKeyNotFound(Refusal):
    """Nothing is recorded under this idempotency key.

    This means *unknown*, not *failed*: the first attempt may still be under way. Send the request again with the
    key; that settles it.
    """

    def __init__(self, key: str) -> None:
        super().__init__(
            "The outcome is unknown: the first attempt may still be under way. Only a retry with the key settles it.",
            key=key,
        )


class MethodNotAllowed(Refusal):
    """This address does not know the method.

    Use a method that `Allow` lists.
    """

    def __init__(self, method: str, allowed: str) -> None:
        super().__init__(f"{method} is not served here.", allowed=allowed)


class NotAcceptable(Refusal):
    """The answer would not be acceptable.

    Accept `application/json` and `application/problem+json`.
    """

    def __init__(self) -> None:
        super().__init__("Answers are application/json, refusals application/problem+json. Accept them.")


class BodyTooLarge(Refusal):
    """The body is too large.

    Send less at once; `bytes_max` is the limit.
    """

    def __init__(self, bytes_max: int) -> None:
        super().__init__(f"A body has at most {bytes_max:,} bytes.", bytes_max=bytes_max)


class NotJson(Refusal):
    """The body is not JSON.

    Send `Content-Type: application/json`.
    """

    def __init__(self) -> None:
        super().__init__("Send the body as JSON, with `Content-Type: application/json`.")


class BodyEncoded(Refusal):
    """The body is compressed or otherwise encoded.

    Send the body as it is, without `Content-Encoding`.
    """

    def __init__(self) -> None:
        super().__init__("Bodies are read as they are sent: leave Content-Encoding out, or say identity.")


class TargetTooLong(Refusal):
    """The address is too long.

    Shorten the query; `bytes_max` is the limit of path and query together.
    """

    def __init__(self, bytes_max: int) -> None:
        super().__init__(f"Path and query have at most {bytes_max:,} bytes together.", bytes_max=bytes_max)


class HeadersTooLarge(Refusal):
    """The headers are too large.

    Send fewer or shorter headers; `bytes_max` is the limit of all together.
    """

    def __init__(self, bytes_max: int) -> None:
        super().__init__(f"All headers together have at most {bytes_max:,} bytes.", bytes_max=bytes_max)


class RequestTimeout(Refusal):
    """The request did not arrive in time.

    Send the body faster, then again with the same key.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__(f"The body has to arrive within {seconds:g} seconds.")


class Internal(Refusal):
    """Something went wrong in the server.

    The fault is ours. Report it with the `request_id`. Sending again with the same key is safe.
    """

    def __init__(self) -> None:
        super().__init__("The fault is ours and was logged under this request's id.")
