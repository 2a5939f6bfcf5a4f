"""The checks that ask the database: its version and schema, who may do what, whether an answer is a promise there."""

import contextlib
import re
import shutil
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import TupleRow

from twh_server.access.sealing import CannotUnseal, Sealer
from twh_server.database.address import Address
from twh_server.database.guards import APP, GUARDED, WORKER
from twh_server.database.revisions import standing_of
from twh_server.processes.finding import Finding, fail, ok, unknown

VERSIONS = range(15, 19)
CLOCK_SECONDS_MAX = 1.0
FREE_BYTES_MIN = 1 << 30
CONNECT_SECONDS = 5

_MIGRATE = "Run `twh-server migrate`; it gives each role its rights."

Connection = psycopg.Connection[TupleRow]


def check_database(address: Address, sealer: Sealer | None) -> Iterator[Finding]:
    """Every finding about a database that answers."""
    with psycopg.connect(address.as_login(), connect_timeout=CONNECT_SECONDS, autocommit=True) as connection:
        yield ok("database", f"{connection.info.dbname} answers as {connection.info.user}")
        yield version(connection.info.server_version)
        yield clock(connection)
        yield disk(connection)
        standing = standing_of(address)
        if hindrance := standing.hindrance():
            fact, _, to_do = hindrance.partition(". ")
            yield fail("schema", fact, to_do)
            return
        yield ok("schema", f"revision {standing.revision}")
        yield row_security(connection)
        yield from (rights(connection, role) for role in (APP, WORKER))
    for role in (APP, WORKER):
        yield from _as(role, address, sealer)


def _as(role: str, address: Address, sealer: Sealer | None) -> Iterator[Finding]:
    """What only the role itself can tell."""
    name = f"acting as {role}"
    try:
        with psycopg.connect(address.as_role(role), connect_timeout=CONNECT_SECONDS, autocommit=True) as connection:
            yield ok(name, "the login may")
            if role == APP:
                yield durability(connection)
            elif sealer:
                yield sealed(connection, sealer)
    except psycopg.Error as fault:
        sentence = (str(fault).strip().splitlines() or [type(fault).__name__])[0]
        yield fail(name, sentence, f"As an administrator of the database: `grant {APP}, {WORKER} to` the login.")


def version(number: int) -> Finding:
    """PostgreSQL's version, from a number such as 180001."""
    major = number // 10_000
    if major in VERSIONS:
        return ok("version", f"PostgreSQL {major}")
    if major < VERSIONS[0]:
        return fail("version", f"PostgreSQL {major} is too old", f"Use PostgreSQL {VERSIONS[0]} to {VERSIONS[-1]}.")
    newest = f"This server was tested up to {VERSIONS[-1]}."
    return unknown("version", f"PostgreSQL {major} is newer than this server", newest)


def clock(connection: Connection) -> Finding:
    """How far apart this host's clock and the database's are."""
    asked = time.time()
    (told,) = _row(connection, "select clock_timestamp()")
    middle = datetime.fromtimestamp((asked + time.time()) / 2, UTC)
    return difference((told - middle).total_seconds())


def difference(seconds: float) -> Finding:
    """A difference of clocks, judged."""
    found = f"the database's clock is {seconds:+.3f} s from this host's"
    if abs(seconds) < CLOCK_SECONDS_MAX:
        return ok("clock", found)
    return fail("clock", found, "Let both hosts keep time by NTP: leases and expiries compare their clocks.")


def disk(connection: Connection) -> Finding:
    """The room that the database has left, when it runs on this host and says where."""
    (size,) = _row(connection, "select pg_size_pretty(pg_database_size(current_database()))")
    found = connection.execute("select setting from pg_settings where name = 'data_directory'").fetchone()
    host = connection.info.host
    if found and (host.startswith("/") or host in ("localhost", "127.0.0.1", "::1")):
        with contextlib.suppress(OSError):
            if (Path(found[0]) / "PG_VERSION").exists():
                return room(shutil.disk_usage(found[0]).free, size)
    return unknown("disk", f"the database has {size}; how much room is left is not told", "Watch it on its own host.")


def room(free: int, size: str) -> Finding:
    """So many free bytes beside a database of some size, judged."""
    found = f"{free / (1 << 30):.1f} GiB are free, the database has {size}"
    if free >= FREE_BYTES_MIN:
        return ok("disk", found)
    return fail("disk", found, "Make room: a database that cannot write stops.")


def row_security(connection: Connection) -> Finding:
    """Whether every table with tenants' rows shows each only its own, to the tables' owner too."""
    guarded = {name for name, rights in GUARDED.items() if rights.by_tenant}
    forced = {name for (name,) in connection.execute(FORCED).fetchall()}
    open_roles = [name for (name,) in connection.execute(PAST_ROW_SECURITY, ([APP, WORKER],)).fetchall()]
    if missing := sorted(guarded - forced):
        return fail("row security", f"it is not forced on {', '.join(missing)}", _MIGRATE)
    if open_roles:
        names = ", ".join(open_roles)
        return fail("row security", f"{names} may go past it", f"`alter role {names} nosuperuser nobypassrls`.")
    return ok("row security", f"it is forced on {len(guarded)} tables")


def rights(connection: Connection, role: str) -> Finding:
    """Whether a role may do what the code does, and nothing else."""
    name = f"rights of {role}"
    wanted = {right for table in GUARDED for right in _wanted(table, role)}
    found = {f"{right} on {table}" for table, right in connection.execute(RIGHTS, {"role": role}).fetchall()}
    if missing := sorted(wanted - found):
        return fail(name, f"missing: {', '.join(missing)}", _MIGRATE)
    if surplus := sorted(right for right in found - wanted if right.rpartition(" on ")[2] in GUARDED):
        return fail(name, f"too many: {', '.join(surplus)}", f"As the owner: `revoke … from {role}`.")
    return ok(name, f"{len(wanted)} as they should be")


def _wanted(table: str, role: str) -> Iterator[str]:
    """The rights on a table, one each: "select, update (a, b)" are three."""
    said = GUARDED[table].app if role == APP else GUARDED[table].worker
    for right, columns in re.findall(r"(\w+)(?: \(([^)]*)\))?", said):
        yield from (
            (f"{right} ({column}) on {table}" for column in columns.split(", "))
            if columns
            else (f"{right} on {table}",)
        )


def durability(connection: Connection) -> Finding:
    """Whether what is committed is on disk: only then is an answer a promise."""
    said: dict[str, str] = dict(connection.execute(DURABILITY).fetchall())
    weak = sorted(name for name, value in said.items() if value == "off")
    if weak:
        return fail("durability", f"{', '.join(weak)} off", "Switch on: a crash would lose what was answered.")
    return ok("durability", ", ".join(f"{name} {said[name]}" for name in sorted(said)))


def sealed(connection: Connection, sealer: Sealer) -> Finding:
    """Whether the keys here open the secrets that lie in the database: one of each key is opened."""
    found = connection.execute(SEALED).fetchall()
    counted: dict[bytes, int] = {name: count for name, count, *_ in found}
    lost = [name for name in counted if name not in sealer.names]
    if lost:
        number, names = sum(counted[name] for name in lost), ", ".join(name.hex() for name in lost)
        return fail(
            "sealed secrets",
            f"{number} are sealed with {names}, which is not here",
            "Add the key to TWH_SECRETS_KEYS_OLD: without it, nothing can be delivered to these endpoints.",
        )
    for name, _count, tenant, endpoint, secret in found:
        try:
            sealer.open_secret(secret, tenant=tenant, endpoint=endpoint)
        except CannotUnseal as closed:
            return fail("sealed secrets", f"one of {name.hex()} stays closed: {closed}", "Restore a backup of it.")
    return ok("sealed secrets", f"{sum(counted.values())}, all with keys that are here")


def _row(connection: Connection, sql: str) -> Any:
    return connection.execute(sql.encode()).fetchone()


FORCED = """
select relname
from pg_class
where relnamespace = 'public'::regnamespace and relrowsecurity and relforcerowsecurity
"""

PAST_ROW_SECURITY = """
select rolname
from pg_roles
where rolname = any (%s) and (rolsuper or rolbypassrls)
"""

RIGHTS = """
select c.relname, lower(a.privilege_type)
from pg_class as c
cross join lateral aclexplode(c.relacl) as a
where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and a.grantee = to_regrole(%(role)s)
union all
select c.relname, lower(a.privilege_type) || ' (' || t.attname || ')'
from pg_class as c
join pg_attribute as t on t.attrelid = c.oid
cross join lateral aclexplode(t.attacl) as a
where c.relnamespace = 'public'::regnamespace and a.grantee = to_regrole(%(role)s)
"""

DURABILITY = """
select name, setting
from pg_settings
where name in ('fsync', 'full_page_writes', 'synchronous_commit')
"""

# The name of its key is a part of what was sealed: `access/sealing.py`.
SEALED = """
select substring(sealed from 2 for 4), count(*), (array_agg(tenant_id))[1], (array_agg(id))[1], (array_agg(sealed))[1]
from webhook_endpoints
cross join lateral (values (sealed_secret), (sealed_previous)) as s (sealed)
where sealed is not null
group by 1
order by 1
"""
