"""A real PostgreSQL for all tests, migrated once, reached as the application's roles; a fresh tenant for each test."""

from collections.abc import AsyncGenerator, Generator
from dataclasses import dataclass

import httpx
import pytest
import pytest_asyncio

from twh_server.access.keys import create_key
from twh_server.access.scopes import ALL_SCOPES
from twh_server.access.tenants import create_tenant
from twh_server.app import build
from twh_server.database.address import Address
from twh_server.database.embedded import EmbeddedPostgres, temporary_postgres
from twh_server.database.engine import Database
from twh_server.database.identifiers import KEY, TENANT, KeyId, TenantId
from twh_server.database.migrate import migrate
from twh_server.events.bell import Bell
from twh_server.journal.commands import Actor
from twh_server.journal.writer import Writer


@pytest.fixture(scope="session")
def postgres() -> Generator[EmbeddedPostgres]:
    """The PostgreSQL of this test session."""
    with temporary_postgres() as server:
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
    app = build(database, Bell())
    transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://twh.test") as client:
        yield client


@pytest_asyncio.fixture(loop_scope="session")
async def http(application: httpx.AsyncClient, shop: Shop) -> httpx.AsyncClient:
    """The application, asked with the shop's key."""
    application.headers["Authorization"] = f"Bearer {shop.secret}"
    return application
