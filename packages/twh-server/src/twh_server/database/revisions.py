"""Which revisions of the schema this code works with: those that it knows, and later ones that promise to fit it.

Servers are replaced one after the other, so for a while old code works on a database that new code has migrated. Each
revision says from which revision's code on it can be worked with (`code_from`, beside `revision` in its file), and
`migrate` writes that beside the revision's number. Code that has never heard of a revision believes this promise.
"""

from dataclasses import dataclass

import psycopg

from twh_server.database.address import Address

REVISIONS = ("0001", "0002", "0003")
"""Every revision, oldest first; a test holds this against the migrations."""
REVISION = REVISIONS[-1]
"""The newest, to which `migrate` brings a database."""
OLDEST = "0003"
"""The oldest at which this code can work."""

MIGRATE = "Run `twh-server migrate` first."
UPGRADE = "Upgrade the server."


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """Where a database stands: at no revision (never migrated), at one that we know, or at one that we do not.

    `code_from` is its promise: the oldest revision whose code works with it.
    """

    revision: str | None
    code_from: str | None = None

    @property
    def is_known(self) -> bool:
        """Whether this code can migrate it."""
        return self.revision is None or self.revision in REVISIONS

    @property
    def fits_as_promised(self) -> bool:
        """Whether a later revision has promised that this code works with it."""
        return not self.is_known and self.code_from in REVISIONS

    def hindrance(self) -> str | None:
        """Why this code cannot work with the database, and what to do; None when it can."""
        if self.revision is None:
            return f"The database is empty; this server needs {REVISION}. {MIGRATE}"
        if self.is_known:
            is_old = REVISIONS.index(self.revision) < REVISIONS.index(OLDEST)
            return (
                f"The database is at revision {self.revision}; this server needs {OLDEST}. {MIGRATE}"
                if is_old
                else None
            )
        return None if self.fits_as_promised else self.is_newer()

    def is_newer(self) -> str:
        """The sentence about a database that left this code behind."""
        return f"The database is at revision {self.revision}; this server knows revisions up to {REVISION}. {UPGRADE}"


class NoWayBack(Exception):
    """A revision is not undone."""

    def __init__(self, revision: str) -> None:
        super().__init__(
            f"Revision {revision} is not undone: what was written since would be lost. Older code that it promises to "
            "work with may simply be started again; otherwise restore the backup that was taken before it."
        )


def standing_of(address: Address) -> Standing:
    """Where the database at `address` stands."""
    with psycopg.connect(address.as_login(), autocommit=True) as connection:
        if connection.execute("select to_regclass('alembic_version')").fetchone() == (None,):
            return Standing(revision=None)
        revision, promise = connection.execute(STANDING).fetchone() or (None, None)
        return Standing(revision=revision, code_from=(promise or "").removeprefix(PROMISE) or None)


# The promise is a comment: it is dumped and restored with the table, and a database that lost it is merely refused by
# older code.
PROMISE = "works with code from revision "

PROMISED = f"comment on table alembic_version is '{PROMISE}{{code_from}}'"

STANDING = """
select version_num, obj_description('alembic_version'::regclass, 'pg_class')
from alembic_version
"""
