"""PostgreSQL of our own: programs from a wheel, one folder of data, a child that lives as long as we do.

    with EmbeddedPostgres(Path("/var/lib/twh")) as postgres:
        Address(postgres.conninfo())

`server` starts and stops it, `programs` finds the programs, `account` says who runs them, `cluster` makes the data
folder and knows who holds it, `child` is the running process, `statement` speaks to it before a driver is loaded.
"""

from twh_server.database.embedded.errors import (
    AnotherVersion,
    DatabaseInUse,
    EmbeddedPostgresFailure,
    FolderOutOfReach,
    FolderUnusable,
    PortInUse,
    PostgresDidNotStart,
    ProgramsNotFound,
    SessionsLeft,
)
from twh_server.database.embedded.server import (
    DATABASE,
    SUPERUSER,
    EmbeddedPostgres,
    default_root_folder,
    temporary_postgres,
)

__all__ = [
    "DATABASE",
    "SUPERUSER",
    "AnotherVersion",
    "DatabaseInUse",
    "EmbeddedPostgres",
    "EmbeddedPostgresFailure",
    "FolderOutOfReach",
    "FolderUnusable",
    "PortInUse",
    "PostgresDidNotStart",
    "ProgramsNotFound",
    "SessionsLeft",
    "default_root_folder",
    "temporary_postgres",
]
