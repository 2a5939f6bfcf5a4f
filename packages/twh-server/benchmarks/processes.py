"""The processes that are measured: real servers, what they cost, and where their time goes."""

import contextlib
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil

READY_SECONDS_MAX = 60
STOP_SECONDS_MAX = 40
HERE = Path(__file__).parent


class Served:
    """A program that serves HTTP on a port of its own. It is there when this returns; `stop` ends it."""

    def __init__(self, *words: str, port: int, ready: str, told: Mapping[str, str] | None = None) -> None:
        self.port = port
        # A line a request is written, and nobody reads it.
        self._process = subprocess.Popen(
            [sys.executable, *words], env={**os.environ, **(told or {})}, stderr=subprocess.DEVNULL
        )
        self._wait_until_it_answers(ready)

    @property
    def pid(self) -> int:
        """Its process; those that it started are its children."""
        return self._process.pid

    def stop(self) -> None:
        """Tell it to stop, and return when it has."""
        self._process.terminate()
        self._process.wait(STOP_SECONDS_MAX)

    def _wait_until_it_answers(self, path: str) -> None:
        until = time.monotonic() + READY_SECONDS_MAX
        while self._process.poll() is None and time.monotonic() < until:
            with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5):
                return
            time.sleep(0.05)
        self._process.kill()
        raise RuntimeError(f"what should serve at port {self.port} does not")


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
        return port


def cpu_seconds(pid: int) -> float:
    """The processor's time that a process and all that it started have taken, those that have ended included."""
    process = psutil.Process(pid)
    return sum(_taken(one) for one in [process, *process.children(recursive=True)])


def memory_mb(pid: int) -> float:
    """The memory that a process and all that it started hold, in MiB."""
    process = psutil.Process(pid)
    return sum(one.memory_info().rss for one in [process, *process.children(recursive=True)]) / (1 << 20)


def _taken(process: psutil.Process) -> float:
    try:
        times: Any = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0  # it has just ended: from now on its parent counts it
    return float(times.user + times.system + getattr(times, "children_user", 0) + getattr(times, "children_system", 0))
