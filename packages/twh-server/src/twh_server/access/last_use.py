"""When each key was used last: noted with every request, written in the background, at most once a minute for a key.

Nobody waits for it, and it waits for nobody: a key that is just being changed is written the next time.
"""

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from twh_server.database.engine import Database, Transient
from twh_server.database.identifiers import KeyId, TenantId

WRITTEN_EVERY = timedelta(minutes=1)
LOOK_SECONDS = 5.0
KEYS_AT_ONCE = 1_000

_log = logging.getLogger(__name__)

_Noted = dict[KeyId, tuple[TenantId, datetime]]


def now() -> datetime:
    """This host's clock."""
    return datetime.now(UTC)


class LastUse:
    """What one process knows of when its keys were used."""

    def __init__(self, database: Database, *, clock: Callable[[], datetime] = now) -> None:
        self._database = database
        self._clock = clock
        self._noted: _Noted = {}
        self._written: dict[KeyId, datetime] = {}

    def note(self, tenant: TenantId, key: KeyId) -> None:
        """A key is used now."""
        self._noted[key] = (tenant, self._clock())

    async def run(self) -> None:
        """Write what is due, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            await self.write()

    async def write(self, *, all_of_it: bool = False) -> None:
        """Write of each key that is due when it was used; at the end of a process, of every key.

        What a lost database could not take is due again.
        """
        at = self._clock()
        self._written = {key: then for key, then in self._written.items() if at - then < WRITTEN_EVERY}
        due = [key for key in self._noted if all_of_it or key not in self._written]
        for start in range(0, len(due), KEYS_AT_ONCE):
            taken = {key: self._noted.pop(key) for key in due[start : start + KEYS_AT_ONCE]}
            try:
                await self._write(taken)
            except Transient as loss:
                _log.debug("the last use of %d keys is not written yet: %s", len(taken), loss)
                self._noted = taken | self._noted
                return
            except Exception:  # noqa: BLE001  # it is a note in the margin: nothing may end for it
                _log.exception("the last use of %d keys cannot be written", len(taken))
            self._written |= dict.fromkeys(taken, at)

    async def _write(self, taken: _Noted) -> None:
        rows = sorted((tenant, key, at) for key, (tenant, at) in taken.items())
        tenants, keys, times = (list(column) for column in zip(*rows, strict=True))
        await self._database.anywhere(WRITE_LAST_USE, {"tenants": tenants, "keys": keys, "times": times})


# Locked rows are passed over: who holds them would wait for us, were we to wait for another of its rows.
WRITE_LAST_USE = """
with used as (
    select k.tenant_id, k.id, u.at
    from unnest(%(tenants)s::uuid[], %(keys)s::uuid[], %(times)s::timestamptz[]) as u (tenant_id, id, at)
    cross join lateral (
        select tenant_id, id
        from api_keys
        where tenant_id = u.tenant_id and id = u.id and (last_used_at is null or last_used_at < u.at)
        for no key update skip locked
    ) as k
)
update api_keys as k
set last_used_at = used.at
from used
where k.tenant_id = used.tenant_id and k.id = used.id
"""
