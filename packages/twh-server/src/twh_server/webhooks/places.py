"""Places: how many attempts a courier has under way, and whose they are, so that nobody waits for what others do.

There are two pools. Endpoints that answered the last time, and soon, share one of them; those that are slow, that fail
or that nobody has tried yet share the other, which is large: an attempt that hangs costs no more than a socket. An
attempt that takes long moves from the first pool to the second, so that the places of the first are free again within a
moment, whatever has died meanwhile. Within a pool, those who have the least come first: tenants, and then endpoints.
"""

import heapq
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from twh_server.webhooks.queues import Queue

PROMPT_PLACES = 256
PATIENT_PLACES = 1_024
PATIENT_AT_ONCE = 8
PATIENT_REST_SECONDS = 1 / 32
"""So many attempts of the patient are begun at once, and then, before there are more, those who are quick have a turn.

To connect takes a while: a thousand together would hold up all others, and those that hang would end together, too.
"""
TENANT_PART = 2
"""Of a pool, a tenant has at most one of so many parts."""
LOOK_QUEUES = 100
TURN_PLACES = 4
"""So many places are given at a turn: to give one to each of a hundred endpoints costs as much as to give it four."""


class Pool:
    """The places of one pool, and who has how many of them."""

    def __init__(self, places: int, *, at_once: int | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        """A pool that gives `at_once` places together rests a moment when all of them were taken."""
        self._places = places
        self._at_once = at_once or places
        self._clock = clock
        self._rests_until = 0.0
        self._tenant_most = -(-places // TENANT_PART)
        self._tenants: Counter[UUID] = Counter()
        self._endpoints: Counter[UUID] = Counter()
        self.taken = 0

    @property
    def free(self) -> int:
        """How many places nobody has."""
        return max(0, self._places - self.taken)

    @property
    def room(self) -> int:
        """How many attempts may be begun now."""
        return 0 if self.rests else min(self.free, self._at_once)

    @property
    def rests(self) -> float:
        """For how many seconds nothing is begun."""
        return max(0.0, self._rests_until - self._clock())

    def has(self, endpoint: UUID) -> bool:
        """Whether any attempt of an endpoint is here."""
        return self._endpoints[endpoint] > 0

    def move(self, tenant: UUID, endpoint: UUID, count: int) -> None:
        """So many more of an endpoint's attempts are here, or fewer."""
        self.taken += count
        for counted, whose in ((self._tenants, tenant), (self._endpoints, endpoint)):
            counted[whose] += count
            if not counted[whose]:
                del counted[whose]

    @property
    def look(self) -> int:
        """How many queues are worth looking at: when little is free, more than get it, so that it goes to who has least."""
        return max(self.room, LOOK_QUEUES) if self.room else 0

    def share(self, wanting: Sequence[tuple[Queue, int]]) -> Mapping[UUID, int]:
        """Share the room among queues that want so many places each: a few at a turn, to whoever has least."""
        shares: Counter[UUID] = Counter()
        lines: dict[UUID, list[tuple[int, int, UUID, int]]] = defaultdict(list)
        for order, (queue, wanted) in enumerate(wanting):
            if wanted:
                lines[queue.tenant].append((self._endpoints[queue.endpoint], order, queue.endpoint, wanted))
        for line in lines.values():
            heapq.heapify(line)
        # Tenants that have as many are served in the order of their queues, which is that of waiting.
        turns = [(self._tenants[tenant], order, tenant) for order, tenant in enumerate(lines)]
        heapq.heapify(turns)
        room = self.room
        while room and turns:
            has, order, tenant = turns[0]
            if has >= self._tenant_most:
                heapq.heappop(turns)
                continue
            line = lines[tenant]
            sending, place, endpoint, wanted = line[0]
            given = min(TURN_PLACES, wanted, room, self._tenant_most - has)
            shares[endpoint] += given
            room -= given
            if wanted > given:
                heapq.heapreplace(line, (sending + given, place, endpoint, wanted - given))
            else:
                heapq.heappop(line)
            if line:
                heapq.heapreplace(turns, (has + given, order, tenant))
            else:
                heapq.heappop(turns)
        if shares.total() == self._at_once < self._places:
            self._rests_until = self._clock() + PATIENT_REST_SECONDS
        return shares


class Place:
    """That of one attempt; `leave` it at the end."""

    __slots__ = ("_endpoint", "_pool", "_tenant")

    def __init__(self, pool: Pool, tenant: UUID, endpoint: UUID) -> None:
        self._pool, self._tenant, self._endpoint = pool, tenant, endpoint
        pool.move(tenant, endpoint, +1)

    def go_to(self, pool: Pool) -> None:
        """Take a place of another pool, if it has one."""
        if pool.free:
            self.leave()
            self._pool = pool
            pool.move(self._tenant, self._endpoint, +1)

    def leave(self) -> None:
        """Free it."""
        self._pool.move(self._tenant, self._endpoint, -1)


class Places:
    """Both pools of one courier."""

    def __init__(
        self, *, prompt: int = PROMPT_PLACES, patient: int = PATIENT_PLACES, at_once: int = PATIENT_AT_ONCE
    ) -> None:
        self.prompt = Pool(prompt)
        self.patient = Pool(patient, at_once=at_once)

    @property
    def taken(self) -> int:
        """How many attempts are under way."""
        return self.prompt.taken + self.patient.taken

    def pool_of(self, queue: Queue) -> Pool:
        """Where an endpoint's attempts go now: one that has kept us waiting has to prove itself first."""
        return self.prompt if queue.prompt and not self.patient.has(queue.endpoint) else self.patient

    def share(self, queues: Sequence[Queue], *, now: datetime) -> Mapping[UUID, int]:
        """How many attempts of each endpoint are to be begun, by its own limits and by what is free."""
        wanting: dict[Pool, list[tuple[Queue, int]]] = {self.prompt: [], self.patient: []}
        for queue in queues:
            wanting[self.pool_of(queue)].append((queue, queue.room(now)))
        return {**self.prompt.share(wanting[self.prompt]), **self.patient.share(wanting[self.patient])}
