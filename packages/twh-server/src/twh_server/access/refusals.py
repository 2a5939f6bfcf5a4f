"""Who is not let in, and why. What became of a key is told only to who holds its secret."""

from datetime import datetime

from twh_server.refusals import Refusal


class ApiKeyMistyped(Refusal):
    """This is not an API key.

    Copy the key again, whole: what was sent has not the form of a key, or its checksum does not fit. `detail`
    says which, and whether a test key was passed off as a live one.
    """

    def __init__(self, detail: str) -> None:
        super().__init__(f"{detail} Copy it again, whole.")


class ApiKeyUnknown(Refusal):
    """This server does not know the API key.

    Check the key and the address: it has the form of a key, but another server made it, or a sandbox that is
    gone.
    """

    def __init__(self) -> None:
        super().__init__("It has the form of a key, but it was made by another server, or in a sandbox that is gone.")


class ApiKeyRevoked(Refusal):
    """The API key was revoked.

    Use another key; `key` was revoked at `revoked_at`. Only who holds the key is told so.
    """

    def __init__(self, key: str, revoked_at: datetime) -> None:
        super().__init__(
            f"{key} was revoked and opens nothing any more. Use another key.",
            key=key,
            revoked_at=revoked_at,
        )


class ApiKeyExpired(Refusal):
    """The API key has expired.

    Use `successor`, when the key was rotated, or another key; `key` expired at `expired_at`.
    """

    def __init__(self, key: str, expired_at: datetime, successor: str | None) -> None:
        instead = f"{successor} has taken its place" if successor else "Use another key"
        super().__init__(f"{key} has expired. {instead}.", key=key, expired_at=expired_at, successor=successor)


class TooManyAttempts(Refusal):
    """Too many unknown API keys came from your address.

    Wait as `Retry-After` says, and check the key: too many unknown keys came from your address. Keys that were
    seen to work are not held up.
    """

    def __init__(self, retry_after_seconds: int) -> None:
        super().__init__(
            "A key that this server has not seen work yet is looked up again in a moment; keys that work are not held up.",
            retry_after_seconds=retry_after_seconds,
        )


class TenantSuspended(Refusal):
    """The tenant is suspended.

    Read, or ask whoever operates the server to resume the tenant: while it is suspended, nothing is changed.
    """

    def __init__(self) -> None:
        super().__init__("Everything can be read, and nothing changed, until whoever operates the server resumes it.")


class TenantClosed(Refusal):
    """The tenant is closed.

    Ask whoever operates the server: nothing of a closed tenant is read or changed.
    """

    def __init__(self) -> None:
        super().__init__("Nothing can be read or changed any more. Ask whoever operates the server.")
