"""Whatever is changed in a ledger by someone who may change the schema, and so switch the guards off, `verify` names.

Not a list of manipulations that somebody thought of (`test_verify.py` has those, with what is said of each), but every
column of every table of history, of the levels and of the head: changed, emptied, swapped with another row's; every row
deleted, copied, or all of them at once. A column that is added is tried without anyone thinking of it.
"""

import psycopg
import pytest

from twh_server.database.tables import metadata
from twh_server.ledger.chain import Digest
from twh_server.ledger.verify import verify

TABLES = {
    "entries": "id",
    "stock_movements": "id",
    "events": "sequence",
    "blocks": "first_sequence",
    "stock_levels": "item_id, location_id, lot",
    "ledger_heads": "tenant_id",
}
"""Each with what tells its rows apart within a tenant."""

NOT_TOLD = {
    ("ledger_heads", "recorded_at"): "the head's clock: the next block is later than it, whatever it says",
    (
        "stock_movements",
        "late",
    ): "what is said to be late is added up by itself: that is never wrong; the reverse is named",
    ("ledger_heads", "last_id"): "after which ids are minted: an id that was minted once is refused as taken",
}
"""What `verify` cannot know, and why that changes nothing that was recorded."""

OTHER = {
    "uuid": "gen_random_uuid()",
    "bigint": "{c} + 1000",
    "integer": "{c} + 1000",
    "numeric": "{c} + 1",
    "text": "{c} || 'x'",
    "boolean": "not {c}",
    "timestamp with time zone": "{c} + interval '1 second'",
    "bytea": "sha256({c})",
}
"""Another value than a column has, by its type."""

FIRST = {"uuid": "gen_random_uuid()", "text": "'x'", "timestamp with time zone": "now()"}
"""A value where a column has none."""

COLUMNS = [(table, column.name) for table in TABLES for column in metadata.tables[table].columns]
KNOWN = [column for column in COLUMNS if column not in NOT_TOLD]


def named(columns):
    return pytest.mark.parametrize(("table", "column"), columns, ids=[".".join(one) for one in columns])


@pytest.fixture
def found(busy, tamper):
    """What is found after a change: the fault that is named, or what the database refused it with."""

    async def found(table, statement):
        try:
            await tamper(table, statement)
        except psycopg.errors.IntegrityError as refused:
            return refused
        return (await verify(busy.database, busy.shop.tenant)).fault

    return found


@pytest.fixture
def kind_of(superuser):
    async def kind_of(table, column):
        rows = await superuser.execute(
            "select data_type from information_schema.columns where table_name = %s and column_name = %s",
            (table, column),
        )
        return (await rows.fetchone())[0]

    return kind_of


def one_row(table, condition="true"):
    """The row in the middle, of those for which a condition holds."""
    key = TABLES[table]
    return f"""
    tenant_id = %(tenant)s and ({key}) = (
        select {key}
        from (
            select {key}, row_number() over (order by {key}) as n, count(*) over () as rows
            from {table}
            where tenant_id = %(tenant)s and {condition}
        ) as numbered
        where n = (rows + 1) / 2
    )
    """


async def has(busy, table, condition):
    rows = await busy.rows(f"select count(*) from {table} where tenant_id = %(tenant)s and {condition}")
    return rows[0][0] > 0


@named(KNOWN)
async def test_a_value_that_is_changed_is_named(busy, found, kind_of, table, column):
    assert await has(busy, table, f"{column} is not null")
    other = OTHER[await kind_of(table, column)].format(c=column)

    assert await found(table, f"update {table} set {column} = {other} where {one_row(table, f'{column} is not null')}")


NULLABLE = [one for one in KNOWN if metadata.tables[one[0]].columns[one[1]].nullable]


@named(NULLABLE)
async def test_a_value_that_is_taken_away_is_named(busy, found, table, column):
    assert await found(table, f"update {table} set {column} = null where {one_row(table, f'{column} is not null')}")


@named(NULLABLE)
async def test_a_value_that_is_put_where_there_was_none_is_named(busy, found, kind_of, table, column):
    assert await has(busy, table, f"{column} is null")
    first = FIRST[await kind_of(table, column)]

    assert await found(table, f"update {table} set {column} = {first} where {one_row(table, f'{column} is null')}")


# Nothing is reserved yet, and no lot is told from another.
ALIKE = {"tenant_id", "lot", "reserved", "reserved_after"}
SWAPPED = [(table, column) for table, column in KNOWN if column not in ALIKE and table != "ledger_heads"]


@named(SWAPPED)
async def test_two_values_that_are_swapped_are_named(found, table, column):
    swapped = f"""
    with pair as (
        select a.ctid as one, a.{column} as ones, b.ctid as other, b.{column} as others
        from {table} as a
        join {table} as b on b.tenant_id = a.tenant_id and b.{column} is distinct from a.{column}
        where a.tenant_id = %(tenant)s
        order by row(a.*), row(b.*)
        limit 1
    )
    update {table} as t
    set {column} = case when t.ctid = pair.one then pair.others else pair.ones end
    from pair
    where t.ctid in (pair.one, pair.other)
    """

    assert await found(table, swapped)


@pytest.mark.parametrize("table", TABLES)
async def test_a_row_that_is_deleted_is_named(found, table):
    assert await found(table, f"delete from {table} where {one_row(table)}")


@pytest.mark.parametrize("table", TABLES)
async def test_the_last_row_that_is_deleted_is_named(found, table):
    key = TABLES[table]
    last = ", ".join(f"{part} desc" for part in key.split(", "))
    chosen = f"select {key} from {table} where tenant_id = %(tenant)s order by {last} limit 1"

    assert await found(table, f"delete from {table} where tenant_id = %(tenant)s and ({key}) = ({chosen})")


@pytest.mark.parametrize("table", TABLES)
async def test_a_table_that_is_emptied_is_named(found, table):
    assert await found(table, f"delete from {table} where tenant_id = %(tenant)s")


@pytest.mark.parametrize("table", TABLES)
async def test_a_row_that_is_forged_is_named(found, kind_of, table):
    """A copy of a row under another key: for what is numbered the next number, for what has an id another id."""
    columns = [column.name for column in metadata.tables[table].columns]
    key = set(TABLES[table].split(", ")) | {"sequence"} if table == "entries" else set(TABLES[table].split(", "))
    values = [
        OTHER[await kind_of(table, one)].format(c=one) if one in key and one != "tenant_id" else one for one in columns
    ]
    forged = f"select {', '.join(values)} from {table} where {one_row(table)}"

    assert await found(table, f"insert into {table} ({', '.join(columns)}) {forged}")


@named(list(NOT_TOLD))
async def test_what_cannot_be_known_is_listed_and_nothing_else(busy, found, kind_of, table, column):
    other = "true" if column == "late" else OTHER[await kind_of(table, column)].format(c=column)

    assert await found(table, f"update {table} set {column} = {other} where {one_row(table)}") is None


# The last entry made a level that was not there before: without it the level goes, too.
CARE = {
    "stock_levels": """delete from stock_levels where tenant_id = %(tenant)s and (item_id, location_id) in (
        select item_id, location_id from stock_movements where tenant_id = %(tenant)s and version_after = 1
        order by id desc limit 1)""",
    "stock_movements": """delete from stock_movements where tenant_id = %(tenant)s and entry_id = (
        select id from entries where tenant_id = %(tenant)s order by sequence desc limit 1)""",
    "entries": "delete from entries where tenant_id = %(tenant)s and sequence > %(last)s",
    "events": "delete from events where tenant_id = %(tenant)s and sequence > %(last)s",
    "blocks": "delete from blocks where tenant_id = %(tenant)s and first_sequence > %(last)s",
    "ledger_heads": """update ledger_heads set sequence = %(last)s, hash = decode(%(digest)s, 'hex')
        where tenant_id = %(tenant)s""",
}


async def cut_with_care(tamper, before):
    for table, statement in CARE.items():
        await tamper(table, statement, last=before.last_sequence, digest=before.digest)


async def test_a_tail_that_was_cut_with_care_is_told_only_by_the_digest_that_someone_kept(busy, tamper):
    """The one thing that a ledger cannot know of itself: that it once was longer. So keep the digest elsewhere."""
    shop = busy.shop
    before = await verify(busy.database, shop.tenant)
    await busy.receive("flour", 1, at="MAIN")
    after = await verify(busy.database, shop.tenant)
    await cut_with_care(tamper, before)
    cut = await verify(busy.database, shop.tenant)
    held = await verify(busy.database, shop.tenant, against=kept(after))

    assert cut.fault is None
    assert (cut.last_sequence, cut.digest) == (before.last_sequence, before.digest)
    assert held.fault.what == "ledger is shorter than when the digest was kept"


async def test_a_tail_that_was_written_anew_is_told_by_the_digest_that_someone_kept(busy, tamper):
    shop = busy.shop
    before = await verify(busy.database, shop.tenant)
    await busy.receive("flour", 1, at="MAIN")
    after = await verify(busy.database, shop.tenant)
    await cut_with_care(tamper, before)
    await busy.receive("flour", 2, at="MAIN")
    held = await verify(busy.database, shop.tenant, against=kept(after))

    assert (await verify(busy.database, shop.tenant)).fault is None
    assert held.fault.what == "block is not the one whose digest was kept"


async def test_a_digest_that_was_kept_fits_for_ever(busy):
    before = await verify(busy.database, busy.shop.tenant)
    await busy.receive("flour", 1, at="MAIN")

    assert (await verify(busy.database, busy.shop.tenant, against=kept(before))).fault is None


async def test_a_digest_from_within_a_block_is_told(busy):
    blocks = await busy.rows(
        "select last_sequence from blocks where tenant_id = %(tenant)s and last_sequence > first_sequence"
    )
    within = Digest(last_sequence=blocks[0][0] - 1, hash=bytes(32))
    found = await verify(busy.database, busy.shop.tenant, against=within)

    assert found.fault.what == "block ends elsewhere than when the digest was kept"


def kept(verification):
    return Digest(last_sequence=verification.last_sequence, hash=bytes.fromhex(verification.digest))
