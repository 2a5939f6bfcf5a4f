"""Where the database is, and how each role reaches it."""

from dataclasses import dataclass

from psycopg.conninfo import conninfo_to_dict, make_conninfo


@dataclass(frozen=True)
class Address:
    """A PostgreSQL address: a URL or a libpq connection string.

    With a user in it, that login acts as each role (`set role`), so it has to be a member of them. Without one, each
    role logs in by itself, which is how the embedded database is reached.
    """

    conninfo: str

    def as_role(self, role: str, **options: str) -> str:
        """A connection string under which every statement runs as `role`, with settings such as `statement_timeout`."""
        words = [f"-c {name}={value}" for name, value in options.items()]
        if conninfo_to_dict(self.conninfo).get("user"):
            return make_conninfo(self.conninfo, options=" ".join([f"-c role={role}", *words]))
        return make_conninfo(self.conninfo, user=role, options=" ".join(words))

    def as_login(self, default_user: str = "postgres") -> str:
        """The connection string for migrating: the address's own login."""
        if conninfo_to_dict(self.conninfo).get("user"):
            return self.conninfo
        return make_conninfo(self.conninfo, user=default_user)

    @property
    def sqlalchemy_url(self) -> str:
        """What SQLAlchemy wants to hear; the connection itself is described by `connect_args`."""
        return "postgresql+psycopg://"

    @property
    def connect_args(self) -> dict[str, object]:
        """The login's connection string, taken apart for SQLAlchemy."""
        return dict(conninfo_to_dict(self.as_login()))
