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
