"""From one revision to the next: what older code wrote is kept and understood, and older code goes on beside newer.

`recorded/0001.jsonl.gz` is what the code of revision 0001 sent to PostgreSQL 18 while it made a seeded sandbox and a live
tenant, wrote items, locations, movements of every kind, reversals, endpoints and refusals, answered retries from their
keys, told, delivered, failed and gave up webhooks, answered every list with each of its filters, verified, and swept.
It was made in a checkout of that code, with psycopg's own `PGconn` (PSYCOPG_IMPL=python) wrapped: `send_query`,
`send_query_params`, `send_prepare`, `send_query_prepared` and `get_result`, grouped by transaction in the order of the
commits, with `recorded.REPEATABLE` in place. At a release the next one is made in the same way, of the code released.
"""

import asyncio
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import httpx
import psycopg
import pytest
import pytest_asyncio
from aiohttp import web
from recorded import Player, Recording

from twh import webhooks
from twh_server.access.sealing import Sealer
from twh_server.app import build, open_rooms
from twh_server.catalogue.terms import terms_of
from twh_server.database.address import Address
from twh_server.database.engine import Database
from twh_server.database.identifiers import ENDPOINT, TENANT
from twh_server.database.migrate import migrate
from twh_server.events.bell import Bell
from twh_server.events.follow import Follower
from twh_server.http.operations import OPERATIONS
from twh_server.ledger.verify import verify
from twh_server.webhooks import fan_out
from twh_server.webhooks.deliver import Courier
from twh_server.webhooks.signing import secret_text

RECORDING = Recording.of("0001")
WHOSE = ["sandbox", "live"]
SEALER = Sealer(bytes(32))
RECEIPT = {
    "kind": "receipt",
    "reference": {"type": "purchase", "id": "PO-1"},
    "lines": [
        {"item": "TEE-M", "location": "MAIN-1", "quantity": "20"},
        {"item": "FLOUR", "location": "HOLD", "quantity": "2.125"},
    ],
}
TABLES = """
select relname
from pg_class
where relnamespace = 'public'::regnamespace and relkind = 'r' and relname <> 'alembic_version'
"""
UNTIL_SENT_SECONDS = 20


@asynccontextmanager
async def database_at(postgres, name, revision):
    """A database of its own, migrated to a revision."""
    async with await psycopg.AsyncConnection.connect(postgres.conninfo(user="postgres"), autocommit=True) as superuser:
        await superuser.execute(f"create database {name}")
        address = Address(postgres.conninfo(dbname=name))
        migrate(address, to=revision)
        yield address
        await superuser.execute(f"drop database {name} with (force)")


def rows_of(address, columns=None):
    """Every row of every table: of all columns, or of those that are named for a table."""
    with psycopg.connect(address.as_login()) as connection:
        columns = columns or {table: ["*"] for (table,) in connection.execute(TABLES).fetchall()}
        cursors = {
            table: connection.execute(f"select {', '.join(names)} from {table}") for table, names in columns.items()
        }
        named = {table: [column.name for column in cursor.description] for table, cursor in cursors.items()}
        return named, {table: sorted(map(str, cursor.fetchall())) for table, cursor in cursors.items()}


class Upgraded:
    """A database that older code has written, as today's code meets it."""

    def __init__(self, address, database, http, before, after):
        self.address, self.database, self.http = address, database, http
        self.before, self.after = before, after

    def tenant(self, whose):
        return TENANT.parse(RECORDING.about[whose]["tenant"])

    async def ask(self, whose, method, target, body=None, key=None):
        headers = {"Authorization": f"Bearer {RECORDING.about[whose]['secret']}"}
        headers |= {"Idempotency-Key": key} if key else {}
        return await self.http.request(method, f"/v1/{target}", json=body, headers=headers)

    async def all(self, whose, target):
        """Everything in a list, page after page."""
        found, cursor = [], ""
        while cursor is not None:
            answer = await self.ask(whose, "GET", f"{target}{'&' if '?' in target else '?'}limit=50{cursor}")
            assert answer.status_code == 200, answer.text
            page = answer.json()
            found += page["data"]
            cursor = page["next_cursor"] and f"&cursor={page['next_cursor']}"
        return found

    async def events(self, whose):
        found = []
        while page := (await self.ask(whose, "GET", f"events?limit=200&after={len(found)}")).json()["data"]:
            found += page
        return found

    async def bodies(self, whose):
        """The stored bytes of the events of revision 0001, in their order."""
        rows = await self.database.read(
            self.tenant(whose), "select body from events where tenant_id = %s order by sequence", (self.tenant(whose),)
        )
        return [body.encode() for (body,) in rows]


@asynccontextmanager
async def upgraded_from(address, before=None, after=None):
    async with Database(address) as database:
        transport = httpx.ASGITransport(app=build(open_rooms(database, Bell(), SEALER)))
        async with httpx.AsyncClient(transport=transport, base_url="http://twh.test") as http:
            yield Upgraded(address, database, http, before, after)


def may_read_what_is_new(address):
    """Which no key of revision 0001 could be allowed: a tenant's new keys are."""
    with psycopg.connect(address.as_login()) as connection:
        connection.execute(
            "update api_keys set scopes = scopes || '{audit:read,keys:read}'::text[] where name <> 'operator'"
        )


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def upgraded(postgres, address):
    """What the code of revision 0001 has written, migrated to the newest revision."""
    async with database_at(postgres, "upgraded", "0001") as there:
        with Player(RECORDING, there) as player:
            assert player.play(RECORDING.transactions) == []
        columns, before = rows_of(there)
        migrate(there)
        _, after = rows_of(there, columns)
        may_read_what_is_new(there)
        async with upgraded_from(there, before, after) as upgraded:
            yield upgraded


def test_older_code_wrote_rows_in_every_table_that_it_had(upgraded):
    assert [table for table, rows in upgraded.before.items() if not rows] == []


def test_migrating_loses_and_changes_nothing_that_older_code_wrote(upgraded):
    assert {table: rows for table, rows in upgraded.after.items() if rows != upgraded.before[table]} == {}


@pytest.mark.parametrize("whose", WHOSE)
async def test_what_older_code_wrote_verifies(upgraded, whose):
    verification = await verify(upgraded.database, upgraded.tenant(whose))

    assert verification.fault is None
    assert verification.events > 30


LISTS = [one for one in OPERATIONS if one.method == "GET" and one.path.count("{") == 0 and one.query]


@pytest.mark.parametrize("operation", LISTS, ids=[one.id for one in LISTS])
@pytest.mark.parametrize("whose", WHOSE)
async def test_every_list_can_be_read_to_its_end(upgraded, whose, operation):
    target = operation.path.removeprefix("/v1/")
    found = await (upgraded.events(whose) if target == "events" else upgraded.all(whose, target))

    assert found or target in {"audit-log", "checkpoints", "replays"}, operation.id


@pytest.mark.parametrize("whose", WHOSE)
async def test_every_thing_in_a_list_can_be_read(upgraded, whose):
    for kind in ("items", "locations", "entries", "movements", "webhook-endpoints", "deliveries"):
        for thing in (await upgraded.all(whose, kind))[:20]:
            answer = await upgraded.ask(whose, "GET", f"{kind}/{thing['id']}")
            assert answer.status_code == 200, answer.text
            assert answer.json()["id"] == thing["id"]


@pytest.mark.parametrize("whose", WHOSE)
async def test_events_that_name_no_actor_are_events_for_the_feed_and_for_the_sdk(upgraded, whose):
    bodies = await upgraded.bodies(whose)
    told = await upgraded.events(whose)

    assert [event["id"] for event in told] == [webhooks.parse(body).id for body in bodies]
    assert not any("actor" in event for event in told if event["sequence"] <= 30)
    assert "UnknownEvent" not in {type(webhooks.parse(body)).__name__ for body in bodies}


@pytest.mark.parametrize("whose", WHOSE)
async def test_the_audit_log_begins_with_the_upgrade(upgraded, whose):
    until = datetime.fromisoformat((await upgraded.events(whose))[30]["timestamp"]).isoformat().replace("+00:00", "Z")

    assert await upgraded.all(whose, f"audit-log?until={until}") == []


@pytest.mark.parametrize("whose", WHOSE)
async def test_a_key_that_was_answered_before_the_upgrade_has_the_same_answer_after(upgraded, whose):
    entry = next(one for one in await upgraded.all(whose, "entries") if one["reference"] == RECEIPT["reference"])
    again = await upgraded.ask(whose, "POST", "movements", RECEIPT, key="first-receipt")

    assert (again.status_code, again.json()) == (201, entry)
    assert again.headers["idempotent-replayed"] == "true"


@pytest.mark.parametrize("whose", WHOSE)
async def test_items_are_found_by_their_words(upgraded, whose):
    found = await upgraded.all(whose, "items?search=größe")
    coloured = await upgraded.all(whose, "items?attribute=colour:white")

    assert [item["sku"] for item in found] == ["TEE-M"]
    assert [item["sku"] for item in coloured] == ["FLOUR"]


async def test_the_terms_of_items_are_those_that_todays_code_would_write(upgraded):
    with psycopg.connect(upgraded.address.as_login()) as connection:
        items = connection.execute("select id, name, tags, attributes from items where version < 3").fetchall()
        terms = connection.execute("select item_id, term from item_terms").fetchall()
    ids = {item for item, *_ in items}

    assert {(item, term) for item, term in terms if item in ids} == {
        (item, term) for item, *words in items for term in terms_of(*words)
    }


@pytest.mark.parametrize("whose", WHOSE)
async def test_places_for_what_is_on_its_way_or_set_apart_are_not_for_sale(upgraded, whose):
    sellable = {one["code"]: one["sellable"] for one in await upgraded.all(whose, "locations?archived=any")}

    assert {code: sellable[code] for code in ("MAIN-1", "SHOP-1", "TRUCK", "HOLD", "BIN-1")} == {
        "MAIN-1": True,
        "SHOP-1": True,
        "TRUCK": False,
        "HOLD": False,
        "BIN-1": False,
    }


@pytest.mark.parametrize("whose", WHOSE)
async def test_writing_goes_on(upgraded, whose):
    level = (await upgraded.ask(whose, "GET", "stock/TEE-M/MAIN-1")).json()
    line = {"item": "TEE-M", "location": "MAIN-1", "quantity": "2", "expected": {"version": level["version"]}}
    recorded = await upgraded.ask(whose, "POST", "movements", {"kind": "issue", "lines": [line]}, key="after")
    reversed_ = await upgraded.ask(whose, "POST", f"entries/{recorded.json()['id']}/reverse", {}, key="undone")
    changed = await upgraded.ask(whose, "PATCH", "items/FLOUR", {"tags": ["baking"]})
    audited = await upgraded.all(whose, "audit-log")

    assert [answer.status_code for answer in (recorded, reversed_, changed)] == [201, 201, 200]
    assert [one["sku"] for one in await upgraded.all(whose, "items?search=flour&tag=baking")] == ["FLOUR"]
    assert audited[0]["subject"] == changed.json()["id"]
    assert (await verify(upgraded.database, upgraded.tenant(whose))).fault is None


class Inbox:
    """A customer's endpoint that takes everything."""

    def __init__(self):
        self.messages = []

    @property
    def ids(self):
        return {headers["webhook-id"] for headers, _ in self.messages}

    async def take(self, request):
        self.messages.append((dict(request.headers), await request.read()))
        return web.Response(status=204)

    @asynccontextmanager
    async def open(self):
        app = web.Application()
        app.router.add_post("/", self.take)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        yield f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}/"
        await runner.cleanup()


async def test_what_waited_to_be_delivered_arrives_and_its_signature_is_that_of_the_secret_given_out(upgraded):
    endpoint = (await upgraded.all("sandbox", "deliveries?state=pending"))[0]["endpoint"]
    waiting = await upgraded.all("sandbox", f"deliveries?state=pending&endpoint={endpoint}")
    tenant, whe = upgraded.tenant("sandbox"), ENDPOINT.parse(endpoint)
    [(sealed,)] = await upgraded.database.read(
        tenant, "select sealed_secret from webhook_endpoints where tenant_id = %s and id = %s", (tenant, whe)
    )
    secret = secret_text(SEALER.open_secret(bytes(sealed), tenant=tenant, endpoint=whe))
    inbox = Inbox()
    async with inbox.open() as url:
        changes = {"url": url, "enabled": True}
        changed = await upgraded.ask("sandbox", "PATCH", f"webhook-endpoints/{endpoint}", changes)
        await Follower(upgraded.database, Bell(), fan_out.FOLLOWER, fan_out.fan_out).catch_up()
        courier = Courier(upgraded.database, SEALER, clock=lambda: datetime.now(UTC) + timedelta(hours=1))
        running = asyncio.create_task(courier.run())
        async with asyncio.timeout(UNTIL_SENT_SECONDS):
            while not {delivery["event"] for delivery in waiting} <= inbox.ids:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        courier.stop()
        await running

    assert changed.status_code == 200
    later = (datetime.now(UTC) + timedelta(hours=1)).timestamp()
    told = {webhooks.verify(body, headers, secret=secret, clock=lambda: later).id for headers, body in inbox.messages}
    assert told == inbox.ids


# --- older code beside newer ----------------------------------------------------------------------------------------


async def test_older_code_works_on_the_newest_revision_as_on_its_own(postgres, address):
    async with database_at(postgres, "beside", "head") as there:
        with Player(RECORDING, there) as player:
            assert player.play(RECORDING.transactions) == []
        async with upgraded_from(there) as upgraded:
            for whose in WHOSE:
                assert (await verify(upgraded.database, upgraded.tenant(whose))).fault is None
                assert await upgraded.all(whose, "items?archived=any")


async def test_older_code_goes_on_while_it_is_migrated_under_it(postgres, address):
    half = len(RECORDING.transactions) // 2
    async with database_at(postgres, "midway", "0001") as there:
        with Player(RECORDING, there) as player:
            first = player.play(RECORDING.transactions[:half])
            migrate(there)
            second = player.play(RECORDING.transactions[half:])
        async with upgraded_from(there) as upgraded:
            faults = [(await verify(upgraded.database, upgraded.tenant(whose))).fault for whose in WHOSE]

    assert (first, second, faults) == ([], [], [None, None])
