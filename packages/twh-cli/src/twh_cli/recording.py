"""Recording a file: one entry a line, each with its own key, so that running it again records nothing twice."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

from twh import errors
from twh.models import Entry
from twh_cli import output, readings, rehearsal
from twh_cli.careful import Rehearsed
from twh_cli.problems import Problem, SomeRefused, WronglyTyped, new_details, understood
from twh_cli.session import session

FIELDS = {
    "kind",
    "lines",
    "reason",
    "reference",
    "occurred_at",
    "force",
    "record_unchanged",
    "idempotency_key",
}
COLUMNS = (("line", 6), ("outcome", 10), ("entry", 30), ("problem", 0))


@dataclass
class Tally:
    """How far it came."""

    recorded: int = 0
    before: int = 0
    unchanged: int = 0
    refused: int = 0


def record_file(path: str) -> None:
    """Record every line that the ledger takes, and answer with exit code 5 when it refused some."""
    commands = list(read(readings.text_of(path)))
    run = session().choices.idempotency_key or f"run-{uuid.uuid4()}"
    if session().choices.dry_run:
        rehearse(commands, run)
        return
    tally = Tally()
    done = False
    try:
        output.show_stream((recorded(number, command, run, tally) for number, command in commands), COLUMNS)
        done = True
    finally:
        told = f"{tally.recorded} recorded, {tally.before} recorded before, {tally.unchanged} unchanged, {tally.refused} refused"
        session().say(f"{told}, of {len(commands)}.")
        if not done:
            session().say(f"To go on: twh movements record {path} --idempotency-key {run}")
    if tally.refused:
        raise SomeRefused(
            f"{tally.refused} of {len(commands)} entries were refused.", hint="Mend these lines; the others are done."
        )


def rehearse(commands: list[tuple[int, dict[str, Any]]], run: str) -> None:
    """Show every request, and send none."""
    for number, command in commands:
        try:
            sent(command, key_of(command, run, number))
        except Rehearsed as instead:
            rehearsal.show(instead.request)


def key_of(command: dict[str, Any], run: str, number: int) -> str:
    return command.get("idempotency_key") or f"{run}-{number}"


def read(text: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """The commands with their line numbers; all lines are read before the first is recorded."""
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            yield number, checked(number, line)


def checked(number: int, line: str) -> dict[str, Any]:
    try:
        command: object = json.loads(line, parse_float=str)
    except ValueError as why:
        raise WronglyTyped(f"Line {number} is not JSON: {why}.") from None
    if not isinstance(command, dict):
        raise WronglyTyped(f"Line {number} is not a JSON object.")
    found = cast("dict[str, Any]", command)
    unknown = found.keys() - FIELDS
    if unknown:
        raise WronglyTyped(
            f"Line {number} has an unknown field {min(unknown)!r}. There are: {', '.join(sorted(FIELDS))}."
        )
    for needed in ("kind", "lines"):
        if needed not in found:
            raise WronglyTyped(f"Line {number} has no {needed!r}.")
    return found


def recorded(number: int, command: dict[str, Any], run: str, tally: Tally) -> output.Plain:
    """Record one line; a refusal is its outcome, anything worse ends the run."""
    key = key_of(command, run, number)
    try:
        entry, again = sent(command, key)
    except (errors.Conflict, errors.Unprocessable, errors.NotFound, errors.BadRequest, TypeError, ValueError) as error:
        tally.refused += 1
        return outcome(number, key, "refused", problem=understood(error, []))
    if entry is None:
        tally.unchanged += 1
        return outcome(number, key, "unchanged")
    tally.before += again
    tally.recorded += not again
    return outcome(number, key, "before" if again else "recorded", entry=entry.id)


def sent(command: dict[str, Any], key: str) -> tuple[Entry | None, bool]:
    """The entry, and whether it was recorded before under this key."""
    movements = session().client.with_raw.movements
    fields: dict[str, Any] = {name: value for name, value in command.items() if name != "idempotency_key"}
    if fields["kind"] == "count":
        del fields["kind"]
        counted = movements.count(**fields, options={"idempotency_key": key})
        return counted.value, counted.headers.get("idempotent-replayed") == "true"
    entry = movements.record(**fields, options={"idempotency_key": key})
    return entry.value, entry.headers.get("idempotent-replayed") == "true"


def outcome(
    number: int, key: str, came: str, *, entry: str | None = None, problem: Problem | None = None
) -> output.Plain:
    told = (
        None
        if problem is None
        else "; ".join([problem.message, *(str(one["message"]) for one in new_details(problem))])
    )
    return {
        "line": number,
        "outcome": came,
        "entry": entry,
        "code": problem.code if problem else None,
        "problem": told,
        "idempotency_key": key,
    }
