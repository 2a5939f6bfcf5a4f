"""`twh doctor`: whether all is well on this machine, and what to do where it is not."""

from __future__ import annotations

from typing import Annotated

import typer

from twh_cli import doctor as checks
from twh_cli import output
from twh_cli.app import new_app
from twh_cli.exit_codes import OK, UNEXPECTED
from twh_cli.output import Column
from twh_cli.session import session

app = new_app()

COLUMNS = (
    Column("", "state"),
    Column("what", "what"),
    Column("found", "found"),
    Column("to do", "to_do"),
)


@app.command("doctor")
def doctor(
    fix: Annotated[bool, typer.Option("--fix", help="Mend what can be mended without losing anything.")] = False,
) -> int:
    """Exit 1 when something fails. It changes nothing without --fix."""
    findings = [output.plain(one.told()) for one in checks.examined(fix=fix)]
    output.show_list(findings, COLUMNS, limit=None, what="findings")
    failing = [one for one in findings if one["state"] == "fail"]
    warnings = [one for one in findings if one["state"] == "warn"]
    session().say(
        f"{len(failing)} to mend, {len(warnings)} to look at." if failing or warnings else "All is well.",
        "red" if failing else "yellow" if warnings else "green",
    )
    return UNEXPECTED if failing else OK
