"""Before a start: what has to be there, and the sentence that says what to do when it is not."""

from collections.abc import Callable, Mapping
from typing import TypeVar

import psycopg
from psycopg.conninfo import conninfo_to_dict

from twh_server.access.rates import Buckets, Rate
from twh_server.access.sealing import Sealer, key_of
from twh_server.access.shared_rates import Rates, SharedBuckets, Store
from twh_server.database.address import Address
from twh_server.database.guards import APP, WORKER
from twh_server.database.revisions import standing_of
from twh_server.processes.listening import CannotStart
from twh_server.publishing.addresses import addresses_in
from twh_server.publishing.buses import publisher_at
from twh_server.publishing.publisher import Publisher
from twh_server.settings import Settings, listed_in, ports_in
from twh_server.webhooks.targets import Policies, policies

CONNECT_SECONDS = 5

T = TypeVar("T")


def address_of(settings: Settings) -> Address:
    """The database that is to be used, and that answers. Raises CannotStart."""
    url = settings.database_url.get_secret_value()
    if not url:
        raise CannotStart(
            "No database is given. Set TWH_DATABASE_URL to a PostgreSQL URL, or try `twh-server sandbox --folder DIR`."
        )
    address = Address(url)
    try:
        conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        # What libpq says of it may quote a part of it, and that may be the password.
        message = "TWH_DATABASE_URL cannot be used: it is no URL such as postgresql://user:password@host/database."
        raise CannotStart(message) from None
    answered(lambda: psycopg.connect(address.as_login(), connect_timeout=CONNECT_SECONDS).close())
    return address


def migrated(settings: Settings) -> Address:
    """The database, at a revision that this code works with. Raises CannotStart."""
    address = address_of(settings)
    if hindrance := answered(lambda: standing_of(address)).hindrance():
        raise CannotStart(hindrance)
    for role in (APP, WORKER):
        _may_act_as(role, address)
    return address


def _may_act_as(role: str, address: Address) -> None:
    try:
        psycopg.connect(address.as_role(role), connect_timeout=CONNECT_SECONDS).close()
    except psycopg.OperationalError as fault:
        login = conninfo_to_dict(address.conninfo).get("user") or role
        raise CannotStart(
            f"The database does not let {login} act as {role}: {_first_line(fault)}. "
            f"As an administrator of the database: `grant {APP}, {WORKER} to {login}`."
        ) from None


def sealer_of(settings: Settings) -> Sealer:
    """What seals secrets at rest, and opens what older keys have sealed. Raises CannotStart without a usable key."""
    text = settings.secrets_key.get_secret_value()
    if not text:
        raise CannotStart("Set TWH_SECRETS_KEY, and keep it: `export TWH_SECRETS_KEY=$(openssl rand -base64 32)`.")
    variable = "TWH_SECRETS_KEY"
    try:
        key = key_of(text)
        variable = "TWH_SECRETS_KEYS_OLD"
        older = [key_of(old) for old in keys_in(settings.secrets_keys_old.get_secret_value())]
    except ValueError as fault:
        raise CannotStart(f"{variable} cannot be used. {fault}") from None
    return Sealer(key, older=older)


def rates_of(settings: Settings) -> Rates | None:
    """How often a key may ask, and where that is counted; None: as often as it likes. Raises CannotStart."""
    if not settings.rate:
        return None
    rate = Rate(requests=settings.rate[0], seconds=settings.rate[1])
    store = rate_store_of(settings)
    if store is None:
        return Buckets(rate)
    return SharedBuckets(rate, store, wait_seconds=settings.rate_limit_store_timeout)


def targets_of(settings: Settings) -> Policies:
    """Where the webhooks of each kind of tenant may go."""
    return policies(
        inside=settings.webhook_private,
        ports=ports_in(settings.webhook_ports),
        allowed=listed_in(settings.webhook_allow),
        denied=listed_in(settings.webhook_deny),
    )


def rate_store_of(settings: Settings) -> Store | None:
    """The store in which all processes count; None: each counts for itself. Raises CannotStart."""
    url = settings.rate_limit_store_url.get_secret_value()
    if not url:
        return None
    try:
        from twh_server.access.rate_store import RateStore
    except ImportError:
        raise CannotStart(
            "TWH_RATE_LIMIT_STORE_URL needs more than is installed. Run `pip install 'twh-server[redis]'`."
        ) from None
    try:
        return RateStore(url)
    except ValueError:
        # What is said of it may quote a part of it, and that may be the password.
        message = "TWH_RATE_LIMIT_STORE_URL cannot be used: it is no URL such as redis://:password@host:6379/0."
        raise CannotStart(message) from None


def publishers_of(settings: Settings) -> Mapping[str, Publisher]:
    """What publishes every event, not yet open, by the name of its follower. Raises CannotStart."""
    found: dict[str, Publisher] = {}
    try:
        for address in addresses_in(settings.publish_url.get_secret_value()):
            try:
                found[address.name] = publisher_at(address)
            except ImportError:
                raise CannotStart(
                    f"TWH_PUBLISH_URL needs more than is installed. Run `pip install 'twh-server[{address.bus}]'`."
                ) from None
    except ValueError as fault:
        raise CannotStart(f"TWH_PUBLISH_URL cannot be used: {fault}") from None
    return found


def keys_in(text: str) -> list[str]:
    """The keys of a list: commas stand between them, or in a file the ends of lines."""
    return text.replace(",", " ").split()


def answered(ask: Callable[[], T]) -> T:
    """What the database answers. Raises CannotStart when it does not, or may not."""
    try:
        return ask()
    except psycopg.OperationalError as fault:
        raise CannotStart(f"The database cannot be reached: {_first_line(fault)}. Check TWH_DATABASE_URL.") from None
    except psycopg.Error as fault:
        raise CannotStart(f"The database refuses: {_first_line(fault)}.") from None


def _first_line(fault: Exception) -> str:
    return (str(fault).strip().splitlines() or [type(fault).__name__])[0].rstrip(".")
