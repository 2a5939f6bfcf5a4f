"""Whatever a user can meet by name has its line in docs/reference/, and the reference names nothing that is gone.

A line is a table row whose first cell is the name in backticks: "| `entry.recorded` | …".
"""

import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from twh_cli.registry import COMMANDS
from twh_server.access.rates import Rate
from twh_server.access.scopes import SCOPES
from twh_server.access.shared_rates import SharedBuckets
from twh_server.events.kinds import KINDS
from twh_server.http.problems import codes
from twh_server.processes.metrics import Metrics
from twh_server.settings import Settings

ROOT = Path(__file__).parent.parent
REFERENCE = ROOT / "docs" / "reference"


def metrics() -> set[str]:
    """What a process shows of its own, with everything that may be counted."""
    metrics = Metrics()
    metrics.read(SimpleNamespace(queued=0), SharedBuckets(Rate(requests=1, seconds=1), None))
    endings = {"counter": "_total", "info": "_info"}
    families = [family for family in metrics.registry.collect() if family.name.startswith("twh_")]
    return {f"{family.name}{endings.get(family.type, '')}" for family in families}


# What is documented where. The names come from the code that gives them their meaning, never from a second list.
NAMED = {
    "cli.md": {command.path for command in COMMANDS},
    "events.md": set(KINDS),
    "metrics.md": metrics(),
    "scopes.md": set(SCOPES),
    "problems.md": set(codes()),
    "settings.md": {f"{Settings.model_config['env_prefix']}{field.upper()}" for field in Settings.model_fields},
}


@pytest.mark.parametrize("page", NAMED)
def test_every_name_has_its_line(page):
    missing = sorted(NAMED[page] - rows(page).keys())

    assert not missing, (
        f"Add to docs/reference/{page} a row that begins `| \\`name\\` |` for each of: {', '.join(missing)}"
        " (problems.md and events.md are written by `uv run nox -s openapi`)"
    )


@pytest.mark.parametrize("page", NAMED)
def test_every_line_names_something(page):
    gone = sorted(rows(page).keys() - NAMED[page])

    assert not gone, f"Remove from docs/reference/{page}, for the code no longer has them: {', '.join(gone)}"


@pytest.mark.parametrize("page", NAMED)
def test_every_line_says_something(page):
    silent = sorted(name for name, cells in rows(page).items() if not all(cells))

    assert not silent, f"Fill the empty cells in docs/reference/{page}: {', '.join(silent)}"


def test_the_reference_of_problems_and_events_is_what_the_code_says():
    """A refusal's docstring says what to do after its title; an event kind says what it tells in `KINDS`, and has its page."""
    command = [sys.executable, ROOT / "packages" / "twh-server" / "generate_reference.py", "--check"]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)

    assert checked.returncode == 0, checked.stdout + checked.stderr


def rows(page: str) -> dict[str, list[str]]:
    """The rows of a page's tables that begin with a name: what stands after it."""
    lines = re.findall(r"^\| `([^`]+)` \|(.*)\|[ ]*$", (REFERENCE / page).read_text(), re.MULTILINE)
    return {name: [cell.strip() for cell in re.split(r"(?<!\\)\|", rest)] for name, rest in lines}
