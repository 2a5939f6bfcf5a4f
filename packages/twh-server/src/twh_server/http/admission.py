"""Admission: of one tenant so many requests are worked on at a time. The others wait, unread; what is too much is told at once.

Whoever floods a server waits in a line of its own: a neighbour's request meets a few of the flood's that are under way,
not all of them. Who waits costs a place in a queue: nothing of the body has been read, and nothing has been looked up.
"""

import asyncio
import time
from collections import deque
from dataclasses import dataclass, field

from twh_server.database.identifiers import TenantId
from twh_server.journal.refusals import Overloaded

ALONE_MAX = 128
"""So many requests of a tenant are under way while nobody else asks for anything."""
BESIDE_OTHERS_MAX = 16
"""And so many while others do: fewer of them share a commit then, and the others wait for fewer."""
OTHERS_SECONDS = 10.0
"""For so long a process remembers that more than one tenant asked."""
BULK_PLACES = 8
"""A request that may carry as much as many others takes as many places."""
TENANT_WAITING_MAX = 1_000
PROCESS_WAITING_MAX = 3_000
WAITING_SECONDS_MAX = 10.0
"""Who has waited for so long is told that it is too much: most callers would not wait much longer by themselves."""


@dataclass(frozen=True, eq=False, slots=True)
class _Turn:
    places: int
    came: "asyncio.Future[None]"


@dataclass(slots=True)
class _Line:
    under_way: int = 0
    waiting: deque[_Turn] = field(default_factory=deque[_Turn])


class Admission:
    """The requests of one process: those that are under way, and those that wait for a place, a line for each tenant."""

    def __init__(self) -> None:
        self._lines: dict[TenantId, _Line] = {}
        self._waiting = 0
        self._newest: TenantId | None = None
        self._others_until = 0.0

    async def enter(self, tenant: TenantId, places: int) -> None:
        """Return when the tenant has so many places, at once when it wants none; whoever entered leaves. Raises Overloaded."""
        if not places:
            return
        self._notice(tenant)
        line = self._lines.get(tenant)
        if line is None:
            line = self._lines[tenant] = _Line()
        if not line.waiting and self._has_room(line, places):
            line.under_way += places
            return
        if len(line.waiting) >= TENANT_WAITING_MAX or self._waiting >= PROCESS_WAITING_MAX:
            raise Overloaded
        try:
            async with asyncio.timeout(WAITING_SECONDS_MAX):
                await self._turn(line, tenant, places)
        except TimeoutError:
            raise Overloaded from None

    def leave(self, tenant: TenantId, places: int) -> None:
        """Give the places to who has waited longest."""
        if not places:
            return
        line = self._lines[tenant]
        line.under_way -= places
        while line.waiting and self._has_room(line, line.waiting[0].places):
            turn = line.waiting.popleft()
            self._waiting -= 1
            if not turn.came.done():  # or it has just been given up
                line.under_way += turn.places
                turn.came.set_result(None)
        if not line.under_way and not line.waiting:
            del self._lines[tenant]

    async def _turn(self, line: _Line, tenant: TenantId, places: int) -> None:
        turn = _Turn(places, asyncio.get_running_loop().create_future())
        line.waiting.append(turn)
        self._waiting += 1
        try:
            await turn.came
        except asyncio.CancelledError:
            if not turn.came.cancelled():  # it had just come
                self.leave(tenant, places)
            elif turn in line.waiting:
                line.waiting.remove(turn)
                self._waiting -= 1
            raise

    def _notice(self, tenant: TenantId) -> None:
        if tenant == self._newest:
            return
        if self._newest is not None:
            self._others_until = time.monotonic() + OTHERS_SECONDS
        self._newest = tenant

    def _has_room(self, line: _Line, places: int) -> bool:
        most = BESIDE_OTHERS_MAX if time.monotonic() < self._others_until else ALONE_MAX
        return not line.under_way or line.under_way + places <= most
