"""What the webhooks refuse."""

from collections.abc import Sequence

from twh_server.refusals import Problem, Refusal


class EndpointNotFound(Refusal):
    """There is no such webhook endpoint.

    Check the id; it may have been deleted.
    """

    def __init__(self, endpoint: str) -> None:
        super().__init__(f"No webhook endpoint has the id {endpoint!r}.", endpoint=endpoint)


class DeliveryNotFound(Refusal):
    """There is no such delivery.

    Check the id.
    """

    def __init__(self, delivery: str) -> None:
        super().__init__(f"No delivery has the id {delivery!r}.", delivery=delivery)


class InvalidEndpoint(Refusal):
    """The webhook endpoint does not make sense.

    Each value that cannot be used is in `errors`: an address that may not be called, a kind that does not exist.
    """

    def __init__(self, errors: Sequence[Problem]) -> None:
        super().__init__("Some values of the endpoint cannot be used; each is named in errors.", errors=errors)


class TooManyEndpoints(Refusal):
    """There are too many webhook endpoints.

    Delete an endpoint that is no longer wanted; `endpoints_max` is the limit.
    """

    def __init__(self, endpoints_max: int) -> None:
        super().__init__(
            f"A tenant has at most {endpoints_max} webhook endpoints. Delete one that is no longer wanted.",
            endpoints_max=endpoints_max,
        )


class ReplayNotFound(Refusal):
    """There is no such replay.

    Check the id.
    """

    def __init__(self, replay: str) -> None:
        super().__init__(f"No replay has the id {replay!r}.", replay=replay)


class InvalidReplay(Refusal):
    """The replay does not make sense.

    Each value that cannot be used is in `errors`: an endpoint or a kind that does not exist, a window that is missing or
    too wide.
    """

    def __init__(self, errors: Sequence[Problem]) -> None:
        super().__init__("Some values of the replay cannot be used; each is named in errors.", errors=errors)


class ReplayIsFinished(Refusal):
    """The replay is finished.

    There is nothing left of it to cancel or to resume; start another one.
    """

    def __init__(self, replay: str) -> None:
        super().__init__(f"The replay {replay!r} is finished. Start another one.", replay=replay)


class TooManyReplays(Refusal):
    """There are too many replays running.

    Wait until some are finished, or cancel some; `replays_max` is the limit. One replay of a window does the work of many
    retries.
    """

    def __init__(self, replays_max: int) -> None:
        super().__init__(
            f"At most {replays_max} replays of a tenant run at once. Wait for some, or cancel them.",
            replays_max=replays_max,
        )
