"""`twh sandbox`: a server with its own database, on this machine."""

from __future__ import annotations

import shlex
import sys
import time
from collections import deque
from pathlib import Path
from typing import Annotated

import typer

from twh_cli import output
from twh_cli.app import new_app
from twh_cli.output import Column
from twh_cli.problems import SandboxNotRunning
from twh_cli.sandbox import life, place, process
from twh_cli.sandbox.place import Place
from twh_cli.session import session

app = new_app()

STATUS = (
    Column("sandbox", "name"),
    Column("running", "running"),
    Column("answers", "answers"),
    Column("address", "address"),
    Column("tenant", "tenant.name"),
    Column("tenant id", "tenant.id"),
    Column("since", "started_at"),
    Column("version", "version"),
    Column("process", "pid"),
    Column("folder", "folder"),
)
LIST = (
    Column("sandbox", "name"),
    Column("running", "running"),
    Column("address", "address"),
    Column("tenant", "tenant.name"),
    Column("since", "started_at", minor=True),
    Column("folder", "folder", minor=True),
)
FOLLOW_SECONDS = 0.2

Name = Annotated[str, typer.Option("--name", help="Which one; each has its own data, and they run side by side.")]
Root = Annotated[
    Path | None,
    typer.Option("--data-dir", metavar="FOLDER", envvar="TWH_DATA_DIR", help="Where sandboxes are kept."),
]


@app.command("up")
def up(
    name: Name = place.DEFAULT_NAME,
    port: Annotated[
        int | None, typer.Option("--port", min=1, max=65535, metavar="PORT", help="8750, or the next free one.")
    ] = None,
    root: Root = None,
) -> None:
    """Its data survive `down`. Afterwards every command, and `twh.Client()`, finds it without being told."""
    where = place.place(name, root)
    state, started = life.up(where, port)
    life.tell(where, state, started=started, port=port)
    if output.chosen_format() != "table":
        output.show(status_of(where), STATUS)


@app.command("status")
def status(name: Name = place.DEFAULT_NAME, root: Root = None) -> None:
    """Exit 11 when it does not run."""
    where = place.place(name, root)
    told = status_of(where)
    if not told["running"]:
        raise life.not_running(where)
    output.show(told, STATUS)


@app.command("env")
def env(name: Name = place.DEFAULT_NAME, root: Root = None) -> None:
    """For a shell, or for a program in another language: eval "$(twh sandbox env)"."""
    state = life.needed(place.place(name, root))
    variables = {"TWH_API_KEY": state.api_key, "TWH_BASE_URL": state.address}
    if session().choices.json or session().choices.output:
        output.show(variables, [Column(one, one) for one in variables])
    else:
        for variable, value in variables.items():
            output.write(f"export {variable}={shlex.quote(value)}")


@app.command("logs")
def logs(
    name: Name = place.DEFAULT_NAME,
    lines: Annotated[int, typer.Option("--lines", "-n", min=0, metavar="N", help="How many of the last.")] = 50,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="And what comes; Ctrl-C ends it.")] = False,
    root: Root = None,
) -> None:
    where = place.place(name, root)
    try:
        with where.log_file.open(encoding="utf-8", errors="replace") as log:
            sys.stdout.writelines(deque(log, maxlen=lines))
            sys.stdout.flush()
            while follow:
                line = log.readline()
                if line:
                    sys.stdout.write(line)
                    sys.stdout.flush()
                else:
                    time.sleep(FOLLOW_SECONDS)
    except FileNotFoundError:
        raise SandboxNotRunning(f"There is no log at {where.log_file}.", hint=f"twh sandbox up{where.option}") from None


@app.command("reset")
def reset(name: Name = place.DEFAULT_NAME, root: Root = None) -> None:
    """The tenant that was there is left alone, and nobody has its key any more."""
    where = place.place(name, root)
    state = life.needed(where)
    session().ask(f"Begin again with a fresh tenant, and lose sight of {state.tenant_name} ({state.tenant_id})?")
    began = time.monotonic()
    fresh = life.reset(where, state)
    session().say(
        f"A fresh tenant: {fresh.tenant_name} ({fresh.tenant_id}), in {time.monotonic() - began:.1f} s.", "green"
    )
    if output.chosen_format() != "table":
        output.show(status_of(where), STATUS)


@app.command("down")
def down(
    name: Name = place.DEFAULT_NAME,
    purge: Annotated[bool, typer.Option("--purge", help="And delete its data, for good.")] = False,
    root: Root = None,
) -> None:
    where = place.place(name, root)
    if purge and where.folder.exists():
        session().ask(f"Delete the sandbox in {where.folder} with all its data?")
    stopped = life.down(where)
    session().say(f"The sandbox {'is stopped' if stopped else 'was not running'}.", "green" if stopped else "dim")
    if purge:
        life.purge(where)
        session().say("Its data are deleted.")
    elif stopped:
        session().say(f"Its data stay in {where.folder}.", "dim")


@app.command("list")
def list_sandboxes(root: Root = None) -> None:
    output.show_list(map(status_of, place.places(root)), LIST, limit=None, what="sandboxes")


def status_of(where: Place) -> output.Plain:
    """What can be told about it; never a key."""
    state = process.running(where)
    return {
        "name": where.name,
        "running": state is not None,
        "answers": state is not None and process.answers(state),
        "address": state.address if state else None,
        "tenant": {"id": state.tenant_id, "name": state.tenant_name} if state else None,
        "started_at": state.started_at if state else None,
        "version": state.version if state else None,
        "pid": state.pid if state else None,
        "folder": str(where.folder),
        "profile": where.profile,
    }
