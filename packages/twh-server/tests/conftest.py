"""A real PostgreSQL for all tests, migrated once, reached as the application's roles; a fresh tenant for each test."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any

import httpx
import psycopg
import pytest
import pytest_asyncio
from on_postgres import BINARIES

from twh_server.access.keys import create_key
from twh_server.access.rates import Buckets, Rate
from twh_server.access.scopes import ALL_SCOPES
from twh_server.access.sealing import Sealer
from twh_server.access.tenants import create_tenant
from twh_server.app import build, open_rooms
from twh_server.catalogue.item_commands import CreateItem
from twh_server.catalogue.location_commands import CreateLocation
from twh_server.database.address import Address
from twh_server.database.embedded import EmbeddedPostgres, temporary_postgres
from twh_server.database.engine import Database
from twh_server.database.identifiers import KEY, TENANT, KeyId, TenantId
from twh_server.database.migrate import migrate
from twh_server.events.bell import Bell
from twh_server.journal.commands import Actor, Command
from twh_server.journal.writer import Writer
from twh_server.ledger import stock
from twh_server.ledger.entries import Entry, Level
from twh_server.ledger.lines import Line
from twh_server.ledger.record import RecordEntry
from twh_server.ledger.reverse import ReverseEntry


@pytest.fixture(scope="session")
def postgres() -> Generator[EmbeddedPostgres]:
    """The PostgreSQL of this test session."""
    with temporary_postgres(binaries=BINARIES) as server:
        yield server


@pytest.fixture(scope="session")
def address(postgres: EmbeddedPostgres) -> Address:
    """The migrated database. Without a user in it, each role logs in as itself."""
    address = Address(postgres.conninfo())
    migrate(address)
    return address


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def database(address: Address) -> AsyncGenerator[Database]:
    """The pools of the application's and the worker's role."""
    async with Database(address) as database:
        yield database


@dataclass(frozen=True)
class Shop:
    """A fresh tenant with a key that has every scope."""

    tenant: TenantId
    key: KeyId
    secret: str

    @property
    def actor(self) -> Actor:
        return Actor(key=self.key, name="tests")

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.secret}"}


async def open_shop(database: Database, *, kind: str = "sandbox", name: str = "Shop") -> Shop:
    """A fresh, empty tenant."""
    async with database.transaction() as tx:
        tenant = await create_tenant(tx, name=name, kind="live" if kind == "live" else "sandbox")
        key = await create_key(tx, tenant, name="tests", scopes=ALL_SCOPES)
    tenant_id, key_id = TENANT.parse(tenant.id), KEY.parse(key.id)
    assert tenant_id
    assert key_id
    return Shop(tenant_id, key_id, key.secret)


@pytest.fixture(scope="session")
def new_shop() -> Callable[[Database], Awaitable[Shop]]:
    """Opens a fresh tenant in any database."""
    return open_shop


@pytest_asyncio.fixture(loop_scope="session")
async def shop(database: Database) -> Shop:
    """A fresh sandbox tenant."""
    return await open_shop(database)


@pytest_asyncio.fixture(loop_scope="session")
async def other_shop(database: Database) -> Shop:
    """Another tenant, for what must not be seen."""
    return await open_shop(database, name="Other shop")


@pytest_asyncio.fixture(loop_scope="session")
async def writer(database: Database) -> AsyncGenerator[Writer]:
    """The journal's writer."""
    writer = Writer(database, Bell())
    yield writer
    await writer.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def application(database: Database) -> AsyncGenerator[httpx.AsyncClient]:
    """The HTTP application in this process, without a network."""
    # A bucket that is full again before the next request, however soon that comes: answers differ in nothing by chance.
    rates = Buckets(Rate(requests=60_000, seconds=1))
    app = build(open_rooms(database, Bell(), Sealer(bytes(32)), rates=rates))
    transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://twh.test") as client:
        yield client


@pytest_asyncio.fixture(loop_scope="session")
async def http(application: httpx.AsyncClient, shop: Shop) -> httpx.AsyncClient:
    """The application, asked with the shop's key."""
    application.headers["Authorization"] = f"Bearer {shop.secret}"
    return application


class Stockroom:
    """One tenant's stock, moved through the journal. Each verb answers what became of it, or raises the refusal."""

    def __init__(self, database: Database, writer: Writer, shop: Shop) -> None:
        self.database, self.writer, self.shop = database, writer, shop

    async def do(self, command: Command[Any], *, actor: Actor | None = None) -> Any:
        """Carry out any command; its events say who asked."""
        return await self.writer.do(self.shop.tenant, command, actor=actor)

    async def stock_up(self) -> None:
        """Apples by the piece and flour by the gram, at MAIN and at STORE: no stock yet."""
        await self.do(CreateItem(sku="apples", name="Apples"))
        await self.do(CreateItem(sku="flour", name="Flour", unit="kg", scale=3))
        await self.do(CreateLocation(code="MAIN", name="Main warehouse"))
        await self.do(CreateLocation(code="STORE", name="Store", kind="store"))

    def entry(self, kind: str, *lines: Line, **more: Any) -> RecordEntry:
        """A command that records an entry."""
        return RecordEntry(kind=kind, lines=lines, actor=self.shop.actor, **more)

    async def record(self, kind: str, *lines: Line, **more: Any) -> Entry:
        """Record an entry."""
        return await self.do(self.entry(kind, *lines, **more))

    async def receive(self, item: str, quantity: int | str, at: str = "MAIN") -> Entry:
        """Stock comes in."""
        return await self.record("receipt", Line(item=item, quantity=str(quantity), location=at))

    async def issue(self, item: str, quantity: int | str, at: str = "MAIN", **more: Any) -> Entry:
        """Stock goes out."""
        return await self.record("issue", Line(item=item, quantity=str(quantity), location=at), **more)

    async def reverse(self, entry: Entry, **more: Any) -> Entry:
        """Undo an entry."""
        return await self.do(ReverseEntry(entry=entry.id, actor=self.shop.actor, **more))

    async def level(self, item: str, at: str = "MAIN") -> Level:
        """What is there now."""
        return await stock.get_level(self.database, self.shop.tenant, item, at)

    async def on_hand(self, item: str, at: str = "MAIN") -> str:
        """What is on the shelf now."""
        return (await self.level(item, at)).on_hand

    async def rows(self, sql: str) -> Sequence[tuple[Any, ...]]:
        """The rows of a select over this tenant's data, with `%(tenant)s` in it."""
        return await self.database.read(self.shop.tenant, sql, {"tenant": self.shop.tenant})


@pytest_asyncio.fixture(loop_scope="session")
async def stockroom(database: Database, writer: Writer, shop: Shop) -> Stockroom:
    """The shop's stock: apples and flour, MAIN and STORE, all empty."""
    room = Stockroom(database, writer, shop)
    await room.stock_up()
    return room


@pytest.fixture
def open_stockroom(database: Database, writer: Writer) -> Callable[..., Awaitable[Stockroom]]:
    """Opens the stockroom of a fresh tenant of a kind."""

    async def open_stockroom(kind: str = "sandbox") -> Stockroom:
        room = Stockroom(database, writer, await open_shop(database, kind=kind))
        await room.stock_up()
        return room

    return open_stockroom


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def standing(database: Database) -> AsyncGenerator[Stockroom]:
    """A stockroom that is open the whole session: for requests that change nothing."""
    writer = Writer(database, Bell())
    room = Stockroom(database, writer, await open_shop(database))
    await room.stock_up()
    yield room
    await writer.close()


@pytest_asyncio.fixture(loop_scope="session")
async def superuser(postgres: EmbeddedPostgres) -> AsyncGenerator[psycopg.AsyncConnection[Any]]:
    """Whoever may do everything: for what our own roles cannot do or see. Each statement commits."""
    conninfo = postgres.conninfo(user="postgres")
    async with await psycopg.AsyncConnection.connect(conninfo, autocommit=True) as connection:
        yield connection
