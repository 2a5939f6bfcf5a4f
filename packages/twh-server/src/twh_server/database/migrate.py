"""Migrating: roles first, then every revision that is missing, as the owner. Safe to call twice, or from two places."""

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from twh_server.database.address import Address
from twh_server.database.guards import APP, CREATE_ROLES, OWNER, WORKER

MIGRATIONS = Path(__file__).parent / "migrations"

# Two migrations of one database take turns on this advisory lock ("twh" in ASCII).
_LOCK = 0x747768


def migrate(address: Address, *, to: str = "head") -> None:
    """Bring the database at `address` to the newest revision, or up to another that is named.

    Raises sqlalchemy's DBAPIError when the login may not create roles or tables.
    """
    engine = sa.create_engine(address.sqlalchemy_url, connect_args=address.connect_args, poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.execute(sa.text("select pg_advisory_lock(:lock)"), {"lock": _LOCK})
        connection.execute(sa.text(_PREPARE))
        connection.commit()
        connection.execute(sa.text(f"set role {OWNER}"))
        connection.commit()
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["connection"] = connection
        command.upgrade(config, to)
        connection.execute(sa.text(f"grant select on alembic_version to {APP}, {WORKER}"))
        connection.commit()
    engine.dispose()


_PREPARE = f"""
{CREATE_ROLES}
grant {OWNER}, {APP}, {WORKER} to current_user;
grant create, usage on schema public to {OWNER};
grant usage on schema public to {APP}, {WORKER};
"""
