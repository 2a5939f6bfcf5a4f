"""Cell `client`: what a call costs over raw httpx, beside the peers' calls over raw httpx of their own.

The processor's time is what the targets are about. Instructions are counted too, where they can be: without what the system
does for a call they tell the same story, and another program that runs beside changes nothing about them.
"""

import json
import subprocess
from pathlib import Path

from figures import Pace, Row
from installed import plain, with_peers
from loopback import answering
from processor import NOT_COUNTED, instructions

CALLER = Path(__file__).parent / "caller.py"
ASKING = Path(__file__).parent / "asking.py"
COUNTED = ("GET", "POST", "page of 100")
FEW, MANY = 20, 220
MOST = {"GET": 1.2, "POST": 1.25, "async, 50 at once": 1.25, "page of 100": 2.2}
HELD_AGAINST = {"page of 100": "raw httpx + json"}


def measure(pace: Pace) -> list[Row]:
    """One process calls, in turns; another answers."""
    with answering() as url:
        command = [with_peers(), CALLER, url, str(pace.calls), str(pace.rounds)]
        told = subprocess.run(command, env=plain(), stdout=subprocess.PIPE, text=True, check=True)
        counted = [counts(url, what) for what in COUNTED] if pace.counting else []
    cells: dict[str, dict[str, dict[str, float]]] = json.loads(told.stdout)
    return [*(row(name, cells[name]) for name in MOST), *counted]


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


def counts(url: str, what: str) -> Row:
    """Instructions of a call by the SDK over those of a call by hand."""
    raw, sdk = (thousands(url, what, whose) for whose in ("raw", "sdk"))
    ratio, beside = None, NOT_COUNTED
    if raw is not None and sdk is not None:
        ratio = sdk / raw
        beside = f"{sdk:,.0f} thousand, {HELD_AGAINST.get(what, 'raw httpx')} {raw:,.0f} thousand"
    return Row(name=f"{what}, instructions", unit="x", figure=ratio, most=MOST[what], beside=beside)


def thousands(url: str, what: str, whose: str) -> float | None:
    """Thousands of instructions that one call takes: what more of them take more."""
    few, many = (instructions([str(with_peers()), str(ASKING), url, what, whose, str(times)]) for times in (FEW, MANY))
    return None if few is None or many is None else (many - few) * 1000 / (MANY - FEW)
