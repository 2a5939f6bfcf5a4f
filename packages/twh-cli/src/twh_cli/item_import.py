"""Importing items: one a line, sent batch after batch; what is refused is told, and everything else goes on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, cast

from twh.idempotency import fresh_key
from twh.models import BatchAnswer
from twh.options import Options
from twh.params import NewItem
from twh_cli import output, readings
from twh_cli.lines import Line, Source, Tally
from twh_cli.problems import SomeRefused, WronglyTyped
from twh_cli.session import session

COLUMNS = (("line", 8), ("sku", 24), ("code", 22), ("problem", 0))


class Progress(Tally):
    """How far an import came."""

    def __init__(self) -> None:
        super().__init__("items", ("created", "updated", "unchanged", "refused"))

    def watched(self, lines: Iterable[Line]) -> Iterator[NewItem]:
        """The items, on their way."""
        for line in lines:
            self.sent.append(line)
            yield cast("NewItem", line[1])

    def answered(self, answer: BatchAnswer) -> None:
        """Count a batch, and tell what was refused of it."""
        sent = self.settled(len(answer.results))
        output.show_stream(
            (
                refusal(number, str(item["sku"]), row.problem)
                for (number, item), row in zip(sent, answer.results, strict=True)
                if row.problem is not None
            ),
            COLUMNS,
        )
        for name in self.counts:
            self.counts[name] += getattr(answer, name)
        self.tell()


def import_file(path: str) -> None:
    """Put every item of a file, and answer with exit code 5 when some were refused."""
    source = Source(path, checked)
    number = sum(1 for _ in source.lines())  # all lines are read before the first is sent
    run = session().choices.idempotency_key or f"import-{fresh_key()}"
    options: Options = {"idempotency_key": run}
    progress = Progress()
    if session().choices.dry_run:
        session().say(f"{number:,} items, batch after batch; this is the first.", "dim")
        session().client.items.upsert_many(progress.watched(source.lines()), options=options)
    done = False
    try:
        items = progress.watched(source.lines())
        session().client.items.upsert_many(items, each=progress.answered, options=options)
        done = True
    finally:
        session().say(f"{progress.told()}." if done else f"Interrupted. This has landed: {progress.told()}.")
        if not done:
            session().say(f"To go on: twh items import {path}   (what is there already stays as it is)")
    if progress.counts["refused"]:
        total = sum(progress.counts.values())
        message = f"{progress.counts['refused']:,} of {total:,} items were refused."
        raise SomeRefused(message, hint="Mend these lines; the others are done.")


def checked(number: int, line: str) -> dict[str, Any]:
    found = readings.json_object(line, f"Line {number}")
    for needed in ("sku", "name"):
        if not isinstance(found.get(needed), str):
            raise WronglyTyped(f"Line {number} has no {needed!r}.")
    amounts = [("reorder_point", found.get("reorder_point"))]
    packs = found.get("packs")
    if isinstance(packs, list):
        dicts = [cast("dict[str, Any]", pack) for pack in cast("list[object]", packs) if isinstance(pack, dict)]
        amounts += [("quantity", pack.get("quantity")) for pack in dicts]
    for name, amount in amounts:
        if isinstance(amount, float):
            raise WronglyTyped(f"Line {number}: {name} is a float, which is not exact; write it as text.")
    return found


def refusal(number: int, sku: str, problem: dict[str, Any]) -> output.Plain:
    told = [str(one["message"]) for one in problem.get("errors", [])] or [str(problem["detail"])]
    return {
        "line": number,
        "sku": sku,
        "code": problem["code"],
        "problem": "; ".join(told),
        "errors": problem.get("errors", []),
    }
