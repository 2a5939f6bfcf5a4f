"""Reading together: single look-ups of a tenant that come while one is under way share the next round trip.

As the journal does it with commands, and without a timer: alone, a look-up goes at once. Whoever asks is answered by a
statement that began after they had asked, so they see whatever was committed before.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias
from uuid import UUID

from twh_server.database.asking import asked

Row: TypeAlias = tuple[Any, ...]
Read: TypeAlias = Callable[[UUID, str, Mapping[str, object]], Awaitable[list[Row]]]

KEYS_MAX = 500
"""So many different keys are looked up in one round trip."""


@dataclass(frozen=True, eq=False, kw_only=True)
class LookUp:
    """A plural statement for those who ask for one thing.

    `sql` is given `%(tenant)s` and `%(wanted)s`, as `asking` says; the first part of each record is the place of a key,
    from 1. A key has one row or none, whose first column is the place again.
    """

    sql: str

    def asked(self, tenant: UUID, keys: Sequence[Row]) -> dict[str, object]:
        """The parameters under which some keys are looked up."""
        return asked(self.sql, tenant, [(place, *key) for place, key in enumerate(keys, 1)])


class Together:
    """The look-ups of one process: of each tenant and statement, one is under way at a time."""

    def __init__(self, read: Read, *, is_transient: Callable[[BaseException], bool]) -> None:
        self._read = read
        self._is_transient = is_transient
        self._lines: dict[tuple[UUID, LookUp], dict[Row, asyncio.Future[Row | None]]] = {}
        self._moving: set[asyncio.Task[None]] = set()

    async def look_up(self, tenant: UUID, wanted: LookUp, key: Row) -> Row | None:
        """The row of a key, without its place; None when there is none. Raises whatever the database raises."""
        line = self._lines.get((tenant, wanted))
        if line is None:
            line = self._lines[tenant, wanted] = {}
            moving = asyncio.create_task(self._take_turns(tenant, wanted, line))
            self._moving.add(moving)
            moving.add_done_callback(self._moving.discard)
        found = line.get(key)
        if found is None:
            found = line[key] = asyncio.get_running_loop().create_future()
        # Several wait for it, and one of them may go away.
        return await asyncio.shield(found)

    async def _take_turns(self, tenant: UUID, wanted: LookUp, line: dict[Row, "asyncio.Future[Row | None]"]) -> None:
        while line:
            taken = {key: line.pop(key) for key in list(line)[:KEYS_MAX]}
            await self._answer(tenant, wanted, taken)
        del self._lines[tenant, wanted]

    async def _answer(self, tenant: UUID, wanted: LookUp, taken: Mapping[Row, "asyncio.Future[Row | None]"]) -> None:
        """Look some keys up; when one of them cannot be, the others are not the worse for it."""
        try:
            rows = await self._read(tenant, wanted.sql, wanted.asked(tenant, list(taken)))
        except Exception as fault:  # noqa: BLE001  # whoever asked is told
            if len(taken) > 1 and not self._is_transient(fault):
                for key, found in taken.items():
                    await self._answer(tenant, wanted, {key: found})
                return
            for found in taken.values():
                found.set_exception(fault)
            return
        by_place = {place: row for place, *row in rows}
        for place, found in enumerate(taken.values(), 1):
            row = by_place.get(place)
            found.set_result(None if row is None else tuple(row))
