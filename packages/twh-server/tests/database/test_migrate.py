"""Migrating: the tables become what the code names, once, however often and from wherever it is asked for."""

import multiprocessing
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import psycopg
import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from on_postgres import BINARIES
from sqlalchemy.dialects import postgresql

from twh_server.database.address import Address
from twh_server.database.embedded import temporary_postgres
from twh_server.database.guards import CREATE_ROLES
from twh_server.database.migrate import MIGRATIONS, migrate
from twh_server.database.revisions import REVISION, REVISIONS, NoWayBack, standing_of
from twh_server.database.tables import metadata

STATE = """
select string_agg(t, E'\n' order by t)
from (
    select format('%s.%s %s', c.relname, a.attname, format_type(a.atttypid, a.atttypmod)) as t
    from pg_attribute as a
    join pg_class as c on c.oid = a.attrelid
    where c.relnamespace = 'public'::regnamespace and a.attnum > 0
    union all
    select format('%s %s', c.relname, c.relacl)
    from pg_class as c
    where c.relnamespace = 'public'::regnamespace
    union all
    select format('%s %s', tablename, policyname)
    from pg_policies
) as everything (t)
"""


def state(address):
    with psycopg.connect(address.as_login()) as connection:
        return connection.execute(STATE).fetchone()


@pytest.fixture
def inspector(address):
    engine = sa.create_engine(address.sqlalchemy_url, connect_args=address.connect_args, poolclass=sa.NullPool)
    yield sa.inspect(engine)
    engine.dispose()


def test_the_tables_that_code_names_are_those_that_are_migrated(inspector):
    assert set(inspector.get_table_names()) == set(metadata.tables) | {"alembic_version"}


@pytest.mark.parametrize("table", sorted(metadata.tables))
def test_the_columns_that_code_names_are_those_that_are_migrated(inspector, table):
    dialect = postgresql.dialect()
    named = [(column.name, column.type.compile(dialect), column.nullable) for column in metadata.tables[table].columns]
    migrated = [
        (column["name"], column["type"].compile(dialect), column["nullable"]) for column in inspector.get_columns(table)
    ]

    assert named == migrated


@pytest.mark.parametrize("table", sorted(metadata.tables))
def test_the_primary_keys_that_code_names_are_those_that_are_migrated(inspector, table):
    named = [column.name for column in metadata.tables[table].primary_key.columns]

    assert named == inspector.get_pk_constraint(table)["constrained_columns"]


def test_a_database_that_was_never_migrated_has_no_revision(empty):
    assert standing_of(empty).revision is None


def test_migrating_brings_the_revision_that_the_code_works_with(empty):
    migrate(empty)

    assert standing_of(empty).revision == REVISION


def test_migrating_twice_changes_nothing(empty):
    migrate(empty)
    once = state(empty)
    migrate(empty)

    assert state(empty) == once


def test_two_processes_may_migrate_at_once(empty, address):
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as processes:
        list(processes.map(migrate, [empty, empty]))

    assert state(empty) == state(address)


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_revision_is_not_undone_and_says_what_to_do_instead(empty, revision):
    migrate(empty, to=revision)
    before = state(empty)
    engine = sa.create_engine(empty.sqlalchemy_url, connect_args=empty.connect_args, poolclass=sa.NullPool)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    refused = pytest.raises(NoWayBack, match=f"Revision {revision} is not undone: .*backup")
    with engine.connect() as config.attributes["connection"], refused:
        command.downgrade(config, "-1")
    engine.dispose()

    assert state(empty) == before


WAITING = "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and query like '%create role%'"


def test_two_databases_of_a_new_cluster_may_be_migrated_at_once():
    """Roles are the cluster's: both find that there are none, and the later one meets those that the earlier one makes."""
    with (
        temporary_postgres(binaries=BINARIES) as cluster,
        psycopg.connect(cluster.conninfo(user="postgres")) as earlier,
        psycopg.connect(cluster.conninfo(user="postgres"), autocommit=True) as watching,
        ThreadPoolExecutor(1) as later,
    ):
        address = Address(cluster.conninfo())
        earlier.execute(CREATE_ROLES)
        migrating = later.submit(migrate, address)
        while watching.execute(WAITING).fetchone() == (0,):
            assert not migrating.done()
            time.sleep(0.01)
        earlier.commit()
        migrating.result()

        assert standing_of(address).revision == REVISION
