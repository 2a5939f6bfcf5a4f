"""The static table of commands is what typer mounts, and answers without loading anything."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import twh_cli
from twh_cli import app, registry

HEAVY = {"typer", "rich", "twh", "httpx", "pydantic", "keyring", "platformdirs"}
ASK_WHAT_IS_LOADED = """
import json, sys
from twh_cli.__main__ import main
code = main(sys.argv[1:])
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})), file=sys.stderr)
sys.exit(code)
"""


def commands_of(module: str) -> set[str]:
    return {one.name for one in app.module_app(module).registered_commands}


@pytest.mark.parametrize("module", sorted({command.module for command in registry.COMMANDS}))
def test_the_registry_is_what_typer_mounts(module):
    told = {command.words[-1] for command in registry.COMMANDS if command.module == module}

    assert commands_of(module) == told


def test_every_module_of_commands_is_in_the_registry():
    folder = Path(twh_cli.__file__).parent / "commands"
    modules = {path.stem for path in folder.glob("*.py")} - {"__init__"}

    assert modules == {command.module for command in registry.COMMANDS}


def test_every_command_and_group_is_in_the_overview():
    shown = [noun for _, nouns in registry.SECTIONS for noun in nouns]

    assert sorted(shown) == sorted({command.words[0] for command in registry.COMMANDS})
    assert set(registry.GROUPS) == {command.words[0] for command in registry.COMMANDS if len(command.words) > 1}


@pytest.mark.parametrize("command", registry.COMMANDS, ids=lambda command: command.path)
def test_every_command_tells_its_options(twh, command):
    ran = twh(*command.words, "--help")

    assert ran.exit_code == 0
    assert command.help in ran.out
    assert "Usage: twh" in ran.out
    assert "<" not in ran.out  # Python's names of types say nothing to people


@pytest.mark.parametrize(
    "words",
    [
        ["--version"],
        ["--help"],
        [],
        ["help", "exit-codes"],
        ["commands", "--json"],
        ["items"],
        ["stock", "-h"],
        ["completion", "zsh"],
        ["__complete", "items", "get", ""],
    ],
)
def test_what_the_registry_knows_loads_nothing(words):
    ran = subprocess.run([sys.executable, "-c", ASK_WHAT_IS_LOADED, *words], capture_output=True, text=True, check=True)

    assert ran.stdout or words[0] == "__complete"
    assert not HEAVY & set(json.loads(ran.stderr.splitlines()[-1]))


def test_commands_as_json_name_every_command(twh):
    listed = twh("commands", "--json").json

    assert [one["command"] for one in listed] == [command.path for command in registry.COMMANDS]


def test_help_on_a_command_is_its_own_help(twh):
    assert twh("help", "stock", "get").out == twh("stock", "get", "--help").out


@pytest.mark.parametrize(
    ("words", "meant"), [(["stok"], "twh stock"), (["stock", "lst"], "twh stock list"), (["recieve"], "twh receive")]
)
def test_a_slip_of_the_finger_is_recognised(twh, words, meant):
    ran = twh(*words)

    assert ran.exit_code == 2
    assert f"Did you mean `{meant}`?" in ran.err
