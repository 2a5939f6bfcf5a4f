"""Plans: planned while every table was empty, and kept for good, a statement still goes straight to its rows.

A generic plan that reads through a tenant costs nothing on the first day and everything a month later, so each
statement of the write path, and each read that many callers make, is explained as the server's own connections do on
tables just created and on tables just grown. Neither a scan of a table nor one of all that a tenant has in an index is
right.
"""

import importlib
import pkgutil
import re
from datetime import UTC, datetime

import psycopg
import pytest
from grown import GROW

import twh_server
from twh_server.access.keys import FIND_KEY
from twh_server.access.last_use import WRITE_LAST_USE
from twh_server.database.address import Address
from twh_server.database.engine import Database
from twh_server.database.guards import GUARDED, WORKER
from twh_server.database.identifiers import fresh
from twh_server.database.migrate import migrate
from twh_server.events import feed
from twh_server.http import idempotency
from twh_server.http import ledger as blocks
from twh_server.journal import batch, keys
from twh_server.journal.commands import Read, Write
from twh_server.ledger import history, stock
from twh_server.ledger.as_of import Then
from twh_server.tenancy import api_keys, audit

TABLES = set(GUARDED)
WRITE_PATH = tuple(f"twh_server.{layer}" for layer in ("catalogue", "tenancy", "ledger", "journal", "webhooks"))


def brought_by_commands():
    """Every plural look-up and every plural statement of the write path, by its name."""
    for found in pkgutil.walk_packages(twh_server.__path__, "twh_server."):
        if found.name.startswith(WRITE_PATH):
            for name, value in vars(importlib.import_module(found.name)).items():
                if isinstance(value, Read | Write):
                    yield f"{found.name.removeprefix('twh_server.')}.{name}", value.sql


WRITES = {sql: name for name, sql in brought_by_commands()} | {
    batch.LOCK_HEAD: "the head lock",
    keys.FIND: "find keys",
}


def changes(*conditions):
    return audit.CHANGES + "  and ".join(["", audit.BEFORE, *conditions]) + audit.PAGE


TIMES = {
    None: "now",
    Then(datetime(2026, 5, 10, tzinfo=UTC), "recorded"): "as it was recorded",
    Then(datetime(2026, 5, 10, tzinfo=UTC), "occurred"): "as it had occurred",
}

READS = {
    FIND_KEY: "find an API key",
    WRITE_LAST_USE: "write when API keys were used",
    api_keys.ONE_KEY: "one API key",
    **{stock.one_level(then): f"one level {name}" for then, name in TIMES.items()},
    **{
        stock.levels_anywhere(then)
        + f" and s.{thing}_id = %({thing})s"
        + stock.PAGE_ANYWHERE: f"levels of {thing} {name}"
        for then, name in TIMES.items()
        for thing in ("item", "location")
    },
    history.MOVEMENTS_OF_ITEM
    + "  and m.id < %(after)s\n"
    + history._named(
        history.PAGE_OF_ITEM.format(order="order by m.id desc"), "order by m.id desc"
    ): "movements of an item",
    feed.READ: "the feed",
    feed.GET: "one event",
    idempotency.FIND_KEY: "one key",
    blocks.LIST_BLOCKS: "blocks",
    changes(): "changes",
    changes(audit.BY_ACTOR): "changes by a key",
    changes(audit.BY_SUBJECT): "changes of a thing",
    changes(audit.SINCE, audit.UNTIL): "changes of some days",
}
STATEMENTS = WRITES | READS

# A tenant has one head, and few endpoints: there is nothing more to look for. A page is walked from its end.
BY_TENANT_ALONE = {
    ("the head lock", "ledger_heads_pkey"),
    ("journal.append.MOVE_HEAD", "ledger_heads_pkey"),
    ("the feed", "ledger_heads_pkey"),
    ("webhooks.endpoints.COUNT_ENDPOINTS", "webhook_endpoints_pkey"),
    ("webhooks.endpoint_commands.STORE_SECRETS", "webhook_endpoints_pkey"),
    ("blocks", "blocks_pkey"),
    ("tenancy.settings.SETTINGS", "tenant_settings_pkey"),
}


@pytest.fixture(scope="module", params=["empty", "grown"])
def planners(postgres, request):
    """The application's two ways to connect to a database, just migrated or just grown, with plans that are kept."""
    with psycopg.connect(postgres.conninfo(user="postgres"), autocommit=True) as superuser:
        superuser.execute("create database planned")
        address = Address(postgres.conninfo(dbname="planned"))
        migrate(address)
        if request.param == "grown":
            grow(address)
        database = Database(address)
        with psycopg.connect(database.writers.conninfo) as writer, psycopg.connect(database.reading) as reader:
            for connection in (writer, reader):
                connection.autocommit = True
                connection.execute("set plan_cache_mode = force_generic_plan")
                connection.execute("select set_config('twh.tenant', %s, false)", (str(fresh()),))
            yield writer, reader
        superuser.execute("drop database planned with (force)")


def grow(address):
    """Fill every table, and let the worker's role do what the worker does."""
    with psycopg.connect(address.as_login()) as superuser:
        superuser.execute(GROW)
    with psycopg.connect(address.as_role(WORKER), autocommit=True) as worker:
        worker.execute("select analyze_grown_tables()")


def nodes(plan):
    yield plan
    for below in plan.get("Plans", ()):
        yield from nodes(below)


@pytest.fixture
def plan_of(planners):
    def plan_of(sql):
        """The nodes of the plan, for whatever values."""
        planner = planners[sql in READS]
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


@pytest.mark.parametrize("sql", STATEMENTS, ids=STATEMENTS.values())
def test_a_statement_goes_to_its_rows_and_not_through_the_tenants(plan_of, sql):
    through = {
        (STATEMENTS[sql], node["Index Name"])
        for node in plan_of(sql)
        if "Index Name" in node and not names_more_than_the_tenant(node.get("Index Cond", ""))
    }

    assert through <= BY_TENANT_ALONE


def names_more_than_the_tenant(condition):
    """Whether an index is entered by more than the tenant (and the lot, which is the same everywhere)."""
    return bool(set(re.findall(r"\((\w+) (?:[<>=]+|IS) ", condition)) - {"tenant_id", "lot"})
