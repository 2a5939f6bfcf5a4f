"""What outlives a run: the steps of a full one that was ended before it was through, in a folder of the user's cache."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import platformdirs

from processes import HERE

Found = dict[str, dict[str, Any]]
"""The figures of cells, by their names."""


def folder() -> Path:
    """The folder in which things are kept. It is a cache: whoever needs room may delete it."""
    # As root, PostgreSQL runs as another account, which may not pass through root's home.
    find = platformdirs.site_cache_path if os.geteuid() == 0 else platformdirs.user_cache_path
    return find("twh-bench", ensure_exists=True)


class Run:
    """What has been measured, step by step. With a file, a run that was ended goes on, as long as the code is the same."""

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._code = _code()
        self.steps: dict[str, Found] = {}
        if file and file.exists():
            kept = json.loads(file.read_text())
            self.steps = kept["steps"] if kept["code"] == self._code else {}

    @property
    def found(self) -> Found:
        """Every cell; one that was measured in several steps is as the first of them has it."""
        found: Found = {}
        for cells in self.steps.values():
            found |= {name: figures for name, figures in cells.items() if name not in found}
        return found

    def keep(self, step: str, found: Found) -> None:
        """Add a step."""
        self.steps[step] = found
        if self._file:
            self._file.write_text(json.dumps({"code": self._code, "steps": self.steps}))

    def end(self) -> None:
        """Be through: the next run begins at the beginning."""
        if self._file:
            self._file.unlink(missing_ok=True)


def _code() -> str:
    """The commit, and what has been changed since."""
    asked = [["git", "rev-parse", "HEAD"], ["git", "diff", "HEAD"]]
    return "\n".join(
        subprocess.run(words, cwd=HERE, capture_output=True, text=True, check=False).stdout for words in asked
    )
