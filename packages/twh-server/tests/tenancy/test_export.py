"""An export has everything that is a tenant's own, of one moment, nothing secret, and can be proved by itself."""

import asyncio
import hashlib

import msgspec
import pytest

from twh_server.access.sealing import Sealer
from twh_server.catalogue.item_commands import CreateItem
from twh_server.database.guards import GUARDED
from twh_server.database.identifiers import TENANT
from twh_server.database.revisions import REVISION
from twh_server.database.tables import metadata
from twh_server.tenancy.export import PARTS, export
from twh_server.tenancy.settings import UpdateSettings
from twh_server.webhooks import targets
from twh_server.webhooks.endpoint_commands import CreateEndpoint

# Why a table, or a column of one that is exported, stays here.
LEFT_OUT = {
    "tenants": "the header tells them",
    "ledger_heads": "the header tells it",
    "item_terms": "they follow from the items",
    "idempotency_keys": "answers that are kept for some days, some of them sealed",
    "cursors": "how far followers are",
    "deliveries": "what is under way to endpoints",
    "endpoint_queues": "when the next of them is due",
    "delivery_attempts": "what became of them",
    "replays": "what is under way to endpoints, once more",
    "checkpoints": "how far consumers are",
    "api_keys.digest": "opens the tenant to whoever finds the key",
    "webhook_endpoints.sealed_secret": "is secret, and sealed with a key of the server",
    "webhook_endpoints.sealed_previous": "is secret, and sealed with a key of the server",
    "webhook_endpoints.previous_until": "is about a secret",
    "item_barcodes.gtin": "follows from the barcode",
    "events.actor_key": "an index of what the body tells",
    "events.subject": "an index of what the body tells",
}


async def lines_of(database, shop):
    return [msgspec.json.decode(line) async for line in export(database, shop.tenant)]


def rows(lines, part):
    return [line["row"] for line in lines if line["part"] == part]


@pytest.fixture
async def busy(stockroom):
    await stockroom.do(CreateItem(sku="pears", name="Pears", barcodes=["4006381333931"], reorder_point="5"))
    await stockroom.do(UpdateSettings(changes={"oversell": True}))
    endpoint = CreateEndpoint(url="https://example.com/hook", policy=targets.SANDBOX, sealer=Sealer(bytes(32)))
    await stockroom.do(endpoint)
    receipt = await stockroom.receive("flour", "2.5")
    await stockroom.reverse(receipt)
    return stockroom


def test_every_table_and_column_is_exported_or_stays_here_for_a_reason():
    exported = {part.table: set(part.columns.split(", ")) | {"tenant_id"} for part in PARTS}
    missing = {table for table in GUARDED if table not in exported}
    for table, columns in exported.items():
        missing |= {f"{table}.{column.name}" for column in metadata.tables[table].columns if column.name not in columns}

    assert missing == set(LEFT_OUT)


async def test_the_header_says_whose_it_is_and_how_far_it_goes(busy, database, shop):
    header, *_, end = lines = await lines_of(database, shop)
    ((sequence, digest),) = await busy.rows("select sequence, hash from ledger_heads where tenant_id = %(tenant)s")

    assert (header["part"], header["format"], header["version"], header["revision"]) == (
        "header",
        "twh-export",
        1,
        REVISION,
    )
    assert (header["tenant"]["id"], header["tenant"]["name"]) == (TENANT.text(shop.tenant), "Shop")
    assert (header["last_sequence"], header["digest"]) == (sequence, digest.hex())
    assert (end["part"], end["rows"]) == ("end", len(lines) - 2)


async def test_the_end_has_the_hash_of_all_lines_before_it(busy, database, shop):
    *lines, end = [line async for line in export(database, shop.tenant)]

    assert msgspec.json.decode(end)["sha256"] == hashlib.sha256(b"".join(lines)).hexdigest()


async def test_every_row_of_the_tenant_is_there_and_none_of_another(busy, database, shop, other_shop):
    lines = await lines_of(database, shop)
    for part in PARTS:
        ((count,),) = await busy.rows(f"select count(*) from {part.table} where tenant_id = %(tenant)s")
        assert count == len(rows(lines, part.name)) > 0
    theirs = await lines_of(database, other_shop)

    assert [line["part"] for line in theirs] == ["header", "keys", "end"]


async def test_events_have_the_bytes_that_their_blocks_seal(busy, database, shop):
    lines = await lines_of(database, shop)
    bodies = {row["sequence"]: row["body"].encode() for row in rows(lines, "events")}
    digest = bytes(32)
    for block in rows(lines, "blocks"):
        sealed = hashlib.sha256(digest)
        for sequence in range(block["first_sequence"], block["last_sequence"] + 1):
            sealed.update(len(bodies[sequence]).to_bytes(8, "big") + bodies[sequence])
        digest = sealed.digest()
        assert block["hash"] == digest.hex()

    assert digest.hex() == lines[0]["digest"]


async def test_values_are_exact_and_ids_those_that_everybody_knows(busy, database, shop):
    lines = await lines_of(database, shop)
    told = {row["id"]: msgspec.json.decode(row["body"])["data"] for row in rows(lines, "events")}
    (receipt, reversal) = [data for data in told.values() if "movements" in data]
    (first, second) = rows(lines, "movements")
    levels = {(row["item_id"], row["on_hand"]) for row in rows(lines, "levels")}

    assert (first["id"], first["entry_id"], first["quantity"]) == (
        receipt["movements"][0]["id"],
        receipt["id"],
        "2.500000000",
    )
    assert (second["entry_id"], second["quantity"]) == (reversal["id"], "-2.500000000")
    assert levels == {(first["item_id"], "0.000000000")}
    assert rows(lines, "entries")[1]["reverses"] == receipt["id"]


async def test_nothing_secret_is_in_it(busy, database, shop, superuser):
    text = b"".join([line async for line in export(database, shop.tenant)])
    cursor = await superuser.execute(
        "select digest, sealed_secret from api_keys join webhook_endpoints using (tenant_id) where tenant_id = %s",
        (shop.tenant,),
    )
    ((digest, sealed),) = await cursor.fetchall()

    assert shop.secret.encode() not in text
    assert not any(secret.hex().encode() in text for secret in (bytes(digest), bytes(sealed)))


async def test_an_export_is_of_one_moment_while_writers_write(busy, database, shop):
    async def write():
        for _ in range(30):
            await busy.receive("apples", 1)

    async def look():
        return [await lines_of(database, shop) for _ in range(5)]

    _, exports = await asyncio.gather(write(), look())
    for lines in exports:
        last = lines[0]["last_sequence"]
        assert [row["sequence"] for row in rows(lines, "events")] == list(range(1, last + 1))
        assert rows(lines, "blocks")[-1]["hash"] == lines[0]["digest"]
        assert len(rows(lines, "entries")) == sum(row["kind"] == "entry.recorded" for row in rows(lines, "events"))
