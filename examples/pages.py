"""Run one page of the documentation as a reader would: its `python` and `sh` blocks, in order, in one empty folder.

    python examples/pages.py docs/tutorial/ten-minutes.md

The Python blocks share their names, as in one session. The first block that fails ends the page.
"""

import os
import re
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path
from typing import Any

BLOCK = re.compile(r"^```(python|sh)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def main(page: Path) -> int:
    """Run the page; the exit status is 1 when a block fails, which is shown with its line."""
    text = page.read_text(encoding="utf-8")
    names: dict[str, Any] = {"__name__": "__main__"}
    with tempfile.TemporaryDirectory(prefix="twh-page-") as folder:
        os.chdir(folder)
        for block in BLOCK.finditer(text):
            line = text.count("\n", 0, block.start()) + 2
            if not (python(block[2], names) if block[1] == "python" else shell(block[2])):
                print(f"fails: the block at {page}:{line}")
                return 1
    return 0


def python(code: str, names: dict[str, Any]) -> bool:
    """A block of Python, with the names of those before it."""
    try:
        exec(compile(code, "page", "exec"), names)  # noqa: S102 - our own pages
    except Exception:  # noqa: BLE001 - whatever it is, the reader would meet it
        traceback.print_exc()
        return False
    return True


def shell(code: str) -> bool:
    """A block of commands; the first that fails ends it."""
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", code], capture_output=True, text=True, check=False)
    if done.returncode:
        print(done.stdout, done.stderr, sep="\n")
    return not done.returncode


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve()))
