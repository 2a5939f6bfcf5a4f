"""The rate limit as callers see it: the headers on every answer to a key, and the refusal.

The headers are those of the IETF draft "RateLimit header fields for HTTP": the policy, and how the key stands.
"""

from functools import cache
from uuid import UUID

from twh_server.access.rates import Rate, Taken
from twh_server.access.shared_rates import Rates
from twh_server.http.refusals import RateLimited

COUNTED = ("RateLimit-Policy", "RateLimit")
"""The headers on every answer to a valid key, where the server counts requests."""


async def take(rates: Rates, key: UUID) -> Taken:
    """Count a request of a key. Only where the buckets are shared does it wait, and never for long."""
    taken = rates.take(key)
    return taken if isinstance(taken, Taken) else await taken


def require(rate: Rate, taken: Taken) -> None:
    """Raise RateLimited when the key has asked too often."""
    if not taken.allowed:
        raise RateLimited(rate.requests, rate.seconds, taken.retry_seconds)


def headers(rate: Rate, taken: Taken) -> dict[str, str]:
    """`q` requests in `w` seconds are allowed; `r` are left now, and in `t` seconds all of them will be."""
    return {
        "RateLimit-Policy": _policy(rate),
        "RateLimit": f'"default";r={taken.remaining};t={taken.full_seconds}',
    }


@cache
def _policy(rate: Rate) -> str:
    return f'"default";q={rate.requests};w={rate.seconds}'
