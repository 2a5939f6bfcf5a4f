"""Mutants: bugs that are planted in copies of the server, one at a time. A simulation that misses one is none."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import twh_server

HERE = Path(__file__).parent
SERVER = Path(twh_server.__file__).parent
BUDGET_REQUESTS = 20_000
"""Within as many requests as every check simulates, each has to be found."""


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """One bug: in one file, one text is replaced by another."""

    file: str
    found: str
    planted: str


MUTANTS = {
    "expectations are not checked": Mutant(
        file="ledger/book.py", found="        self._check_expectation(posting, before)\n", planted=""
    ),
    "keys are not looked up": Mutant(
        file="journal/batch.py",
        found="first = self.known.get(submission.key) if submission.key else None",
        planted="first = None",
    ),
    "a level is forgotten": Mutant(
        file="ledger/record.py",
        found="(levels.STORE_LEVELS, level) for level in draft.levels.values()",
        planted="(levels.STORE_LEVELS, level) for level in list(draft.levels.values())[:2]",
    ),
    "the last piece is not given out": Mutant(
        file="ledger/book.py", found="if quantity < 0 and left < 0", planted="if quantity < 0 and left <= 0"
    ),
    "a batch does not see its own levels": Mutant(
        file="ledger/book.py", found="            news.append((LEVEL, key, level))\n", planted=""
    ),
    "low stock is not told": Mutant(
        file="ledger/record.py", found="[told, *_low_stock(draft, entry.id)]", planted="[told]"
    ),
    "a key stands for any request": Mutant(
        file="journal/keys.py", found="if self.digest != submission.digest:", planted="if not self.digest:"
    ),
    "time runs back with the host's clock": Mutant(
        file="journal/batch.py", found="max(clock(), head.recorded_at + AT_LEAST)", planted="clock()"
    ),
    "a count is soon forgotten": Mutant(
        file="ledger/book.py",
        found="self.occurred_at if posting.counted else before.counted_at",
        planted="self.occurred_at if posting.counted else None",
    ),
    "neighbours of a bug are carried out in another order": Mutant(
        file="journal/writer.py",
        found="taken[:middle])\n                await self._carry_out(tenant, taken[middle:])",
        planted="taken[middle:])\n                await self._carry_out(tenant, taken[:middle])",
    ),
}
"""Each by what it does."""


def plant(seed: int, only: str | None) -> int:
    """Plant each, or one, and simulate; answers 0 when each was found."""
    chosen = {name: mutant for name, mutant in MUTANTS.items() if only in (None, name)}
    survivors = [name for name, mutant in chosen.items() if not _is_found(name, mutant, seed)]
    print(f"{len(chosen) - len(survivors)} of {len(chosen)} planted bugs found")
    return 1 if survivors or not chosen else 0


def _is_found(name: str, mutant: Mutant, seed: int) -> bool:
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="twh-mutant-") as folder:
        # PostgreSQL runs as another account under root, and reads nothing here; Python does, before the real server.
        shutil.copytree(SERVER, Path(folder) / "twh_server", ignore=shutil.ignore_patterns("__pycache__"))
        path = Path(folder) / "twh_server" / mutant.file
        healthy = path.read_text()
        if healthy.count(mutant.found) != 1:
            print(f"{name}: {mutant.file} has no longer one place for it; mend {Path(__file__).name}")
            return False
        path.write_text(healthy.replace(mutant.found, mutant.planted))
        simulating = [sys.executable, str(HERE), "--requests", str(BUDGET_REQUESTS), "--seed", str(seed)]
        done = subprocess.run(
            simulating, env={**os.environ, "PYTHONPATH": folder}, capture_output=True, text=True, check=False
        )
    failed = re.search(r"^seed (\d+) failed after ([\d,]+) requests", done.stdout, re.MULTILINE)
    took = time.monotonic() - begun
    if done.returncode != 1 or failed is None:
        print(f"{name}: not found\n{done.stdout}{done.stderr}")
        return False
    print(f"{name}: found by seed {failed[1]} after {failed[2]} requests, {took:.0f} s", flush=True)
    return True
