"""Recording a file: one entry a line, sent batch after batch, and running it again records nothing twice.

Each entry has a key: its own, or one that follows from the file's name and what the line says. So lines may be moved,
mended, taken out and added between two runs; what was recorded is known again.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, cast

from twh.entry import written_entry
from twh.idempotency import fresh_key
from twh.models import EntryResult, EntryResults
from twh.params import NewEntry
from twh_cli import output, readings
from twh_cli.lines import Line, Source, Tally
from twh_cli.problems import FileUnusable, SomeFailed, SomeRefused, WronglyTyped, new_details, understood
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
COLUMNS = (("line", 6), ("outcome", 10), ("code", 22), ("problem", 0))


class Run(Tally):
    """How far a run came."""

    def __init__(self, refused_to: str | None) -> None:
        super().__init__("entries", ("recorded", "recorded before", "unchanged", "refused", "failed"))
        self.refused_to = refused_to

    def watched(self, lines: Iterable[tuple[Line, NewEntry]]) -> Iterator[NewEntry]:
        """The entries, on their way."""
        for line, entry in lines:
            self.sent.append(line)
            yield entry

    def answered(self, answer: EntryResults) -> None:
        """Tell what became of each line of a batch: on a terminal, only of what is not recorded."""
        sent = self.settled(len(answer.results))
        outcomes = [outcome(number, row) for (number, _), row in zip(sent, answer.results, strict=True)]
        for one in outcomes:
            self.counts[one["outcome"]] += 1
        for_people = output.chosen_format() == "table"
        output.show_stream((one for one in outcomes if one["problem"] or not for_people), COLUMNS)
        self.put_aside(entry for (_, entry), row in zip(sent, answer.results, strict=True) if row.problem)
        self.tell()

    def put_aside(self, entries: Iterable[dict[str, Any]]) -> None:
        """Write what was not recorded to its file. A key of its own stays behind: it stands for the refusal."""
        texts = [json.dumps(without_key(entry), ensure_ascii=False) for entry in entries]
        if self.refused_to and texts:
            with Path(self.refused_to).open("a", encoding="utf-8") as file:
                file.writelines(f"{text}\n" for text in texts)


def record_file(path: str, refused_to: str | None) -> None:
    """Record every line that the ledger takes. Exit code 5 when it refused some, 9 when the server failed at some."""
    source = Source(path, read)
    number = sum(1 for _ in source.lines())  # all lines are read before the first is sent
    given = session().choices.idempotency_key
    name = given or source.name or f"run-{fresh_key()}"
    make_room(refused_to)
    run = Run(refused_to)
    movements = session().client.movements
    entries = run.watched(keyed(source.lines(), name))
    if session().choices.dry_run:
        session().say(f"{number:,} entries, batch after batch; this is the first.", "dim")
        movements.record_many(entries)
    done = False
    try:
        movements.record_many(entries, each=run.answered)
        done = True
    finally:
        session().say(f"{run.told()}." if done else f"Interrupted. This is recorded: {run.told()}.")
        if not done:
            again = "" if source.name and not given else f" --idempotency-key {name}"
            session().say(f"To go on: twh movements record {path}{again}   (nothing is recorded twice)")
    judge(run, number)


def judge(run: Run, number: int) -> None:
    """Say what is left to do."""
    refused, failed = run.counts["refused"], run.counts["failed"]
    if number and run.counts["recorded before"] == number:
        session().say("An earlier run recorded them all; another --idempotency-key would record them once more.", "dim")
    if failed:
        message = f"The server failed at {failed:,} of {number:,} entries; nothing of them is recorded."
        raise SomeFailed(message, hint="Run it again: what is recorded is not recorded twice.")
    if refused:
        aside = f"They are in {run.refused_to}." if run.refused_to else "With --refused FILE they are put aside."
        raise SomeRefused(f"{refused:,} of {number:,} entries were refused.", hint=f"Mend these lines. {aside}")


def make_room(refused_to: str | None) -> None:
    """Nothing that is there already is written over."""
    if refused_to and not session().choices.dry_run:
        try:
            Path(refused_to).open("x", encoding="utf-8").close()
        except OSError as why:
            raise FileUnusable(
                f"{refused_to} cannot be made: {why}", hint="Name a file that is not there yet."
            ) from None


def keyed(lines: Iterable[Line], run: str) -> Iterator[tuple[Line, NewEntry]]:
    """The entries, each with its key. The same entry twice is two entries, the first and the second."""
    seen: Counter[bytes] = Counter()
    for number, entry in lines:
        said = json.dumps(without_key(entry), sort_keys=True)
        digest = hashlib.sha256(f"{run}\n{said}".encode()).digest()[:16]
        seen[digest] += 1
        key = entry.get("idempotency_key") or f"line-{digest.hex()}-{seen[digest]}"
        yield (number, entry), cast("NewEntry", {**entry, "idempotency_key": key})


def without_key(entry: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in entry.items() if name != "idempotency_key"}


def read(number: int, line: str) -> dict[str, Any]:
    """The entry on a line. Raises what makes it no entry at all; whether the ledger takes it is for the ledger to say."""
    # a number with a fraction stays exact only as text
    entry = readings.json_object(line, f"Line {number}", parse_float=str)
    unknown = entry.keys() - FIELDS
    if unknown:
        raise WronglyTyped(
            f"Line {number} has an unknown field {min(unknown)!r}. There are: {', '.join(sorted(FIELDS))}."
        )
    for needed in ("kind", "lines"):
        if needed not in entry:
            raise WronglyTyped(f"Line {number} has no {needed!r}.")
    try:
        written_entry(cast("NewEntry", entry))
    except KeyError as missing:
        raise WronglyTyped(f"Line {number} has a line without {missing}.") from None
    except (TypeError, ValueError, AttributeError) as why:
        raise WronglyTyped(f"Line {number} is no entry: {why}.") from None
    return entry


def outcome(number: int, row: EntryResult) -> output.Plain:
    problem = understood(row.error, []) if row.error else None
    return {
        "line": number,
        "outcome": named(row),
        "entry": row.entry.id if row.entry else None,
        "code": problem.code if problem else None,
        "problem": "; ".join([problem.message, *(str(one["message"]) for one in new_details(problem))])
        if problem
        else None,
        "idempotency_key": row.idempotency_key,
    }


def named(row: EntryResult) -> str:
    if row.problem is not None:
        return "failed" if row.status >= 500 else "refused"
    if row.entry is None:
        return "unchanged"
    return "recorded before" if row.replayed else "recorded"
