"""One attempt: an event's exact bytes, signed, posted to a checked address, and what was answered within the deadline.

No redirect is followed, no proxy of the environment is used, no cookie is kept, nothing is unpacked. The status line
decides; of the body, the first few kilobytes are kept for whoever reads the attempt.
"""

import asyncio
import os
import ssl
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Self

import aiohttp
from aiohttp.abc import AbstractResolver
from yarl import URL

from twh_server import __version__
from twh_server.access.sealing import CannotUnseal, Sealer
from twh_server.access.tenants import TenantKind
from twh_server.database.identifiers import EVENT
from twh_server.webhooks import signing, targets
from twh_server.webhooks.claims import Claim
from twh_server.webhooks.dialing import CheckedResolver, CheckedSockets, open_resolver
from twh_server.webhooks.targets import Policies, Policy, TargetRefused

DEADLINE_SECONDS = 15.0
"""For all of an attempt: finding the address, connecting, sending, and the answer."""
RESPONSE_BYTES_MAX = 4_096
ERROR_BYTES_MAX = 500
RETRY_AFTER_MAX = timedelta(hours=24)
"""For longer than this no endpoint puts us off."""

_PUTS_OFF = frozenset({429, 503})

# Shorter than the five seconds after which many servers close a connection that is idle: it is not used just then.
KEEP_ALIVE_SECONDS = 2.0

_HEADERS = {
    "user-agent": f"TWH/{__version__}",
    "accept": "*/*",
    "accept-encoding": "identity",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Answered:
    """What came of an attempt: a status with the beginning of the body, or the reason why there is none."""

    milliseconds: int
    status: int | None = None
    response: str | None = None
    error: str | None = None
    retry_after: timedelta | None = None
    """How long the endpoint asks to be left alone from now on: what Retry-After says beside a 429 or 503."""

    @property
    def delivered(self) -> bool:
        """Whether the endpoint has taken the event: any 2xx."""
        return self.status is not None and 200 <= self.status < 300


class Sender:
    """Sends for every tenant, each under the policy of its kind. An async context manager: open once, close at the end."""

    def __init__(
        self,
        sealer: Sealer,
        *,
        policies: Policies = targets.LOCAL,
        deadline_seconds: float = DEADLINE_SECONDS,
        resolver: Callable[[], AbstractResolver] = open_resolver,
        trusted: ssl.SSLContext | None = None,
    ) -> None:
        """`resolver` opens what finds addresses; `trusted` are other certificates than the system's."""
        self._sealer = sealer
        self._policies = policies
        self._deadline_seconds = deadline_seconds
        self._open_resolver = resolver
        self._trusted = trusted
        self._sessions: dict[tuple[TenantKind, bool], aiohttp.ClientSession] = {}
        self._open = AsyncExitStack()

    async def __aenter__(self) -> Self:
        resolver = self._open_resolver()
        self._open.push_async_callback(resolver.close)
        for kind, policy in self._policies.items():
            # A session for each policy: a connection that one may use is never handed to the other.
            for inside in {False, True} if policy.allowed.hosts else {policy.inside}:
                session = _session(replace(policy, inside=inside), resolver, self._trusted)
                self._sessions[kind, inside] = await self._open.enter_async_context(session)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._open.aclose()

    async def send(self, claim: Claim, *, at: datetime) -> Answered:
        """Make one attempt; whatever goes wrong is in the answer."""
        begun = time.perf_counter()
        status: int | None = None
        kept = bytearray()
        error: str | None = None
        retry_after: timedelta | None = None
        try:
            url = URL(claim.url, encoded=True)
            policy = targets.check(url, self._policies[claim.tenant_kind])
            session, headers = self._sessions[claim.tenant_kind, policy.inside], self._headers(claim, at)
            async with (
                asyncio.timeout(self._deadline_seconds),
                session.post(url, data=claim.body, headers=headers, allow_redirects=False) as response,
            ):
                status = response.status
                if status in _PUTS_OFF:
                    retry_after = put_off(response.headers.get("retry-after", ""), at=at)
                await _read(response, kept)
        except TimeoutError:
            error = f"There was no complete answer within {self._deadline_seconds:g} seconds."
        except (aiohttp.ClientError, OSError, ValueError, CannotUnseal) as fault:
            error = reason_of(fault)
        return Answered(
            milliseconds=round((time.perf_counter() - begun) * 1000),
            status=status,
            response=_text(kept) if status is not None else None,
            error=_text(error.encode()[:ERROR_BYTES_MAX]) if error else None,
            retry_after=retry_after,
        )

    def _headers(self, claim: Claim, at: datetime) -> dict[str, str]:
        secrets = [
            self._sealer.open_secret(sealed, tenant=claim.tenant, endpoint=claim.endpoint)
            for sealed in claim.sealed_secrets
        ]
        signed = signing.headers(
            secrets, message_id=EVENT.text(claim.event), timestamp=int(at.timestamp()), body=claim.body
        )
        return {**_HEADERS, "content-type": claim.content_type, **signed}


def put_off(retry_after: str, *, at: datetime) -> timedelta | None:
    """How long a Retry-After of seconds or of an HTTP date asks to wait, a day at most; None when it says neither."""
    if retry_after.isascii() and retry_after.isdigit():
        # Far more digits than a day has seconds are the longest wait, too, and no number that anybody has to compute.
        return min(timedelta(seconds=int(retry_after[:9])), RETRY_AFTER_MAX)
    try:
        until = parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    wait = (until if until.tzinfo else until.replace(tzinfo=UTC)) - at
    return min(max(wait, timedelta()), RETRY_AFTER_MAX)


def reason_of(fault: Exception) -> str:
    """Why an attempt got no answer, in a sentence."""
    match fault:
        case TargetRefused() | CannotUnseal():
            return str(fault)
        case aiohttp.ClientConnectorCertificateError(certificate_error=ssl.SSLCertVerificationError() as rejected):
            return f"The certificate was not accepted: {rejected.verify_message.rstrip('.')}."
        case aiohttp.ClientConnectorDNSError() if not isinstance(fault.os_error, TargetRefused):
            return f"The name {fault.host} has no address: {fault.os_error.strerror}."
        case aiohttp.ClientConnectorError():
            return _no_connection(fault.os_error)
        case aiohttp.ClientResponseError():
            return f"The answer is not HTTP as we know it: {fault.message}."
        case aiohttp.ClientConnectionError() | ConnectionError():
            return "The connection was closed before there was an answer."
        case _:
            return f"{type(fault).__name__}: {fault}"


def _no_connection(fault: OSError) -> str:
    match fault:
        case TargetRefused():
            return str(fault)
        case ssl.SSLError():
            return f"No secure connection came about: {fault.reason}."
        case _:
            return f"There was no connection: {os.strerror(fault.errno) if fault.errno else fault}."


def _session(policy: Policy, resolver: AbstractResolver, trusted: ssl.SSLContext | None) -> aiohttp.ClientSession:
    connector = aiohttp.TCPConnector(
        resolver=CheckedResolver(policy, resolver),
        socket_factory=CheckedSockets(policy),
        ssl=trusted or True,
        limit=0,  # how much is under way at once is decided by whoever claims
        keepalive_timeout=KEEP_ALIVE_SECONDS,
    )
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None, connect=None, sock_connect=None, sock_read=None),
        trust_env=False,
        auto_decompress=False,
    )


async def _read(response: aiohttp.ClientResponse, kept: bytearray) -> None:
    """Read the beginning of a body. What is longer is not read on: the connection is closed instead."""
    while len(kept) < RESPONSE_BYTES_MAX:
        chunk = await response.content.read(RESPONSE_BYTES_MAX - len(kept))
        if not chunk:
            return
        kept += chunk
    if not response.content.at_eof():
        response.close()


def _text(raw: bytes | bytearray) -> str:
    """Bytes as text that the database can keep: no NUL, and a sign in the place of what is no UTF-8."""
    return raw.decode(errors="replace").replace("\x00", "\ufffd")
