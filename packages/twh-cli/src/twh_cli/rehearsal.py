"""`--dry-run`: the request as it would be sent, for a person to read or a program to check."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from twh_cli import output
from twh_cli.session import session
from twh_cli.terminal import harmless


def show(request: Mapping[str, Any]) -> None:
    """On a terminal as HTTP has it; elsewhere as JSON."""
    session().say("Nothing was sent. It would have been:", "dim")
    if output.chosen_format() not in {"table", "csv"}:
        output.show(request, ())
        return
    output.write(f"{request['method']} {request['base_url']}{request['path']}")
    for name, value in request["headers"].items():
        output.write(harmless(f"{name}: {value}"))
    if request["body"] is not None:
        output.write("\n" + json.dumps(request["body"], indent=2, ensure_ascii=False))
