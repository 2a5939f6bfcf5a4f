"""Every statement that the server runs goes straight to its rows: on tables just created, and among a million movements.

None is listed here. Every operation is used, every list is asked with each of its parameters and with each two of them,
and PostgreSQL writes down how it went about every statement, the checks of references included. A plan is kept, so one
that reads through a tenant costs nothing on the first day and everything a month later.
"""

import importlib
import itertools
import pkgutil
import re
from contextlib import asynccontextmanager

import explained
import httpx
import million
import psycopg
import pytest
import pytest_asyncio
from on_postgres import BINARIES
from operation_uses import USES, Desk, catalogue, feed, keys, stock, telling, tenancy

import twh_server
from twh import AsyncClient
from twh_server.access.sealing import Sealer
from twh_server.app import build, open_rooms
from twh_server.database.address import Address
from twh_server.database.embedded import temporary_postgres
from twh_server.database.engine import Database
from twh_server.database.identifiers import DELIVERY, ENDPOINT, ENTRY, EVENT, ITEM, JOB, KEY, MOVEMENT
from twh_server.database.migrate import migrate
from twh_server.events.bell import Bell
from twh_server.http.operations import OPERATIONS
from twh_server.journal.commands import Answer, Read, Submission, Write
from twh_server.journal.writer import Writer
from twh_server.ledger import verify
from twh_server.tenancy.lifecycle import ChangeState
from twh_server.worker import working

pytestmark = pytest.mark.slow

FILES = (catalogue, stock, feed, telling, tenancy, keys)

THINGS = {
    "item": "SKU-7777",
    "location": "BIN-77",
    "movement": MOVEMENT.text(million.id_of("movement", 777_777, at=155_555)),
    "entry": ENTRY.text(million.id_of("entry", 77_777)),
    "event": EVENT.text(million.id_of("event", 7_777)),
    "endpoint": ENDPOINT.text(million.id_of("endpoint", 3)),
    "delivery": DELIVERY.text(million.id_of("delivery", 7_777)),
    "replay": JOB.text(million.id_of("replay", 7)),
    "api_key": KEY.text(million.id_of("api_key", 77)),
    "key": "key-77777",
    "checkpoint": "consumer-77",
    "event_type": "entry.recorded",
}
FROM, UNTIL = "2026-06-03T00:00:00Z", "2026-06-20T00:00:00Z"
PARAMETERS = {
    **{name: THINGS[name] for name in ("item", "location", "entry", "endpoint", "event", "replay")},
    "actor": THINGS["api_key"],
    "after": "100000",
    "after_sequence": "150000",
    "archived": "any",
    "as_of": UNTIL,
    "attribute": "shelf:77",
    "barcode": "CODE-777",
    "below_reorder_point": "true",
    "changed_since": FROM,
    "clock": "occurred",
    "kind": "receipt",
    "occurred_from": FROM,
    "occurred_until": UNTIL,
    "order": "asc",
    "parent": "BIN-7",
    "reason": "reason 4",
    "recorded_from": FROM,
    "recorded_until": UNTIL,
    "reference": "REF-77",
    "search": "item 77*",
    "since": FROM,
    "sku_prefix": "SKU-77",
    "state": "failed",
    "subject": ITEM.text(million.id_of("item", 77)),
    "tag": "even1",
    "types": "entry.recorded",
    "until": UNTIL,
    "wait": "0",
    "within": "BIN-7",
}
OTHERWISE = {
    ("audit_log.list", "kind"): {"kind": "item.updated"},
    ("locations.list", "kind"): {"kind": "bin"},
    ("replays.list", "state"): {"state": "finished"},
    **{(f"stock.{name}", "clock"): {"clock": "occurred", "as_of": UNTIL} for name in ("list", "get")},
    ("stock.list", "within"): {"within": "true", "location": "BIN-7"},
}
"""Where a parameter of the same name takes something else, or needs another one beside it."""
NOT_TOGETHER = {("changed_since", "as_of"), ("changed_since", "clock")}

READS = [operation for operation in OPERATIONS if operation.method == "GET"]
ONE_OR_FEW = {"ledger_heads_pkey", "tenant_settings_pkey", "webhook_endpoints_pkey", "blocks_pkey", "checkpoints_pkey"}
"""A tenant has one head, few endpoints and not many consumers: there is nothing more to look for. Blocks are walked from their end."""

WALKS_ALL = ('DECLARE "walk"', verify.COUNT_STORED.replace("%(tenant)s", "$1").replace("%(events_from)s", "$2"))
"""Who verifies or exports a ledger reads all of it."""

NOBODY_ANALYZES = "create or replace function analyze_grown_tables() returns integer language sql return 0"

# No index has these: a list walks its order behind what bounds it, and leaves out what they do not let through.
WALKED = {"occurred_from", "occurred_until", "below_reorder_point"}
WALKED_IN = {("stock.list", "changed_since")}
TOUCHED_MAX = 6_000


def parameters_of(operation):
    return [
        name for name in (operation.query.model_fields if operation.query else ()) if name not in ("limit", "cursor")
    ]


def brought_by_commands():
    """Every plural look-up and every plural statement of the write path: its name and its text."""
    for found in pkgutil.walk_packages(twh_server.__path__, "twh_server."):
        if not found.name.endswith("__main__") and "migrations" not in found.name:
            for name, value in vars(importlib.import_module(found.name)).items():
                if isinstance(value, Read | Write):
                    yield f"{found.name.removeprefix('twh_server.')}.{name}", value.sql


class Carried:
    """What was asked of a server, and the plans by which its database carried it out."""

    def __init__(self, postgres, database):
        self.log, self.database = postgres.log, database
        self.by_request = {}

    @asynccontextmanager
    async def served(self):
        """A way to ask the server, which has a worker beside it."""
        bell, sealer = Bell(), Sealer(bytes(32))
        transport = httpx.ASGITransport(app=build(open_rooms(self.database, bell, sealer)))
        async with working(self.database, bell, sealer), httpx.AsyncClient(transport=transport) as http:
            yield http

    async def read(self, http, shop):
        """Every operation that reads, each list with each parameter and each two of them, and the page behind the first."""
        for operation in READS:
            names = parameters_of(operation)
            for chosen in [(), *((name,) for name in names), *itertools.combinations(names, 2)]:
                if chosen in NOT_TOGETHER:
                    continue
                begun = self.log.stat().st_size
                await ask(http, shop, operation, chosen)
                self.by_request[operation.id, chosen] = explained.plans(self.log, since=begun)

    async def use(self, http, new_shop):
        """Every operation, as a developer uses it, each in a tenant of its own."""
        for use in USES.values():
            shop = await new_shop(self.database)

            def with_key(secret):
                return AsyncClient(api_key=secret, base_url="http://twh.test", http_client=http)

            await use(Desk(client=with_key(shop.secret), with_key=with_key))

    async def operate(self, shop):
        """What an operator does to a tenant."""
        writer = Writer(self.database, Bell())
        suspend = Submission(
            tenant=shop.tenant,
            command=ChangeState(to="suspended"),
            answer=lambda _: Answer(status=200),
            refuse=lambda refusal: pytest.fail(str(refusal)),
        )
        await writer.submit(suspend)
        await writer.close()

    @property
    def plans(self):
        """All plans."""
        return explained.plans(self.log)


async def ask(http, shop, operation, chosen):
    path = re.sub(r"{(\w+)}", lambda found: THINGS[found[1]], operation.path)
    query = {}
    for name in chosen:
        query |= OTHERWISE.get((operation.id, name)) or {name: PARAMETERS[name]}
    page = await http.get(f"http://twh.test{path}", params=query, headers=shop.headers)
    assert page.status_code in (200, 404), page.text
    cursor = page.json().get("next_cursor")
    if cursor:
        query["cursor"] = cursor
        assert (await http.get(f"http://twh.test{path}", params=query, headers=shop.headers)).status_code == 200


@pytest_asyncio.fixture(scope="module", loop_scope="session", params=["on fresh tables", "among a million movements"])
async def carried(request, new_shop):
    with temporary_postgres(binaries=BINARIES, settings=explained.SETTINGS) as postgres:
        address = Address(postgres.conninfo())
        migrate(address)
        with psycopg.connect(postgres.conninfo(user="postgres"), autocommit=True) as superuser:
            superuser.execute(NOBODY_ANALYZES)
        async with Database(address) as database:
            shop = await new_shop(database)
            if request.param == "among a million movements":
                with psycopg.connect(postgres.conninfo(user="postgres"), autocommit=True) as superuser:
                    million.load(superuser, shop.tenant)
            carried = Carried(postgres, database)
            async with carried.served() as http:
                await carried.read(http, shop)
                await carried.use(http, new_shop)
                await carried.operate(shop)
            yield carried


def test_every_parameter_has_a_value():
    wanted = {name for operation in READS for name in parameters_of(operation)}

    assert sorted(wanted - PARAMETERS.keys()) == [], "Say in PARAMETERS what to ask for"


def test_every_statement_of_the_write_path_was_carried_out(carried):
    carried_out = "\n".join({re.sub(r"\$\d+", "?", plan.statement) for plan in carried.plans})

    missing = [name for name, sql in brought_by_commands() if re.sub(r"%\(\w+\)s", "?", sql).strip() not in carried_out]
    assert missing == [], "Use it in operation_uses"


def test_no_table_is_read_from_beginning_to_end(carried):
    assert {plan.statement: plan.scanned for plan in carried.plans if plan.scanned} == {}


def test_no_statement_goes_through_all_that_a_tenant_has(carried):
    through = {
        f"{index}: {plan.statement}"
        for plan in carried.plans
        if not plan.statement.startswith(WALKS_ALL)
        for index in plan.through_a_tenant - ONE_OR_FEW
    }

    assert not through, "\n".join(through)


def test_a_page_is_read_and_not_what_lies_before_it(carried):
    touched = {
        asked: plan.touched
        for asked, plans in carried.by_request.items()
        for plan in plans
        if not WALKED & set(asked[1]) and not WALKED_IN & {(asked[0], name) for name in asked[1]}
    }

    assert {asked: rows for asked, rows in touched.items() if rows > TOUCHED_MAX} == {}
