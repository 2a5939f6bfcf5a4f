"""What is said to who asks: about the key, what it may do, the tenant whose it is; and about the keys that one keeps."""

from __future__ import annotations

from twh.errors.tree import APIError, Conflict, Forbidden, NotFound, TooManyRequests, Unauthenticated, Unprocessable

__all__ = [
    "ApiKeyAlreadyRotated",
    "ApiKeyEnded",
    "ApiKeyExpired",
    "ApiKeyMistyped",
    "ApiKeyNotFound",
    "ApiKeyRevoked",
    "ApiKeyUnknown",
    "InvalidApiKey",
    "RateLimited",
    "ScopeMissing",
    "TenantClosed",
    "TenantSuspended",
    "TooManyApiKeys",
    "TooManyAttempts",
]


class ApiKeyMistyped(Unauthenticated):
    """What was sent is no API key: its form or its checksum does not fit."""


class ApiKeyUnknown(Unauthenticated):
    """The server does not know this key: another server made it, or a sandbox that is gone."""


class ApiKeyRevoked(Unauthenticated):
    """The key was revoked."""

    @property
    def key(self) -> str | None:
        return self.text("key")


class ApiKeyExpired(Unauthenticated):
    """The key has expired."""

    @property
    def key(self) -> str | None:
        return self.text("key")

    @property
    def successor(self) -> str | None:
        """The key that has taken its place, when it was rotated."""
        return self.text("successor")


class TooManyAttempts(TooManyRequests):
    """Too many unknown keys came from this address; `.retry_after` says when a new one is looked up again."""


class RateLimited(TooManyRequests):
    """The API key asks too often; `.retry_after` says when to come back. The SDK waits by itself while the deadline allows."""


class ScopeMissing(Forbidden):
    """The key lacks a scope."""

    @property
    def scope(self) -> str | None:
        return self.text("scope")


class TenantSuspended(Forbidden):
    """The tenant is suspended: everything can be read, nothing changed."""


class TenantClosed(Forbidden):
    """The tenant is closed: nothing can be read or changed."""


class ApiKeyNotFound(NotFound):
    """There is no such API key."""


class ApiKeyEnded(Conflict):
    """The key was revoked or has expired, for good."""


class ApiKeyAlreadyRotated(Conflict):
    """The key was rotated before."""

    @property
    def successor(self) -> str | None:
        """The key that has taken its place."""
        return self.text("successor")


class TooManyApiKeys(Conflict):
    """There are too many API keys that work."""


class InvalidApiKey(Unprocessable):
    """The key makes no sense: `.errors` names everything that is wrong."""


BY_CODE: dict[str, type[APIError]] = {
    "api_key_already_rotated": ApiKeyAlreadyRotated,
    "api_key_ended": ApiKeyEnded,
    "api_key_expired": ApiKeyExpired,
    "api_key_mistyped": ApiKeyMistyped,
    "api_key_not_found": ApiKeyNotFound,
    "api_key_revoked": ApiKeyRevoked,
    "api_key_unknown": ApiKeyUnknown,
    "invalid_api_key": InvalidApiKey,
    "rate_limited": RateLimited,
    "scope_missing": ScopeMissing,
    "tenant_closed": TenantClosed,
    "tenant_suspended": TenantSuspended,
    "too_many_api_keys": TooManyApiKeys,
    "too_many_attempts": TooManyAttempts,
}
