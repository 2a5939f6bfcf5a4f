"""What is shown of each forward: a line for people, an object for programs."""

from __future__ import annotations

import sys
from typing import Any

from twh_cli import output
from twh_cli.event_lines import summary, when
from twh_cli.listening.forwarding import Forward
from twh_cli.session import session
from twh_cli.terminal import fitted, harmless, painted, takes_colour

STYLES = {"taken": "green", "waiting": "yellow", "again": "yellow", "passed over": "red"}


def show(forward: Forward, *, several: bool) -> None:
    """Write it: the target's address stands in the line where there are several."""
    if output.chosen_format() != "table":
        output.write_json(output.picked(told(forward)))
        return
    words = [
        when(forward.at),
        answered(forward),
        f"{forward.posted.milliseconds:>5} ms",
        *([forward.target.partition("://")[2]] if several else []),
        *(["again"] if forward.replay else []),
        f"{forward.event.type:<17}",
        summary(forward.event),
    ]
    line = fitted(harmless("  ".join(words)))
    colour = takes_colour(sys.stdout, no_color=session().choices.no_color)
    output.write(line.replace(words[1], painted(words[1], STYLES[forward.outcome], colour=colour), 1))
    for more in explained(forward):
        session().say(f"           {harmless(more)}", "dim" if forward.outcome != "passed over" else "red")


def told(forward: Forward) -> dict[str, Any]:
    return {
        "time": forward.at.isoformat(timespec="milliseconds"),
        "target": forward.target,
        "event": forward.event.id,
        "type": forward.event.type,
        "sequence": forward.event.sequence,
        "attempt": forward.attempt,
        "status": forward.posted.status,
        "milliseconds": forward.posted.milliseconds,
        "outcome": forward.outcome,
        "replay": forward.replay,
        "error": forward.posted.error,
    }


def answered(forward: Forward) -> str:
    return str(forward.posted.status or "---")


def explained(forward: Forward) -> list[str]:
    """What is not seen from the numbers."""
    error = [forward.posted.error] if forward.posted.error else []
    match forward.outcome:
        case "waiting":
            return [f"{' '.join([*error, 'It is waited for; no event is lost.'])}"]
        case "again":
            return [f"{' '.join([*error, f'Attempt {forward.attempt}; it is tried again.'])}"]
        case "passed over":
            return [
                f"{' '.join([*error, f'Passed over after {forward.attempt} attempts; --again sends it once more.'])}"
            ]
        case "taken":
            return []
