"""The simulation of the book and the writer agrees with its oracle, and would not if the server had a bug."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SIMULATION = Path(__file__).parents[1] / "simulation"


def simulate(*options):
    done = subprocess.run(
        [sys.executable, SIMULATION, *options], capture_output=True, text=True, check=False, env=dict(os.environ)
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.slow
def test_twenty_thousand_requests_are_answered_as_the_oracle_says():
    """Other ones every time: what fails prints its seed."""
    status, said = simulate("--requests", "20000")

    assert status == 0, said


@pytest.mark.slow
@pytest.mark.parametrize(
    "bug", ["expectations are not checked", "keys are not looked up", "a level is forgotten", "low stock is not told"]
)
def test_a_planted_bug_is_found(bug):
    status, said = simulate("--mutants", "--only", bug, "--seed", "1")

    assert status == 0, said
    assert "1 of 1 planted bugs found" in said


def test_a_seed_tells_the_same_life_again():
    first, again = (simulate("--seed", "3", "--requests", "300") for _ in range(2))

    assert first[0] == 0, first[1]
    assert first[1].splitlines()[-1] == again[1].splitlines()[-1]
