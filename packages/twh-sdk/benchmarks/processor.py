"""What a program costs: the processor time and the instructions of one process, from its start to its end."""

import os
import re
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from installed import plain

NOT_COUNTED = "not counted: neither perf nor valgrind can count here"


@dataclass(frozen=True)
class Cost:
    """Of a program, over some runs."""

    processor_ms: float
    """The median."""
    over_ms: float
    """The median of what it took more than the first of the programs, in the same round."""
    elapsed_ms: float
    """The best: the machine's other work makes it longer, and nothing makes it shorter."""


def costs(programs: Mapping[str, Sequence[str]], rounds: int, told: Mapping[str, str] | None = None) -> dict[str, Cost]:
    """Run the programs in turns, so that what disturbs one disturbs all; the first is what the others are held against."""
    environment = {**plain(), **(told or {})}
    runs: dict[str, list[tuple[float, float]]] = {name: [] for name in programs}
    for words in programs.values():
        once(words, environment)  # what is read for the first time is read from the disk
    for _ in range(rounds):
        for name, words in programs.items():
            runs[name].append(once(words, environment))
    first = next(iter(runs.values()))
    return {
        name: Cost(
            statistics.median(used for used, _ in ran),
            statistics.median(used - bare for (used, _), (bare, _) in zip(ran, first, strict=True)),
            min(elapsed for _, elapsed in ran),
        )
        for name, ran in runs.items()
    }


def once(words: Sequence[str], environment: Mapping[str, str]) -> tuple[float, float]:
    """Milliseconds of the processor and of the clock that one run takes."""
    begun = time.perf_counter()
    running = subprocess.Popen(words, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(running.pid, 0)
    elapsed = time.perf_counter() - begun
    running.returncode = os.waitstatus_to_exitcode(status)
    if running.returncode:
        raise RuntimeError(f"ended with {running.returncode}: {' '.join(words)}")
    return (used.ru_utime + used.ru_stime) * 1000, elapsed * 1000


def instructions(words: Sequence[str]) -> float | None:
    """Millions of instructions that one run takes; None where they cannot be counted.

    Counted once, with hashing that is the same in every run: on any machine, loaded or not, the count is nearly the same.
    """
    environment = {**plain(), "PYTHONHASHSEED": "0"}
    with tempfile.TemporaryDirectory() as folder:
        told = Path(folder) / "told"
        for counting, found in (
            (["perf", "stat", "-x,", "-e", "instructions:u", "-o", str(told)], r"^(\d+),[^,]*,instructions"),
            (
                [
                    "valgrind",
                    "--tool=cachegrind",
                    "--cache-sim=no",
                    "--cachegrind-out-file=/dev/null",
                    f"--log-file={told}",
                ],
                r"I\s+refs:\s+([\d,]+)",
            ),
        ):
            if shutil.which(counting[0]) is None:
                continue
            subprocess.run([*counting, *words], env=environment, check=False, capture_output=True)
            counted = re.search(found, told.read_text() if told.exists() else "", re.MULTILINE)
            if counted:
                return int(counted[1].replace(",", "")) / 1_000_000
    return None
