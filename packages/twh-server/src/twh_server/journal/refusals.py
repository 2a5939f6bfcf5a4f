"""What the journal itself refuses."""

from twh_server.refusals import Refusal

RETRY_AFTER_SECONDS = 1


class IdempotencyKeyReused(Refusal):
    """This idempotency key was used for another request.

    The key stands for another request. A new request has a new key.
    """

    def __init__(self, key: str) -> None:
        super().__init__("The key already stands for a different request. Use a new key for a new request.", key=key)


class Overloaded(Refusal):
    """Too much is waiting.

    Nothing was recorded. Wait as `Retry-After` says, send again with the same key.
    """

    def __init__(self) -> None:
        super().__init__(
            "The queue is full. Nothing was done; try again, with the same idempotency key if there is one."
        )


class Unavailable(Refusal):
    """The outcome cannot be told now.

    The outcome cannot be told now. Wait as `Retry-After` says, send again with the same key: it is recorded once.
    """

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail or "The database did not answer. Try again with the same idempotency key: it is safe.")
