"""What HTTP itself refuses, before any command is made."""

from collections.abc import Sequence

from twh_server.refusals import Problem, Refusal


class MalformedRequest(Refusal):
    """The request cannot be read."""

    def __init__(self, detail: str, errors: Sequence[Problem] = ()) -> None:
        super().__init__(detail, errors=errors)


class InvalidParameter(Refusal):
    """A query parameter cannot be used."""

    def __init__(self, errors: Sequence[Problem]) -> None:
        super().__init__("Each parameter that cannot be used is named in errors.", errors=errors)


class IdempotencyKeyMissing(Refusal):
    """This request needs an idempotency key."""

    def __init__(self) -> None:
        super().__init__("Send an Idempotency-Key header with a new value for each new request; a UUID will do.")


class IdempotencyKeyMalformed(Refusal):
    """The idempotency key cannot be used."""

    def __init__(self) -> None:
        super().__init__("An Idempotency-Key has 1 to 255 visible ASCII characters.")


class Unauthenticated(Refusal):
    """No API key was sent."""

    def __init__(self) -> None:
        super().__init__("Send `Authorization: Bearer twh_…`, with your key in the place of twh_….")


class ScopeMissing(Refusal):
    """The API key does not allow this."""

    def __init__(self, scope: str) -> None:
        super().__init__(f"The key lacks the scope {scope}.", scope=scope)


class NotFound(Refusal):
    """There is nothing at this address."""

    def __init__(self, path: str) -> None:
        super().__init__(f"Nothing is served at {path}.")


class IdempotencyKeyNotFound(Refusal):
    """Nothing is recorded under this idempotency key."""

    def __init__(self, key: str) -> None:
        super().__init__(
            "The outcome is unknown: the first attempt may still be under way. Only a retry with the key settles it.",
            key=key,
        )


class MethodNotAllowed(Refusal):
    """This address does not know the method."""

    def __init__(self, method: str, allowed: str) -> None:
        super().__init__(f"{method} is not served here.", allowed=allowed)


class NotAcceptable(Refusal):
    """The answer would not be acceptable."""

    def __init__(self) -> None:
        super().__init__("Answers are application/json, refusals application/problem+json. Accept them.")


class BodyTooLarge(Refusal):
    """The body is too large."""

    def __init__(self, bytes_max: int) -> None:
        super().__init__(f"A body has at most {bytes_max:,} bytes.", bytes_max=bytes_max)


class NotJson(Refusal):
    """The body is not JSON."""

    def __init__(self) -> None:
        super().__init__("Send the body as JSON, with `Content-Type: application/json`.")


class RequestTimeout(Refusal):
    """The request did not arrive in time."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"The body has to arrive within {seconds:g} seconds.")


class Internal(Refusal):
    """Something went wrong in the server."""

    def __init__(self) -> None:
        super().__init__("The fault is ours and was logged under this request's id.")
