"""A migration waits for its tables without making others wait behind it, and misses nothing that is written meanwhile."""

import time
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from recorded import Player, Recording

from twh_server.database import taking
from twh_server.database.guards import APP
from twh_server.database.migrate import migrate
from twh_server.database.revisions import REVISION, standing_of
from twh_server.database.taking import take

PATIENCE_SECONDS = 30
IN_HIS_WAY = "select count(*) from events"
WAITING = (
    "select count(*) from pg_stat_activity where datname = current_database() and query like '%lock table ledger%'"
)
CHANGE_AN_ITEM = "update items set name = 'Renamed meanwhile', version = version + 1 where sku = 'FLOUR'"
ADD_AN_ITEM = """
insert into items (tenant_id, id, sku, name, barcodes, unit, scale, attributes, version, created_at, updated_at)
select tenant_id, gen_random_uuid(), 'NEW', 'Added meanwhile', '{}', 'each', 0, '{}', 1, now(), now()
from items
where sku = 'FLOUR'
"""
WORDS = """
select distinct i.sku, t.term
from item_terms as t
join items as i on i.tenant_id = t.tenant_id and i.id = t.item_id
where i.sku in ('FLOUR', 'NEW') and t.term ^@ 'w:'
"""


@pytest.fixture
def written(empty):
    """A database that the code of revision 0001 has written."""
    migrate(empty, to="0001")
    recording = Recording.of("0001")
    with Player(recording, empty) as player:
        player.play(recording.transactions)
    return empty


@pytest.fixture
def report(written):
    """Someone who reads the events, and is in no hurry."""
    with psycopg.connect(written.as_login()) as connection:
        connection.execute(IN_HIS_WAY)
        yield connection


@pytest.fixture
def others(written):
    """Everyone else."""
    with psycopg.connect(written.as_login(), autocommit=True) as connection:
        yield connection


def until_it_waits(connection):
    end = time.monotonic() + PATIENCE_SECONDS
    while connection.execute(WAITING).fetchone() == (1,):  # we ask for it ourselves
        assert time.monotonic() < end
        time.sleep(0.01)


def test_while_a_migration_waits_for_a_long_report_everyone_else_goes_on(written, report, others):
    with ThreadPoolExecutor(1) as aside:
        migrating = aside.submit(migrate, written)
        until_it_waits(others)
        for _ in range(20):
            begun = time.monotonic()
            others.execute("select sequence from ledger_heads for no key update")
            others.execute(IN_HIS_WAY)
            assert time.monotonic() - begun < 5 * taking.WAIT_MILLISECONDS / 1_000
            time.sleep(0.05)
        assert not migrating.done()
        report.rollback()
        migrating.result(PATIENCE_SECONDS)

    assert standing_of(written).revision == REVISION


def test_items_that_are_written_while_a_migration_waits_are_found_by_their_words(written, report, others):
    with ThreadPoolExecutor(1) as aside:
        migrating = aside.submit(migrate, written)
        until_it_waits(others)
        others.execute(CHANGE_AN_ITEM)
        others.execute(ADD_AN_ITEM)
        report.rollback()
        migrating.result(PATIENCE_SECONDS)

    assert {(sku, word) for sku, word in others.execute(WORDS)} == {
        ("FLOUR", "w:renamed"),
        ("FLOUR", "w:meanwhile"),
        ("NEW", "w:added"),
        ("NEW", "w:meanwhile"),
    }


def test_tables_that_are_never_free_are_not_waited_for_without_end(written, report, others, monkeypatch):
    monkeypatch.setattr(taking, "TRIES_MAX", 2)
    monkeypatch.setattr(taking, "PAUSE_SECONDS", 0.01)

    with pytest.raises(psycopg.errors.LockNotAvailable, match="in use all the time"), others.transaction():
        others.execute(take("events"))


def test_the_patience_of_a_session_is_what_it_was(written, others):
    others.execute("set lock_timeout = '7s'")
    with others.transaction():
        others.execute(take("events"))
        inside = others.execute("show lock_timeout").fetchone()

    assert inside == others.execute("show lock_timeout").fetchone() == ("7s",)


def test_who_may_not_have_the_tables_is_told_at_once(written):
    with (
        psycopg.connect(written.as_role(APP)) as app,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        app.execute(take("events"))
