"""Cell `retries`: what each SDK does when a POST goes wrong once, held against the table in the documentation.

Run as a program, it prints that table anew.
"""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import TypeAlias

from figures import Pace, Row
from installed import ROOT, plain, with_peers

RETRYING = Path(__file__).parent / "retrying.py"
PAGE = ROOT / "docs" / "how-to" / "errors-and-retries.md"
OURS = "twh"

Seen: TypeAlias = dict[str, dict[str, dict[str, str]]]


def measure(_: Pace) -> list[Row]:
    """How often a POST came again and how; and how many lines of the page are not what was seen."""
    seen = asked()
    known = PAGE.read_text().splitlines()
    stale = [line for line in table(seen) if line not in known]
    return [
        row("sent again", seen, r"^again", None),
        row("sent again without the same key", seen, r"^again, (?!same)", 0),
        row("sent again too early", seen, r"too early$", 0),
        Row(
            name="lines of the page that say something else",
            unit="",
            figure=len(stale),
            most=0,
            beside="; ".join(stale),
        ),
    ]


def asked() -> Seen:
    """`found`: by SDK and case, what came of it; `versions`: of the SDKs."""
    said = subprocess.run([with_peers(), RETRYING], env=plain(), stdout=subprocess.PIPE, text=True, check=True).stdout
    seen: Seen = json.loads(said)
    return seen


def row(name: str, seen: Seen, pattern: str, most: float | None) -> Row:
    counted = {
        sdk: float(sum(bool(re.search(pattern, did)) for did in cases.values())) for sdk, cases in seen["found"].items()
    }
    cases = len(seen["found"][OURS])
    return Row(name=name, unit="", figure=counted.pop(OURS), most=most, peers=counted, beside=f"of {cases} cases")


def table(seen: Seen) -> list[str]:
    """The lines that the page's table would have to have."""
    found = seen["found"]
    heads = [f"{sdk} {seen['versions'][sdk]}" for sdk in found if sdk != OURS]
    rows = [["what comes, once", OURS, *heads], *([case, *(found[sdk][case] for sdk in found)] for case in found[OURS])]
    first, *rest = [f"| {' | '.join(row)} |" for row in rows]
    return [first, f"|{'---|' * (len(found) + 1)}", *rest]


if __name__ == "__main__":
    sys.stdout.write("\n".join(table(asked())) + "\n")
