"""What this program is, and as whom it speaks."""

from __future__ import annotations

import platform
from importlib import metadata
from typing import Annotated, Literal

import typer

from twh_cli import __version__, output, registry
from twh_cli.app import new_app
from twh_cli.completing import scripts
from twh_cli.output import Column
from twh_cli.session import session

app = new_app()

WHO = (
    Column("tenant", "tenant.name"),
    Column("id", "tenant.id"),
    Column("kind", "tenant.kind"),
    Column("key", "key.id"),
    Column("named", "key.name"),
    Column("role", "key.role"),
    Column("may", "key.scopes"),
    Column("expires", "key.expires_at"),
    Column("from", "key_source"),
    Column("profile", "profile"),
    Column("address", "address"),
)


@app.command("version")
def version() -> None:
    known = {"twh-cli": __version__, "twh-sdk": installed("twh-sdk"), "twh-server": installed("twh-server")}
    known["python"] = platform.python_version()
    output.show(known, [Column(name, name) for name in known])


@app.command("whoami")
def whoami() -> None:
    """The key comes from the environment, the keyring or the file; it is never shown."""
    run = session()
    who = output.plain(run.client.tenant.get())
    source = {"key_source": run.key_source, "profile": run.profile_used, "address": run.to.base_url}
    output.show({**who, **source}, WHO)


@app.command("commands")
def commands() -> None:
    """Every command with its line of help: for completion, for documentation, for programs."""
    if session().errors_as_json:
        output.write_json(registry.listed(), indent=2)
    else:
        output.write(registry.listing(as_json=False))


@app.command("completion")
def completion(
    shell: Annotated[Literal["bash", "zsh", "fish"], typer.Argument(metavar="SHELL", help="bash, zsh or fish.")],
) -> None:
    """For bash and zsh: eval "$(twh completion bash)". Items and locations are completed once a list has shown them."""
    output.write(scripts.script(shell))


@app.command("help")
def help_(topic: Annotated[list[str] | None, typer.Argument(help="A command, or exit-codes.")] = None) -> None:
    """For example: twh help receive"""
    output.write(registry.help_on(topic or []) or registry.overview())


def installed(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
