"""The errors that the SDK raises.

    TwhError
    ├── ConfigError                 no key, no address, or two that do not belong together
    ├── UnusableName                a name that cannot stand in an address; a ValueError too
    ├── ConnectionFailed            not reached, or the connection broke; nothing was changed
    ├── TimedOut                    no answer in time; nothing was changed
    ├── OutcomeUnknown              a change was sent, its answer was lost: settle it with its key
    ├── WebhookRejected             `.check` names what failed
    └── APIError                    the server answered with an error: one class a status, below it one a problem code
        ├── BadRequest              400  MalformedRequest, InvalidParameter, IdempotencyKeyMissing …
        ├── Unauthenticated         401  ApiKeyMistyped, ApiKeyUnknown, ApiKeyRevoked, ApiKeyExpired
        ├── Forbidden               403  ScopeMissing, TenantSuspended, TenantClosed
        ├── NotFound                404  ItemNotFound, EntryNotFound …
        ├── Conflict                409  InsufficientStock, StaleQuantity, EntryAlreadyReversed, SkuTaken …
        ├── PreconditionFailed      412  StaleVersion, AlreadyExists
        ├── Unprocessable           422  InvalidEntry (UnknownKind, ReasonRequired …), IdempotencyKeyReused …
        ├── TooManyRequests         429  RateLimited, TooManyAttempts
        ├── ServerError             5xx  Internal, Unavailable, Overloaded
        ├── Redirected              3xx
        └── UnreadableAnswer        a success that is not TWH's: a proxy, another server

All of them have `.message .code .status .request_id .idempotency_key .attempts .hint .docs_url .errors`, and all pickle.
"""

# Both modules name in __all__ what they give; a new problem code then needs no line here.
from twh.errors.problems import *  # noqa: F403  # pyright: ignore[reportWildcardImportFromLibrary]
from twh.errors.tree import *  # noqa: F403  # pyright: ignore[reportWildcardImportFromLibrary]
