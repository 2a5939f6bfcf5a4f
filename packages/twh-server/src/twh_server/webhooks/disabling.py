"""Disabling endpoints: those that have been failing for five days, after a warning, and those that say they are gone.

A disabled endpoint holds its deliveries like one that was paused, and sends them when it is enabled again.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import msgspec

from twh_server.database.engine import Database, Row, Transient
from twh_server.database.identifiers import ENDPOINT, EndpointId, TenantId
from twh_server.journal.commands import Effects, Facts, Moment, Read
from twh_server.journal.refusals import Overloaded, Unavailable
from twh_server.journal.versions import news_of
from twh_server.journal.writer import Writer
from twh_server.webhooks import endpoints
from twh_server.webhooks.claims import Result
from twh_server.webhooks.endpoint_commands import stored
from twh_server.webhooks.endpoints import DisabledBecause, EndpointRow

WARN_AFTER = timedelta(days=3)
DISABLE_AFTER = timedelta(days=5)
WARNED_BEFORE = DISABLE_AFTER - WARN_AFTER
"""So much time there always is: whoever was not warned when it was due, for we were away ourselves, is given it, too."""
LOOK_SECONDS = 60.0
FOUND_MAX = 100

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class WarnOfEndpoint:
    """Tell that an endpoint will be disabled, unless something arrives there."""

    endpoint: EndpointId
    failing_since: datetime
    disabled_at: datetime
    weight: Final = 1

    def asks(self) -> Iterable[tuple[Read, Row]]:
        """The endpoint."""
        yield endpoints.ENDPOINTS, (self.endpoint,)

    def decide(self, facts: Facts, moment: Moment) -> Effects[None]:
        """The news, if the endpoint is enabled."""
        _ = moment
        endpoint = _enabled(facts, self.endpoint)
        if endpoint is None:
            return Effects(result=None)
        told = endpoint.shown_failing("failing", self.failing_since, self.disabled_at)
        return Effects(result=None, news=[news_of("endpoint.disabling", told, subject=endpoint.id)])


@dataclass(frozen=True, kw_only=True, slots=True)
class DisableEndpoint:
    """Disable an endpoint that takes nothing any more."""

    endpoint: EndpointId
    because: DisabledBecause
    failing_since: datetime
    url: str | None = None
    """Where it was gone: since then it may have moved."""
    weight: Final = 1

    def asks(self) -> Iterable[tuple[Read, Row]]:
        """The endpoint."""
        yield endpoints.ENDPOINTS, (self.endpoint,)

    def decide(self, facts: Facts, moment: Moment) -> Effects[EndpointRow | None]:
        """The disabled endpoint; None when it was disabled or deleted already, or has moved."""
        endpoint = _enabled(facts, self.endpoint)
        if endpoint is None or self.url not in (None, endpoint.url):
            return Effects(result=None)
        disabled = msgspec.structs.replace(
            endpoint,
            enabled=False,
            disabled_because=self.because,
            version=endpoint.version + 1,
            updated_at=moment.recorded_at,
        )
        told = disabled.shown_failing(self.because, self.failing_since, moment.recorded_at)
        effects = stored(disabled, "endpoint.disabled", before=endpoint, told=told)
        return Effects(result=disabled, rows=effects.rows, news=effects.news, known=effects.known)


def nobody(_: DisabledBecause) -> None:
    """Nobody wants to know of a disabled endpoint."""


class Watch:
    """Looks after endpoints that fail, for all processes or beside others that do. `run` runs until it is cancelled."""

    def __init__(
        self,
        database: Database,
        writer: Writer,
        *,
        clock: Callable[[], datetime],
        disabled: Callable[[DisabledBecause], None] = nobody,
    ) -> None:
        self._database = database
        self._writer = writer
        self._clock = clock
        self._disabled = disabled
        self._gone: dict[EndpointId, Result] = {}
        self._woken = asyncio.Event()

    def gone(self, result: Result) -> None:
        """An endpoint has answered that it is gone."""
        self._gone[result.claim.endpoint] = result
        self._woken.set()

    async def run(self) -> None:
        """Look now and then, and at once when an endpoint is gone."""
        while True:
            self._woken.clear()
            try:
                await self.look()
            except Transient as loss:
                _log.warning("failing endpoints could not be looked after: %s", loss)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), LOOK_SECONDS)

    async def look(self) -> None:
        """Disable who is gone or has failed for too long, and warn of who soon will have."""
        for endpoint, result in list(self._gone.items()):
            command = DisableEndpoint(endpoint=endpoint, because="gone", failing_since=result.at, url=result.claim.url)
            if await self._went_well(self._disable(result.claim.tenant, command)):
                del self._gone[endpoint]
        for tenant, endpoint, failing_since in await self._failing():
            await self._went_well(self._judge(tenant, endpoint, failing_since))

    async def _failing(self) -> list[Row]:
        async with self._database.workers.connection() as connection:
            return await (await connection.execute(FAILING, self._limits())).fetchall()

    async def _judge(self, tenant: TenantId, endpoint: EndpointId, failing_since: datetime) -> None:
        """Warn of an endpoint or disable it, while nobody else can, nor anything arrive there in between."""
        whose = {"tenant": tenant, "endpoint": endpoint, "since": failing_since, **self._limits()}
        async with self._database.workers.connection() as tx, tx.transaction():
            found = await (await tx.execute(STILL_FAILING, whose)).fetchone()
            if found is None:
                return
            (warned_at,) = found
            if warned_at is None:
                disabled_at = max(failing_since + DISABLE_AFTER, self._clock() + WARNED_BEFORE)
                await self._writer.do(
                    tenant, WarnOfEndpoint(endpoint=endpoint, failing_since=failing_since, disabled_at=disabled_at)
                )
                await tx.execute(WARNED, whose)
            else:
                await self._disable(
                    tenant, DisableEndpoint(endpoint=endpoint, because="failing", failing_since=failing_since)
                )

    def _limits(self) -> Mapping[str, object]:
        now = self._clock()
        return {
            "now": now,
            "warn_since": now - WARN_AFTER,
            "disable_since": now - DISABLE_AFTER,
            "warned_since": now - WARNED_BEFORE,
            "limit": FOUND_MAX,
        }

    async def _went_well(self, doing: Awaitable[None]) -> bool:
        """Whether it did; what did not is tried again with the next look, and keeps nobody else waiting."""
        try:
            await doing
        except (*Transient, Overloaded, Unavailable) as loss:
            _log.warning("a failing endpoint could not be looked after yet: %s", loss)
        except Exception:  # noqa: BLE001  # one endpoint's fault is no other's
            _log.exception("a failing endpoint cannot be looked after")
        else:
            return True
        return False

    async def _disable(self, tenant: TenantId, command: DisableEndpoint) -> None:
        if await self._writer.do(tenant, command) is not None:
            _log.warning("endpoint %s was disabled: it is %s", ENDPOINT.text(command.endpoint), command.because)
            self._disabled(command.because)


def _enabled(facts: Facts, identifier: EndpointId) -> EndpointRow | None:
    endpoint = facts.of(endpoints.ENDPOINT_BY_ID).get(identifier)
    return endpoint if endpoint and endpoint.enabled and not endpoint.deleted_at else None


IS_TO_BE_TOLD = """
      q.failing_since <= %(warn_since)s
  and (q.warned_at is null or (q.failing_since <= %(disable_since)s and q.warned_at <= %(warned_since)s))
"""

FAILING = f"""
select q.tenant_id, q.endpoint_id, q.failing_since
from endpoint_queues as q
join webhook_endpoints as w on w.tenant_id = q.tenant_id and w.id = q.endpoint_id and w.enabled
join tenants as n on n.id = q.tenant_id and n.state <> 'closed'
where {IS_TO_BE_TOLD}
order by q.failing_since
limit %(limit)s
"""

STILL_FAILING = f"""
select q.warned_at
from endpoint_queues as q
where q.tenant_id = %(tenant)s and q.endpoint_id = %(endpoint)s and q.failing_since = %(since)s and {IS_TO_BE_TOLD}
for update of q skip locked
"""

WARNED = """
update endpoint_queues
set warned_at = %(now)s
where tenant_id = %(tenant)s and endpoint_id = %(endpoint)s
"""
