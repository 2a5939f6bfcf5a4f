"""What is refused about a tenant's API keys."""

from collections.abc import Sequence
from datetime import datetime

from twh_server.refusals import Problem, Refusal


class ApiKeyNotFound(Refusal):
    """There is no such API key.

    Check the id.
    """

    def __init__(self, key: str) -> None:
        super().__init__(f"No API key has the id {key!r}.", key=key)


class InvalidApiKey(Refusal):
    """The API key does not make sense.

    Each value that cannot be used is in `errors`: a role beside scopes, or neither; a role or a scope that does not
    exist; an end that has passed.
    """

    def __init__(self, errors: Sequence[Problem]) -> None:
        super().__init__("Some values of the key cannot be used; each is named in errors.", errors=errors)


class TooManyApiKeys(Refusal):
    """There are too many API keys.

    Revoke keys that nobody uses: `last_used_at` tells. `keys_max` is the limit.
    """

    def __init__(self, keys_max: int) -> None:
        super().__init__(f"A tenant has at most {keys_max:,} keys that work. Revoke one first.", keys_max=keys_max)


class ApiKeyEnded(Refusal):
    """The API key has ended.

    A key that was revoked or has expired stays so. Create another.
    """

    def __init__(self, key: str, ended_at: datetime) -> None:
        super().__init__(f"{key} was revoked or has expired, which is for good. Create another.", ended_at=ended_at)


class ApiKeyAlreadyRotated(Refusal):
    """The API key has been rotated.

    `successor` has taken its place: rotate that.
    """

    def __init__(self, key: str, successor: str) -> None:
        super().__init__(f"{successor} has taken the place of {key}. Rotate that.", successor=successor)
