"""Cell `client`: the processor time of a call over raw httpx, beside the peers' calls over raw httpx of their own."""

import json
import subprocess
from pathlib import Path

from figures import Pace, Row
from installed import plain, with_peers
from loopback import answering

CALLER = Path(__file__).parent / "caller.py"
MOST = {"GET": 1.2, "POST": 1.25, "async, 50 at once": 1.25, "page of 100": 2.2}
HELD_AGAINST = {"page of 100": "raw httpx + json"}


def measure(pace: Pace) -> list[Row]:
    """One process calls, in turns; another answers."""
    with answering() as url:
        command = [with_peers(), CALLER, url, str(pace.calls), str(pace.rounds)]
        told = subprocess.run(command, env=plain(), stdout=subprocess.PIPE, text=True, check=True)
    cells: dict[str, dict[str, dict[str, float]]] = json.loads(told.stdout)
    return [row(name, cells[name]) for name in MOST]


def row(name: str, of: dict[str, dict[str, float]]) -> Row:
    against = HELD_AGAINST.get(name, "raw httpx")
    return Row(
        name=f"{name}, over {against}",
        unit="x",
        figure=of["twh"]["ratio"],
        most=MOST[name],
        peers={peer: of[peer]["ratio"] for peer in of if peer != "twh"},
        beside=f"{of['twh']['us']:.0f} µs, {against} {of['twh']['raw_us']:.0f} µs",
    )
