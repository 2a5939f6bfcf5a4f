"""Migrating: roles first, then every revision that is missing, as the owner. Safe to call twice, or from two places."""

import time
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from sqlalchemy.exc import DBAPIError

from twh_server.database.address import Address
from twh_server.database.guards import APP, CREATE_ROLES, OWNER, WORKER

MIGRATIONS = Path(__file__).parent / "migrations"

# Two migrations of one database take turns on this advisory lock ("twh" in ASCII).
_LOCK = 0x747768

PREPARE_ATTEMPTS_MAX = 20
PREPARE_PAUSE_SECONDS = 0.05


def migrate(address: Address, *, to: str = "head") -> None:
    """Bring the database at `address` to the newest revision, or up to another that is named.

    Raises sqlalchemy's DBAPIError when the login may not create roles or tables.
    """
    engine = sa.create_engine(address.sqlalchemy_url, connect_args=address.connect_args, poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.execute(sa.text("select pg_advisory_lock(:lock)"), {"lock": _LOCK})
        connection.commit()
        _prepare(connection)
        connection.execute(sa.text(f"set role {OWNER}"))
        connection.commit()
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["connection"] = connection
        command.upgrade(config, to)
        connection.execute(sa.text(f"grant select on alembic_version to {APP}, {WORKER}"))
        connection.commit()
    engine.dispose()


def _prepare(connection: sa.Connection) -> None:
    """Roles and their rights. Roles are the cluster's: whoever migrates another database of it may be at them too."""
    for attempts_left in reversed(range(PREPARE_ATTEMPTS_MAX)):
        try:
            connection.execute(sa.text(_PREPARE))
            connection.commit()
        except DBAPIError as fault:
            connection.rollback()
            if getattr(fault.orig, "sqlstate", None) not in _MET_ANOTHER or not attempts_left:
                raise
            time.sleep(PREPARE_PAUSE_SECONDS)
        else:
            return


# Two who create a role, grant it or are granted it at once: the later one meets what the earlier one has just made.
_MET_ANOTHER = {"23505", "42710", "XX000"}

_PREPARE = f"""
{CREATE_ROLES}
grant {OWNER}, {APP}, {WORKER} to current_user;
grant create, usage on schema public to {OWNER};
grant usage on schema public to {APP}, {WORKER};
"""
