"""Running the command in this process, with a home of its own and an address that answers what a test says."""

import json
from dataclasses import dataclass
from typing import Any

import pytest
import respx

from twh_cli.__main__ import main

ELSEWHERE = "https://inventory.example.com"


@dataclass(frozen=True)
class Ran:
    """What a command line came to."""

    exit_code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def error(self) -> Any:
        return json.loads(self.err.splitlines()[-1])["error"]


@pytest.fixture(autouse=True)
def own_home(monkeypatch, tmp_path):
    """No test reads or writes the developer's own profiles and settings."""
    for name in (
        "TWH_API_KEY",
        "TWH_BASE_URL",
        "TWH_NO_INPUT",
        "NO_COLOR",
        "CLICOLOR",
        "CLICOLOR_FORCE",
        "TWH_DATA_DIR",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path


@pytest.fixture
def twh(capsys):
    """`twh("stock", "list")` runs a command line."""

    def run(*words: str) -> Ran:
        capsys.readouterr()
        exit_code = main(list(words))
        said = capsys.readouterr()
        return Ran(exit_code, said.out, said.err)

    return run


@pytest.fixture
def elsewhere(monkeypatch):
    """A server that is none: it answers what the test lays down, for what a real one cannot be made to do."""
    monkeypatch.setenv("TWH_API_KEY", "twh_test_elsewhere")
    monkeypatch.setenv("TWH_BASE_URL", ELSEWHERE)
    monkeypatch.setenv("TWH_ENVIRONMENT", "sandbox")
    with respx.mock(base_url=f"{ELSEWHERE}/v1", assert_all_called=False) as routes:
        yield routes
