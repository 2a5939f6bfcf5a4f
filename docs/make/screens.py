"""The pictures of the command line: real commands in a real terminal against a fresh sandbox, drawn as they looked.

    python docs/make/screens.py

Each command of `SCREENS` is typed in a pseudo-terminal of a fixed width; what it wrote, colours included, becomes
docs/images/<name>.svg. Run it when the output of one of them changes, look at the pictures, and commit them.
"""

import io
import os
import pty
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).parent.parent.parent
IMAGES = ROOT / "docs" / "images"
WIDE, HIGH = 100, 40
READ_BYTES = 65_536

SCREENS = {
    "stock": ["twh stock list --limit 6", "twh stock get TSHIRT-M MAIN"],
    "record": [
        "twh receive TSHIRT-M 12 --at MAIN --reference po:PO-77",
        "twh transfer TSHIRT-M 5 --from MAIN --to SHOP",
    ],
    "refusal": ["twh issue TSHIRT-M 5000 --at MAIN"],
    "verify": ["twh ledger verify"],
}


def main() -> None:
    """Draw every screen."""
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="twh-screens-") as folder:
        Path(folder).chmod(0o755)  # as root, PostgreSQL runs as another account, which has to reach its data
        own = {name: value for name, value in os.environ.items() if not name.startswith(("TWH_", "XDG_"))}
        environment = own | {
            "HOME": folder,
            "TWH_DATA_DIR": f"{folder}/sandboxes",
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "TERM": "xterm-256color",
            "COLUMNS": str(WIDE),
            "LINES": str(HIGH),
        }
        seen("twh sandbox up", environment)
        try:
            for name, commands in SCREENS.items():
                told = "".join(
                    f"\x1b[2m$\x1b[0m \x1b[1m{command}\x1b[0m\n{seen(command, environment)}\n" for command in commands
                )
                draw(name, told)
        finally:
            seen("twh sandbox down", environment)


def seen(command: str, environment: dict[str, str]) -> str:
    """What a command writes to a terminal."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(["bash", "-c", command], stdin=theirs, stdout=theirs, stderr=theirs, env=environment)
    os.close(theirs)
    written = b""
    while True:
        try:
            chunk = os.read(ours, READ_BYTES)
        except OSError:  # the terminal was closed
            break
        if not chunk:
            break
        written += chunk
    process.wait()
    os.close(ours)
    return written.decode().replace("\r\n", "\n")


def draw(name: str, told: str) -> None:
    """Write one picture."""
    console = Console(record=True, width=WIDE, file=io.StringIO(), force_terminal=True)
    console.print(Text.from_ansi(told.rstrip("\n")))
    console.print()  # room below the last line, whatever font it is drawn with
    path = IMAGES / f"{name}.svg"
    # The fonts of whoever looks: a picture asks nobody else for anything.
    form = re.sub(r"@font-face \{\{.*?\}\}\n", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
    path.write_text(console.export_svg(title="", unique_id=f"twh-{name}", code_format=form), encoding="utf-8")
    print(f"drawn: {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
