"""Who may do what to which table: three roles, forced row security, and history that nobody can edit.

Migrations call `guard` for every table they create; a test reads the system catalogue and holds it against `GUARDED`.
"""

from dataclasses import dataclass

OWNER = "twh_owner"
APP = "twh_app"
WORKER = "twh_worker"

_EDITS = "before update or delete"
_EACH_ROW = "for each row execute function refuse_change()"
_AT_ALL = "for each statement execute function refuse_change()"
_OWN_TENANT = "tenant_id = nullif(current_setting('twh.tenant', true), '')::uuid"


@dataclass(frozen=True, kw_only=True)
class Guard:
    """The rights on one table.

    `app` and `worker` are the privileges of the two roles (a privilege that is missing is refused by the database);
    `by_tenant` puts the table under row security; `history` refuses update, delete and truncate to everyone.
    """

    app: str = ""
    worker: str = ""
    by_tenant: bool = True
    history: bool = False


GUARDED: dict[str, Guard] = {
    "tenants": Guard(app="select, insert, update (state, state_changed_at)", worker="select", by_tenant=False),
    "api_keys": Guard(
        app="select, insert, update (name, role, scopes, expires_at, revoked_at, last_used_at, successor, version)",
        by_tenant=False,
    ),
    "tenant_settings": Guard(app="select, insert, update", worker="select"),
    "ledger_heads": Guard(app="select, insert, update", worker="select"),
    "items": Guard(app="select, insert, update", worker="select"),
    "item_barcodes": Guard(app="select, insert, delete"),
    "item_terms": Guard(app="select, insert, delete"),
    "locations": Guard(app="select, insert, update"),
    "stock_levels": Guard(app="select, insert, update"),
    "entries": Guard(app="select, insert", history=True),
    "stock_movements": Guard(app="select, insert", history=True),
    "events": Guard(app="select, insert", worker="select", history=True),
    "blocks": Guard(app="select, insert", history=True),
    # Whoever sweeps locks the rows first, and a lock wants the right to update something.
    "idempotency_keys": Guard(app="select, insert", worker="select, update (status), delete"),
    "cursors": Guard(app="select", worker="select, insert, update"),
    "webhook_endpoints": Guard(app="select, insert, update", worker="select"),
    "deliveries": Guard(app="select", worker="select, insert, update"),
    "endpoint_queues": Guard(app="select", worker="select, insert, update"),
    "delivery_attempts": Guard(app="select", worker="select, insert"),
    "replays": Guard(app="select, insert, update", worker="select, update"),
    "checkpoints": Guard(app="select, insert, update, delete"),
}

CREATE_ROLES = f"""
do $$
begin
    if not exists (select from pg_roles where rolname = '{OWNER}') then
        create role {OWNER} login;
    end if;
    if not exists (select from pg_roles where rolname = '{APP}') then
        create role {APP} login;
    end if;
    if not exists (select from pg_roles where rolname = '{WORKER}') then
        create role {WORKER} login;
    end if;
end
$$;
"""


def guard(table: str, rights: Guard) -> str:
    """The statements that put one table under guard."""
    statements = [f"alter table {table} owner to {OWNER}"]
    if rights.app:
        statements.append(f"grant {rights.app} on {table} to {APP}")
    if rights.worker:
        statements.append(f"grant {rights.worker} on {table} to {WORKER}")
    if rights.by_tenant:
        statements += [
            f"alter table {table} enable row level security",
            f"alter table {table} force row level security",
            f"create policy owner_migrates on {table} to {OWNER} using (true) with check (true)",
            f"create policy app_sees_its_tenant on {table} to {APP} using ({_OWN_TENANT}) with check ({_OWN_TENANT})",
        ]
        if rights.worker:
            statements.append(f"create policy worker_serves_all on {table} to {WORKER} using (true) with check (true)")
    if rights.history:
        statements += [
            f"create trigger history_is_not_edited {_EDITS} on {table} {_EACH_ROW}",
            f"create trigger history_is_not_truncated before truncate on {table} {_AT_ALL}",
            # `always`: session_replication_role = replica does not switch these off.
            f"alter table {table} enable always trigger history_is_not_edited",
            f"alter table {table} enable always trigger history_is_not_truncated",
        ]
    return ";\n".join(statements) + ";\n"
