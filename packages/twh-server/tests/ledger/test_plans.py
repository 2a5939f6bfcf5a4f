"""Plans: planned while every table was empty, and kept for good, a statement still goes straight to its rows.

A generic plan that scans a tenant costs nothing on the first day and everything a month later, so each statement of
the write path, and each read that many callers make, is explained as the application's role on tables just created.
"""

import importlib
import pkgutil
import re

import psycopg
import pytest

import twh_server
from twh_server.access.keys import FIND_KEY
from twh_server.database.address import Address
from twh_server.database.engine import SET_TENANT
from twh_server.database.guards import APP, GUARDED
from twh_server.database.identifiers import fresh
from twh_server.database.migrate import migrate
from twh_server.events import feed
from twh_server.http import idempotency
from twh_server.http import ledger as blocks
from twh_server.journal import batch, keys
from twh_server.journal.commands import Read, Write
from twh_server.ledger import stock

TABLES = set(GUARDED)
WRITE_PATH = ("twh_server.catalogue", "twh_server.ledger", "twh_server.journal", "twh_server.webhooks")


def brought_by_commands():
    """Every plural look-up and every plural statement of the write path, by its name."""
    for found in pkgutil.walk_packages(twh_server.__path__, "twh_server."):
        if found.name.startswith(WRITE_PATH):
            for name, value in vars(importlib.import_module(found.name)).items():
                if isinstance(value, Read | Write):
                    yield f"{found.name.removeprefix('twh_server.')}.{name}", value.sql


STATEMENTS = {sql: name for name, sql in brought_by_commands()} | {
    batch.LOCK_HEAD: "the head lock",
    batch.APPEND_EVENTS: "append events",
    batch.APPEND_BLOCK: "append a block",
    batch.MOVE_HEAD: "move the head",
    keys.FIND: "find keys",
    FIND_KEY: "find an API key",
    stock.ONE_LEVEL: "one level",
    stock.LEVELS + stock.PAGE: "levels",
    stock.LEVELS + " and s.item_id = %(item)s" + stock.PAGE: "levels of an item",
    stock.LEVELS + " and s.location_id = %(location)s" + stock.PAGE: "levels of a location",
    feed.READ: "the feed",
    feed.GET: "one event",
    idempotency.FIND_KEY: "one key",
    blocks.LIST_BLOCKS: "blocks",
}


@pytest.fixture(scope="module")
def planner(postgres):
    """The application's role in a database that was just migrated, with plans that are made once."""
    with psycopg.connect(postgres.conninfo(user="postgres"), autocommit=True) as superuser:
        superuser.execute("create database planned")
        address = Address(postgres.conninfo(dbname="planned"))
        migrate(address)
        with psycopg.connect(address.as_role(APP, plan_cache_mode="force_generic_plan")) as connection:
            connection.execute(SET_TENANT, (str(fresh()),))
            yield connection
        superuser.execute("drop database planned with (force)")


def nodes(plan):
    yield plan
    for below in plan.get("Plans", ()):
        yield from nodes(below)


@pytest.fixture
def plan_of(planner):
    def plan_of(sql):
        """The nodes of the generic plan."""
        names = list(dict.fromkeys(re.findall(r"%\((\w+)\)[sbt]", sql)))
        numbered = re.sub(r"%\((\w+)\)[sbt]", lambda found: f"${names.index(found[1]) + 1}", sql)
        planner.execute(f"prepare planned as {numbered}")
        nulls = ", ".join(["null"] * len(names))
        ((explained,),) = planner.execute(f"explain (format json) execute planned ({nulls})").fetchall()
        planner.execute("deallocate planned")
        return list(nodes(explained[0]["Plan"]))

    return plan_of


@pytest.mark.parametrize("sql", STATEMENTS, ids=STATEMENTS.values())
def test_a_statement_reaches_its_rows_by_an_index(plan_of, sql):
    scanned = [node["Relation Name"] for node in plan_of(sql) if node["Node Type"] == "Seq Scan"]

    assert not TABLES & set(scanned)
