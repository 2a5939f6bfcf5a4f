"""Runs a program for as long as stdin is open: when a test run ends, however it ends, its sandbox ends too.

python -m twh.testing.keeper PROGRAM ARGUMENT…
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading

STOP_SECONDS_MAX = 20.0


def keep(command: list[str]) -> int:
    """Answer the program's exit status."""
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    threading.Thread(target=leave_with, args=(child,), daemon=True).start()
    sys.stdin.buffer.read()
    child.terminate()
    try:
        return child.wait(STOP_SECONDS_MAX)
    except subprocess.TimeoutExpired:
        child.kill()
        return child.wait()


def leave_with(child: subprocess.Popen[bytes]) -> None:
    """A program that ended by itself is waited for no longer."""
    os._exit(child.wait())


if __name__ == "__main__":
    sys.exit(keep(sys.argv[1:]))
