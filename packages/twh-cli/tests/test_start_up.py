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


ASK_WHAT_IS_LOADED = """
import sys
from twh_cli.__main__ import main
code = main(sys.argv[1:])
print(*{name.partition(".")[0] for name in sys.modules} | {"urllib.request"} & set(sys.modules))
sys.exit(code)
"""


def test_a_command_in_a_pipe_loads_no_tables_no_keyring_and_no_index(monkeypatch):
    monkeypatch.setenv("TWH_API_KEY", "twh_test_1")
    monkeypatch.setenv("TWH_BASE_URL", "http://127.0.0.1:9")

    ran = subprocess.run(
        [sys.executable, "-c", ASK_WHAT_IS_LOADED, "stock", "get", "A", "B"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 11
    assert not {"rich", "keyring", "platformdirs", "jq", "urllib.request"} & set(ran.stdout.split())
