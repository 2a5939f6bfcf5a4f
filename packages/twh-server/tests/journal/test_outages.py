"""When the database is away, nobody is told anything that is not so, and the same key settles the rest."""

import asyncio
from dataclasses import dataclass
from typing import Any, Final

import psycopg
import pytest
from on_postgres import BINARIES
from psycopg_pool import PoolTimeout

from twh_server.catalogue.location_commands import CreateLocation
from twh_server.database.embedded import temporary_postgres
from twh_server.database.engine import Database, is_transient
from twh_server.database.migrate import migrate
from twh_server.events.bell import Bell
from twh_server.journal.refusals import Unavailable
from twh_server.journal.writer import Writer

# What DESIGN calls a failure of the transaction itself: connection, rollback, resources, operator, lock not available.
TRANSIENT_STATES = ("08", "40", "53", "57", "55P03")
STATES = [
    state for error in vars(psycopg.errors).values() if isinstance(state := getattr(error, "sqlstate", None), str)
]


def bins(count):
    return [CreateLocation(code=f"BIN-{number}", name="A bin") for number in range(count)]


@dataclass(frozen=True)
class Cutting:
    """A command that, while it is decided, has the connection of its batch cut."""

    conninfo: str
    command: Any
    weight: Final = 1

    def asks(self):
        return self.command.asks()

    def decide(self, facts, moment):
        cut = """
            select pg_terminate_backend(pid, 5000)
            from pg_stat_activity
            where usename = 'twh_app' and state = 'idle in transaction'
        """
        with psycopg.connect(self.conninfo) as superuser:
            assert superuser.execute(cut).fetchall()
        return self.command.decide(facts, moment)


async def test_a_batch_whose_connection_is_cut_is_not_committed_and_every_caller_is_told_so(
    ask, stockroom, postgres, count
):
    commands = [*bins(5), Cutting(postgres.conninfo(user="postgres"), CreateLocation(code="CUT", name="Cut"))]
    answers = await asyncio.gather(*(ask(command) for command in commands), return_exceptions=True)

    assert [type(answer) for answer in answers] == [Unavailable] * 6
    assert await count("locations") == 2


async def test_after_a_cut_the_same_keys_settle_everything_once(ask, postgres, count):
    cutting = Cutting(postgres.conninfo(user="postgres"), CreateLocation(code="BIN-0", name="A bin"))
    keyed = [(command, command.code) for command in bins(5)]
    await asyncio.gather(ask(cutting, "BIN-0"), *(ask(*one) for one in keyed[1:]), return_exceptions=True)
    answers = [await ask(*one) for one in keyed]

    assert [(answer.status, answer.replayed) for answer in answers] == [(200, False)] * 5
    assert await count("locations") == 2 + 5


@pytest.fixture(scope="module")
def own_postgres():
    """A PostgreSQL that may be stopped."""
    with temporary_postgres(binaries=BINARIES) as server:
        yield server


async def test_a_stopped_database_is_unavailable_and_the_same_key_settles_it_after_the_restart(
    own_postgres, open_shop_in, address_of
):
    address = address_of(own_postgres)
    migrate(address)
    async with Database(address) as database:
        writer, submission = Writer(database, Bell()), await open_shop_in(database)
        first = await writer.submit(submission("first"))
        own_postgres.stop()
        with pytest.raises(Unavailable):
            await writer.submit(submission("second"))
        own_postgres.start()
        second = await eventually(lambda: writer.submit(submission("second")))
        again = await writer.submit(submission("second"))
        replayed = await writer.submit(submission("first"))
        await writer.close()

    assert (second.status, again.replayed) == (200, True)
    assert (replayed.body, replayed.replayed) == (first.body, True)


async def eventually(attempt):
    """What a client does: try again, with the same key."""
    async with asyncio.timeout(30):
        while True:
            try:
                return await attempt()
            except Unavailable:
                await asyncio.sleep(0.1)


@pytest.mark.parametrize("state", sorted(state for state in STATES if state.startswith(TRANSIENT_STATES)))
def test_a_failure_of_the_transaction_itself_is_no_fault_of_a_command(state):
    assert is_transient(psycopg.errors.lookup(state)())


@pytest.mark.parametrize(
    "state", sorted({state for state in STATES if not state.startswith((*TRANSIENT_STATES, "25P0"))})
)
def test_every_other_failure_is_a_commands_own(state):
    assert not is_transient(psycopg.errors.lookup(state)())


@pytest.mark.parametrize("fault", [psycopg.OperationalError("lost"), psycopg.InterfaceError(), PoolTimeout()])
def test_a_loss_of_the_connection_is_no_fault_of_a_command(fault):
    assert is_transient(fault)


async def test_a_transaction_that_the_database_ended_for_being_idle_is_no_fault_of_a_command(address):
    conninfo = address.as_role("twh_app", idle_in_transaction_session_timeout="50")
    async with await psycopg.AsyncConnection.connect(conninfo) as connection:
        await connection.execute("select 1")
        await asyncio.sleep(0.5)
        with pytest.raises(psycopg.Error) as ended:
            await connection.execute("select 1")

    assert is_transient(ended.value)
