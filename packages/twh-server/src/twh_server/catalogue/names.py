"""Names that people give to things: SKUs, location codes, barcodes, packs, tags."""

from uuid import UUID

from twh_server.database.identifiers import Id, Kind

NAME_LENGTH_MAX = 64


def fault_of(name: str, kind: Kind[Id] | None = None) -> str | None:
    """What is wrong with a new name; None when it may be used. One that stands where an id may looks like none."""
    if not 1 <= len(name) <= NAME_LENGTH_MAX:
        return f"must have 1 to {NAME_LENGTH_MAX} characters"
    if name != name.strip():
        return "must not begin or end with a space"
    if not name.isprintable():
        return "must have printable characters only"
    if kind is not None and kind.looks_like(name):
        return f"must not look like an id ({kind.prefix}_…)"
    return None


def reference(text: str, kind: Kind[Id]) -> tuple[UUID | None, str | None]:
    """What a text refers to, as a look-up's key: an id, or else a name."""
    identifier = kind.parse(text)
    return (identifier, None) if identifier is not None else (None, text)


def by_id_or_name(table: str, columns: str, *, id_is: str, name: str, name_is: str) -> str:
    """SQL for a `from`: the one row that an id or else a name leads to, each by an index of its own.

    An `or` would leave the choice to the planner; a name never has an id's form, so at most one branch finds a row.
    """
    return f"""(
    (
        select {columns}
        from {table}
        where tenant_id = %(tenant)s and id = {id_is}
        limit 1
    )
    union all
    (
        select {columns}
        from {table}
        where tenant_id = %(tenant)s and {name} = {name_is}
        limit 1
    )
)"""
