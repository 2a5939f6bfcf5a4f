"""The `twh-server` command: serve, work, migrate, tenants, keys, the contract, and the process behind a sandbox."""

import argparse
import asyncio
import gc
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from twh_server.processes.listening import CannotStart


def main() -> None:
    """Run one command; what cannot start is said in one sentence, with exit code 1."""
    # Nothing of what is loaded to begin with becomes garbage; `serving` switches the collector on again.
    gc.disable()
    chosen = _parser().parse_args()
    try:
        chosen.run(chosen)
    except CannotStart as reason:
        sys.stderr.write("".join(f"twh-server: {sentence}\n" for sentence in str(reason).splitlines()))
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="twh-server", description="The TWH server. Settings are TWH_… variables.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    serve = commands.add_parser("serve", help="serve HTTP")
    _with_places(serve)
    serve.add_argument("--inherited", type=int, help=argparse.SUPPRESS)
    serve.add_argument("--place", type=int, default=0, help=argparse.SUPPRESS)
    serve.set_defaults(run=_serve)

    commands.add_parser("work", help="deliver webhooks, and what else runs beside HTTP").set_defaults(run=_work)
    settings = commands.add_parser("settings", help="show the settings in force, and where each comes from")
    _with_places(settings)
    settings.add_argument("--json", action="store_true", help="for programs")
    settings.set_defaults(run=_show_settings)

    check = commands.add_parser("check", help="before a start: what is missing, and what to do about it")
    _with_places(check)
    check.add_argument("--json", action="store_true", help="for programs")
    check.set_defaults(run=_check)

    commands.add_parser("migrate", help="bring the database to this version").set_defaults(run=_migrate)

    commands.add_parser("reseal", help="seal again what lies under older keys (TWH_SECRETS_KEYS_OLD)").set_defaults(
        run=_reseal
    )

    _tenant_actions(commands.add_parser("tenant", help="the customers"))

    _key_actions(commands.add_parser("key", help="their API keys"))

    commands.add_parser("openapi", help="print the OpenAPI document").set_defaults(run=_openapi)
    commands.add_parser("asyncapi", help="print the AsyncAPI document").set_defaults(run=_asyncapi)

    sandbox = commands.add_parser("sandbox", help="run a sandbox with a database of its own in a folder")
    sandbox.add_argument("--folder", type=Path, required=True)
    sandbox.add_argument("--port", type=int, help="the port to serve on; the next free one from 8750 when left out")
    sandbox.set_defaults(run=_sandbox)
    return parser


def _tenant_actions(tenant: argparse.ArgumentParser) -> None:
    actions = tenant.add_subparsers(required=True, metavar="ACTION")
    create = actions.add_parser("create", help="create a tenant with its empty ledger")
    create.add_argument("name")
    create.add_argument("--kind", choices=["live", "sandbox"], default="live")
    create.set_defaults(run=_create_tenant)
    actions.add_parser("list", help="list the tenants").set_defaults(run=_list_tenants)

    def about(action: str, run: Callable[[argparse.Namespace], None], meaning: str) -> argparse.ArgumentParser:
        parser = actions.add_parser(action, help=meaning)
        parser.add_argument("tenant", help="the tenant's id")
        parser.set_defaults(run=run, action=action)
        return parser

    about("show", _show_tenant, "show one tenant")
    about("suspend", _change_state, "let its keys read, and change nothing")
    about("resume", _change_state, "let its keys work again")
    about("close", _change_state, "let nobody in any more, for good")
    export = about("export", _export_tenant, "write everything that is its own into a new file")
    export.add_argument("--to", type=Path, required=True, metavar="FILE", help="a new file, or a folder for it")
    purge = about("purge", _purge_tenant, "delete a closed tenant, whole; asks for its name")
    purge.add_argument("--yes-purge", metavar="NAME", help="its name, where nobody can be asked")


def _key_actions(key: argparse.ArgumentParser) -> None:
    actions = key.add_subparsers(required=True, metavar="ACTION")
    create = actions.add_parser("create", help="create a key; its secret is shown this once")
    create.add_argument("tenant", help="the tenant's id")
    create.add_argument("--name", default="default")
    create.add_argument("--role", help="owner (when nothing is said), admin, developer or viewer")
    create.add_argument("--scope", action="append", metavar="SCOPE", help="instead of a role; again for each scope")
    create.set_defaults(run=_create_key)
    listing = actions.add_parser("list", help="list a tenant's keys")
    listing.add_argument("tenant", help="the tenant's id")
    listing.set_defaults(run=_list_keys)
    rotate = actions.add_parser("rotate", help="put a new key in the place of one that goes on for a while")
    rotate.add_argument("key", help="the key's id")
    rotate.add_argument("--overlap", type=int, default=3_600, metavar="SECONDS", help="for how long (3600)")
    rotate.set_defaults(run=_rotate_key)
    revoke = actions.add_parser("revoke", help="end a key, for good")
    revoke.add_argument("key", help="the key's id")
    revoke.set_defaults(run=_revoke_key)


def _with_places(command: argparse.ArgumentParser) -> None:
    command.add_argument("--host", help="the address to serve on (TWH_HOST)")
    command.add_argument("--port", type=int, help="the port to serve on (TWH_PORT)")
    command.add_argument("--processes", type=int, help="how many processes (TWH_PROCESSES)")


def _given(chosen: argparse.Namespace) -> dict[str, Any]:
    """The settings that the command line says."""
    said = {name: getattr(chosen, name, None) for name in ("host", "port", "processes")}
    return {name: value for name, value in said.items() if value is not None}


def _settings(chosen: argparse.Namespace) -> Any:
    """The settings, with what the command line says on top. Starts logging."""
    from pydantic import ValidationError

    from twh_server.settings import Settings, faults_of
    from twh_server.telemetry import start_logging

    try:
        settings = Settings(**_given(chosen))
    except ValidationError as fault:
        raise CannotStart("\n".join(faults_of(fault))) from None
    start_logging(form=settings.log_format, level=settings.log_level)
    return settings


def _show_settings(chosen: argparse.Namespace) -> None:
    from twh_server.processes import effective

    effective.show(_settings(chosen), _given(chosen), as_json=chosen.json)


def _check(chosen: argparse.Namespace) -> None:
    from twh_server.processes import check

    if not check.run(_given(chosen), as_json=chosen.json):
        sys.exit(1)


def _serve(chosen: argparse.Namespace) -> None:
    from twh_server.processes import serve
    from twh_server.processes.serving import leave

    settings = _settings(chosen)
    if chosen.inherited is None:
        serve.serve(settings)
    else:
        serve.serve_beside_others(settings, chosen.inherited, chosen.place)
    leave()


def _work(chosen: argparse.Namespace) -> None:
    from twh_server.processes import serve

    serve.work(_settings(chosen))


def _migrate(chosen: argparse.Namespace) -> None:
    from twh_server.processes.administration import bring_up_to_date

    bring_up_to_date(_settings(chosen))


def _reseal(chosen: argparse.Namespace) -> None:
    from twh_server.processes import administration

    asyncio.run(administration.seal_again(_settings(chosen)))


def _create_tenant(chosen: argparse.Namespace) -> None:
    from twh_server.processes import administration

    asyncio.run(administration.add_tenant(_settings(chosen), chosen.name, chosen.kind))


def _list_tenants(chosen: argparse.Namespace) -> None:
    from twh_server.processes import administration

    asyncio.run(administration.show_tenants(_settings(chosen)))


def _show_tenant(chosen: argparse.Namespace) -> None:
    from twh_server.processes import lifecycle

    asyncio.run(lifecycle.show_tenant(_settings(chosen), chosen.tenant))


def _change_state(chosen: argparse.Namespace) -> None:
    from twh_server.processes import lifecycle

    asyncio.run(lifecycle.change_state(_settings(chosen), chosen.tenant, chosen.action))


def _export_tenant(chosen: argparse.Namespace) -> None:
    from twh_server.processes import lifecycle

    asyncio.run(lifecycle.export_tenant(_settings(chosen), chosen.tenant, chosen.to))


def _purge_tenant(chosen: argparse.Namespace) -> None:
    from twh_server.processes import lifecycle

    lifecycle.purge_tenant(_settings(chosen), chosen.tenant, chosen.yes_purge)


def _create_key(chosen: argparse.Namespace) -> None:
    from twh_server.processes import keys

    settings = _settings(chosen)
    asyncio.run(keys.add_key(settings, chosen.tenant, name=chosen.name, role=chosen.role, scopes=chosen.scope))


def _list_keys(chosen: argparse.Namespace) -> None:
    from twh_server.processes import keys

    asyncio.run(keys.show_keys(_settings(chosen), chosen.tenant))


def _rotate_key(chosen: argparse.Namespace) -> None:
    from twh_server.processes import keys

    asyncio.run(keys.rotate_key(_settings(chosen), chosen.key, overlap_seconds=chosen.overlap))


def _revoke_key(chosen: argparse.Namespace) -> None:
    from twh_server.processes import keys

    asyncio.run(keys.end_key(_settings(chosen), chosen.key))


def _asyncapi(_: argparse.Namespace) -> None:
    from twh_server.http import asyncapi

    sys.stdout.buffer.write(asyncapi.encoded())


def _openapi(_: argparse.Namespace) -> None:
    from twh_server.http import openapi

    sys.stdout.buffer.write(openapi.encoded())


def _sandbox(chosen: argparse.Namespace) -> None:
    from twh_server.processes import sandbox

    port, chosen.port = chosen.port, None  # a port that is asked for is no setting: it is taken, or nothing is
    sandbox.run(_settings(chosen), chosen.folder.absolute(), port=port)

    from twh_server.processes.serving import leave  # it has been loaded, while PostgreSQL started

    leave()


if __name__ == "__main__":
    main()
