"""Run one page of the documentation as a reader would: its `python` and `sh` blocks, in order, in one empty folder.

    python examples/pages.py docs/tutorial/ten-minutes.md

The Python blocks share their names, as in one session. A block with a title (```python title="shop.py") is a file that the reader
writes; blocks of one title follow each other in it. The first block that fails ends the page.
"""

import os
import re
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path
from typing import Any

BLOCK = re.compile(r"^```(python|sh)(?: title=\"([\w.]+)\")?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def main(page: Path) -> int:
    """Run the page; the exit status is 1 when a block fails, which is shown with its line."""
    text = page.read_text(encoding="utf-8")
    names: dict[str, Any] = {"__name__": "__main__"}
    with tempfile.TemporaryDirectory(prefix="twh-page-") as folder:
        os.chdir(folder)
        for block in BLOCK.finditer(text):
            line = text.count("\n", 0, block.start()) + 2
            language, title, code = block.groups()
            if title:
                write(Path(title), code)
            elif not (python(code, names) if language == "python" else shell(code)):
                print(f"fails: the block at {page}:{line}")
                return 1
    return 0


def write(file: Path, code: str) -> None:
    """A block that is a file, or goes on with it."""
    before = file.read_text(encoding="utf-8") + "\n\n" if file.exists() else ""
    file.write_text(before + code, encoding="utf-8")


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
