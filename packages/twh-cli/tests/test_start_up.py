"""What is asked all the time answers at once: help, version and completion cost little more than starting Python."""

import os
import subprocess
import sys

import pytest

RUNS = 8
SECONDS_MAX = 0.040


def processor_seconds(*words: str) -> float:
    """What the quickest of some runs took of a processor: the machine's other work does not count."""
    return min(one_run(words) for _ in range(RUNS))


def one_run(words: tuple[str, ...]) -> float:
    running = subprocess.Popen([sys.executable, *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(running.pid, 0)
    running.returncode = os.waitstatus_to_exitcode(status)
    assert running.returncode == 0
    return used.ru_utime + used.ru_stime


@pytest.mark.parametrize(
    "words", [("--version",), ("--help",), ("completion", "bash"), ("__complete", "items", "get", "")], ids=" ".join
)
def test_it_costs_little_more_than_python_alone(words):
    assert processor_seconds("-m", "twh_cli", *words) - processor_seconds("-c", "pass") < SECONDS_MAX
