"""Finding goes straight to its rows: in a shop of thousands and on tables just created, whichever way it is planned.

Every statement that a look-up runs is taken down and explained as the server's own readers run it. At scale, not only
the kind of scan counts but how many rows it touched.
"""

import re

import psycopg
import pytest
from psycopg import sql

from twh_server.catalogue import finding, listing
from twh_server.catalogue.finding import FEW, ItemFilter
from twh_server.catalogue.listing import LocationFilter
from twh_server.catalogue.terms import terms_of
from twh_server.database.address import Address
from twh_server.database.engine import Database
from twh_server.database.guards import GUARDED
from twh_server.database.identifiers import fresh
from twh_server.database.migrate import migrate
from twh_server.ledger import stock, totals
from twh_server.ledger.stock import StockFilter
from twh_server.ledger.totals import TotalFilter

ITEMS = 20_000
PLACES = 300
PAGE = 51
TOUCHED_MAX = 16 * FEW
"""What is gathered before it is sorted, and what is looked at beside it: far from everything."""

LONG_AGO = "2026-01-01T00:00:00Z"
ITEM_FILTERS = {
    "all": {},
    "barcode": {"barcode": "2000000000011"},
    "barcode in another form": {"barcode": "02000000000011"},
    "free barcode": {"barcode": "SHELF-7"},
    "SKU prefix": {"sku_prefix": "SKU-12"},
    "SKU prefix of all": {"sku_prefix": "S"},
    "rare word": {"search": "rare7"},
    "common word": {"search": "shirt"},
    "beginning of a rare word": {"search": "rare1*"},
    "beginning of a common word": {"search": "sh*"},
    "common and rare": {"search": "shirt rare7"},
    "common words": {"search": "shirt cotton"},
    "common word and a beginning that one word has": {"search": "shirt cott*"},
    "tag and word": {"search": "shirt", "tag": "summer"},
    "attribute": {"attribute": ("number", "77")},
    "word in a SKU prefix": {"search": "shirt", "sku_prefix": "SKU-12"},
    "rare word that changed": {"search": "rare7", "changed_since": LONG_AGO},
    "changed since": {"changed_since": LONG_AGO},
    "changed lately": {"changed_since": "2026-06-01T01:00:00Z"},
}
LOCATION_FILTERS = {
    "parent": {"parent": "P-1"},
    "within": {"within": "P-1"},
    "changed since": {"changed_since": LONG_AGO},
}
STOCK_FILTERS = {
    "item": {"item": "SKU-7"},
    "location": {"location": "P-7"},
    "within": {"location": "P-1", "within": True},
}
TOTAL_FILTERS = {
    "all": {},
    "item": {"item": "SKU-7"},
    "location": {"location": "P-1"},
    "item and location": {"item": "SKU-11", "location": "P-1"},
}
LOOKUPS = [
    *(("items", name, finding.list_items, ItemFilter(**wanted)) for name, wanted in ITEM_FILTERS.items()),
    *(
        ("locations", name, listing.list_locations, LocationFilter(**wanted))
        for name, wanted in LOCATION_FILTERS.items()
    ),
    *(("stock", name, stock.list_levels, StockFilter(**wanted)) for name, wanted in STOCK_FILTERS.items()),
    *(("totals", name, totals.list_totals, TotalFilter(**wanted)) for name, wanted in TOTAL_FILTERS.items()),
]
every_lookup = pytest.mark.parametrize(
    ("look", "wanted"), [one[2:] for one in LOOKUPS], ids=["-".join(one[:2]) for one in LOOKUPS]
)

FILL = {
    "items": """
insert into items (tenant_id, id, sku, name, barcodes, unit, scale, attributes, version, created_at, updated_at)
select %(tenant)s, id, sku, name, '{}', 'each', 0, '{}', 1, at, at
from unnest(%(ids)s::uuid[], %(skus)s::text[], %(names)s::text[], %(times)s::timestamptz[]) as i (id, sku, name, at)
""",
    "item_terms": """
insert into item_terms (tenant_id, term, item_id)
select %(tenant)s, jsonb_array_elements_text(terms::jsonb), id
from unnest(%(ids)s::uuid[], %(terms)b::text[]) as i (id, terms)
""",
    "item_barcodes": """
insert into item_barcodes (tenant_id, barcode, item_id)
select %(tenant)s, barcode, id
from unnest(%(ids)s::uuid[], %(barcodes)s::text[]) as i (id, barcode)
""",
    "locations": """
insert into locations (tenant_id, id, code, name, kind, parent_id, version, created_at, updated_at)
select %(tenant)s, id, code, code, 'bin', parent, 1, '2026-06-01', '2026-06-01'
from unnest(%(places)s::uuid[], %(codes)s::text[], %(parents)s::uuid[]) as l (id, code, parent)
""",
    "stock_levels": """
insert into stock_levels (tenant_id, item_id, location_id, lot, on_hand, reserved, version, last_occurred_at, updated_at)
select %(tenant)s, item, place, '', 5, 0, 1, '2026-06-01', '2026-06-01'
from unnest(%(ids)s::uuid[], %(at)s::uuid[]) as s (item, place)
""",
}


def shop_of(tenant, items):
    """A shop with common words, rare words, bins within shelves, and one level of every item."""
    ids = sorted(fresh() for _ in range(items))
    names = [f"{'shirt' if n % 2 else 'mug'} {'cotton' if n % 3 else 'linen'} rare{n % 1500}" for n in range(items)]
    places = [fresh() for _ in range(PLACES)]
    return {
        "tenant": tenant,
        "ids": ids,
        "skus": [f"SKU-{n}" for n in range(items)],
        "names": names,
        "times": [f"2026-06-01T{n // 3600 % 24:02}:{n // 60 % 60:02}:{n % 60:02}Z" for n in range(items)],
        "terms": [
            "[" + ",".join(f'"{term}"' for term in terms_of(name, ["summer"] * (n % 2), {"number": n})) + "]"
            for n, name in enumerate(names)
        ],
        "barcodes": ["SHELF-7" if n == 7 else f"{200_000_000_000 + n}{n % 10}" for n in range(items)],
        "places": places,
        "codes": [f"P-{n}" for n in range(PLACES)],
        "parents": [None if n < 10 else places[n // 10] for n in range(PLACES)],
        "at": [places[n % PLACES] for n in range(items)],
    }


class TakingDown(Database):
    """Notes every statement that is read."""

    def __init__(self, address):
        super().__init__(address)
        self.said = []

    async def read(self, tenant, sql, parameters):
        self.said.append((sql, parameters))
        return await super().read(tenant, sql, parameters)


@pytest.fixture(scope="module")
def built(postgres):
    """Two databases: one just migrated, one with a large shop and a small one, analyzed. Each with a tenant's id."""
    tenant, other = fresh(), fresh()
    with psycopg.connect(postgres.conninfo(user="postgres"), autocommit=True) as superuser:
        for name in ("found_fresh", "found_full"):
            superuser.execute(f"create database {name}")
            migrate(Address(postgres.conninfo(dbname=name)))
    with psycopg.connect(postgres.conninfo(user="postgres", dbname="found_full"), autocommit=True) as superuser:
        for one, items in ((tenant, ITEMS), (other, 200)):
            superuser.execute(
                "insert into tenants (id, name, kind, created_at) values (%s, 'x', 'live', now())", (one,)
            )
            values = shop_of(one, items)
            for statement in FILL.values():
                superuser.execute(statement, values)
        superuser.execute("analyze")
    yield {name: (Address(postgres.conninfo(dbname=name)), tenant) for name in ("found_fresh", "found_full")}
    with psycopg.connect(postgres.conninfo(user="postgres"), autocommit=True) as superuser:
        for name in ("found_fresh", "found_full"):
            superuser.execute(f"drop database {name} with (force)")


async def taken_down(built, name, look, wanted):
    """What a look-up asks for its first page, and for a page further on."""
    address, tenant = built[name]
    async with TakingDown(address) as database:
        found = await look(database, tenant, wanted, after=None, limit=PAGE)
        if found:
            last = found[-1]
            place = last[1] if isinstance(last, tuple) else place_of(wanted, last)
            await look(database, tenant, wanted, after=place, limit=PAGE)
        return database.said, database.reading, tenant, found


def place_of(wanted, row):
    if isinstance(wanted, ItemFilter):
        return wanted.order.place(row)
    return (row.updated_at, row.id) if wanted.changed_since else row.id


def explained(connection, statement, parameters, *, generic):
    """The nodes of a plan that was carried out, planned for these values or for any."""
    names = list(parameters)
    told = statement
    for number, name in enumerate(names, 1):
        told = told.replace(f"%({name})s", f"${number}")
    connection.execute(f"set plan_cache_mode = force_{'generic' if generic else 'custom'}_plan")
    connection.execute(f"prepare looked as {told}")
    values = sql.SQL(", ").join(sql.Literal(parameters[name]) for name in names)
    explain = sql.SQL("explain (analyze, format json) execute looked ({})").format(values)
    ((plan,),) = connection.execute(explain).fetchall()
    connection.execute("deallocate looked")
    return list(nodes(plan[0]["Plan"]))


def nodes(plan):
    yield plan
    for below in plan.get("Plans", ()):
        yield from nodes(below)


def touched(node):
    """How many rows of a table, or of a bitmap of it, a scan read."""
    if not {"Relation Name", "Index Name"} & node.keys():
        return 0
    removed = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
    return (node["Actual Rows"] + removed) * node["Actual Loops"]


@every_lookup
@pytest.mark.parametrize("generic", [False, True], ids=["planned for its values", "planned for any values"])
async def test_a_look_up_in_a_large_shop_touches_few_rows(built, look, wanted, generic):
    said, reading, tenant, found = await taken_down(built, "found_full", look, wanted)

    assert found
    with psycopg.connect(reading, autocommit=True) as connection:
        connection.execute("select set_config('twh.tenant', %s, false)", (str(tenant),))
        for statement, parameters in said:
            plan = explained(connection, statement, parameters, generic=generic)
            assert not {node.get("Relation Name") for node in plan if node["Node Type"] == "Seq Scan"} & set(GUARDED)
            assert sum(map(touched, plan)) <= TOUCHED_MAX, statement


@every_lookup
async def test_a_look_up_on_fresh_tables_is_planned_by_an_index(built, look, wanted):
    said, reading, tenant, _ = await taken_down(built, "found_fresh", look, wanted)

    with psycopg.connect(reading, autocommit=True) as connection:
        connection.execute("select set_config('twh.tenant', %s, false)", (str(tenant),))
        for statement, parameters in said:
            plan = explained(connection, statement, parameters, generic=True)
            assert not {node.get("Relation Name") for node in plan if node["Node Type"] == "Seq Scan"} & set(GUARDED)
            through = {node["Index Name"] for node in plan if "Index Name" in node and through_the_tenant(node)}
            assert not through, statement


def through_the_tenant(node):
    """Whether an index is entered by nothing but the tenant (and the lot, which is the same everywhere)."""
    named = set(re.findall(r"\((\w+)\)?(?:::text)?(?:, \w+\))? [<>=]+ ", node.get("Index Cond", "")))
    return not named - {"tenant_id", "lot"}
