"""The page of guarantees keeps its own word: what it names is there, what it says to type can be typed."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SERVER = ROOT / "packages" / "twh-server"
PAGE = (ROOT / "docs" / "explanation" / "guarantees.md").read_text()
COMMANDS = sorted(set(re.findall(r"`uv run nox -s ([^`]+)`", PAGE)))
PATHS = sorted(set(re.findall(r"`(tests/[^`]+)`", PAGE)))


def functions(path):
    return {
        node.name
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


def faults():
    (table,) = (
        node.value
        for node in ast.parse((SERVER / "tests" / "crash" / "faults.py").read_text()).body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "FAULTS"
    )
    return {node.id for node in ast.walk(table.generators[0].iter) if isinstance(node, ast.Name)}


def words(path, pattern):
    return set(re.findall(pattern, path.read_text()))


@pytest.mark.parametrize("path", PATHS)
def test_a_test_that_is_named_is_there(path):
    assert (SERVER / path).exists()


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_that_is_named_can_be_typed(command):
    session, *more = command.split()
    known = {
        "crash": faults() | words(SERVER / "tests" / "crash" / "__main__.py", r'"(--[a-z-]+)"'),
        "bench": words(SERVER / "benchmarks" / "alone.py", r'"([a-z_]+)": Alone')
        | words(SERVER / "benchmarks" / "__main__.py", r'"(--[a-z-]+)"'),
        "simulate": words(SERVER / "simulation" / "__main__.py", r'"(--[a-z-]+)"'),
    }

    assert session in functions(ROOT / "noxfile.py")
    assert {word for word in more if word not in ("--", "FILE")} <= known.get(session, set())


def test_every_fault_is_told():
    assert faults() <= set(re.findall(r"`(\w+)`", PAGE))
