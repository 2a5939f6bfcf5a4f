"""Whoever waits for several deliveries waits for them in one order, so that no two wait for each other."""

import asyncio
import itertools
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from twh_server.database.guards import OWNER, WORKER
from twh_server.database.identifiers import LAST
from twh_server.events.follow import Run
from twh_server.tenancy.lifecycle import ChangeState, purge
from twh_server.webhooks import claims
from twh_server.webhooks.fan_out import fan_out
from twh_server.webhooks.places import Places
from twh_server.webhooks.replaying import BEGIN_AGAIN

DELIVERIES = 12
PATIENCE_SECONDS = 10.0
# Planned as where there are many: one after the other, as each comes, and not in the order in which they lie.
PLANNED = {"enable_seqscan": "off", "enable_bitmapscan": "off", "enable_hashjoin": "off", "enable_mergejoin": "off"}


class Contest:
    """Deliveries to an endpoint that was deleted, of a tenant that was closed, and all who want them at once."""

    def __init__(self, tenant, claimed, run):
        self.tenant, self.claimed, self.run = tenant, claimed, run
        self.deliveries = sorted(claim.delivery for claim in claimed)

    async def record(self, tx):
        """A courier: the attempts have ended in whatever order."""
        now = datetime.now(UTC)
        latest_first = sorted(self.claimed, key=lambda claim: claim.delivery, reverse=True)
        await claims.record(tx, [failed(claim, now) for claim in latest_first])

    async def give_up(self, tx):
        """The follower, which has come to the deletion."""
        await fan_out(tx, self.run)

    async def begin_again(self, tx):
        """A replay that chose them before."""
        asked = {"tenant": self.tenant, "replay": LAST, "now": datetime.now(UTC), "deliveries": self.deliveries[::-1]}
        await tx.execute(BEGIN_AGAIN, asked, prepare=False)

    async def purge(self, tx):
        """Whoever purges the tenant."""
        await purge(tx, self.tenant)


ROLE = {"record": WORKER, "give_up": WORKER, "begin_again": WORKER, "purge": OWNER}


def failed(claim, at):
    return claims.Result(
        claim=claim,
        at=at,
        milliseconds=1,
        status=500,
        error=None,
        response=None,
        delivered=False,
        next_attempt_at=at + timedelta(days=1),
    )


@pytest.fixture
async def contest(webhooks, database, superuser):
    endpoint = await webhooks.create("http://127.0.0.1:9/hook")
    await webhooks.happen(*(f"L{number}" for number in range(DELIVERIES)))
    await webhooks.fan_out()
    # As after one that has arrived.
    await superuser.execute("update endpoint_queues set proven = true where tenant_id = %s", (webhooks.shop.tenant,))
    async with database.workers.connection() as connection, connection.transaction():
        claimed = (await claims.claim(connection, now=datetime.now(UTC), places=Places(at_once=DELIVERIES))).claims
    # What an index tells of them is not the order of their ids.
    await superuser.execute(
        "update deliveries set next_attempt_at = now() + interval '1 hour' - sequence * interval '1 second'"
        " where tenant_id = %s",
        (webhooks.shop.tenant,),
    )
    await webhooks.delete(endpoint)
    await webhooks.submit(ChangeState(to="closed"))
    ((first, last),) = await database.read(
        webhooks.shop.tenant,
        "select c.sequence + 1, h.sequence from cursors as c join ledger_heads as h on h.tenant_id = c.tenant_id"
        " where c.tenant_id = %(tenant)s and c.follower = 'webhooks'",
        {"tenant": webhooks.shop.tenant},
    )
    return Contest(webhooks.shop.tenant, claimed, Run(tenant=webhooks.shop.tenant, first=first, last=last))


@pytest.fixture
async def waits(superuser):
    """`await waits(connection)` returns when what the connection does waits for a lock."""

    async def waits(connection):
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                cursor = await superuser.execute(
                    "select 1 from pg_stat_activity where pid = %s and wait_event_type = 'Lock'",
                    (connection.info.backend_pid,),
                )
                if await cursor.fetchone():
                    return
                await asyncio.sleep(0.01)

    return waits


WHO_WANTS = {
    "under way": ["record", "give_up", "purge"],
    "to be tried again": ["begin_again", "give_up", "purge"],
}
PAIRS = [(state, *pair) for state, names in WHO_WANTS.items() for pair in itertools.permutations(names, 2)]


@pytest.mark.parametrize(("state", "one", "other"), PAIRS)
async def test_no_two_wait_for_each_other(contest, address, superuser, waits, state, one, other):
    assert len(contest.claimed) == DELIVERIES
    if state == "to be tried again":
        await superuser.execute("update deliveries set fence = null where tenant_id = %s", (contest.tenant,))
    async with (
        await psycopg.AsyncConnection.connect(address.as_login()) as holding,
        await psycopg.AsyncConnection.connect(address.as_role(ROLE[one], **PLANNED)) as first,
        await psycopg.AsyncConnection.connect(address.as_role(ROLE[other], **PLANNED)) as second,
    ):
        middle = contest.deliveries[DELIVERIES // 2]
        await holding.execute("select from deliveries where id = %s for update", (middle,))
        waiting = []
        for name, connection in ((one, first), (other, second)):
            waiting.append(asyncio.create_task(done(getattr(contest, name), connection)))
            await waits(connection)
        await holding.rollback()
        async with asyncio.timeout(PATIENCE_SECONDS):
            await asyncio.gather(*waiting)


async def done(step, connection):
    await step(connection)
    await connection.commit()
