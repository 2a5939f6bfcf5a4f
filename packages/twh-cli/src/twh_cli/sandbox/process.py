"""The sandbox's process: started apart from the terminal, recognised by its command line, stopped politely first."""

from __future__ import annotations

import http.client
import importlib.util
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from twh_cli.problems import SandboxNotRunning
from twh_cli.sandbox.place import Place, State

READY_SECONDS_MAX = 90.0
STOP_SECONDS_MAX = 20.0
PAUSE_SECONDS = 0.02
ANSWER_SECONDS_MAX = 5.0
LOG_LINES_SHOWN = 15
LAST_WORDS = "twh-server: "
"""A server that cannot start says why in one last sentence."""
LOG_BYTES_MAX = 5_000_000

Tick = Callable[[], object]


def running(place: Place) -> State | None:
    """The state of a sandbox that is there. One that died, or whose number another process has now, is not."""
    state = place.state()
    return state if state and is_sandbox(state.pid, place.folder) else None


def start(place: Place, port: int | None) -> State:
    """Start the server and return when it answers. The caller holds the place's lock."""
    if importlib.util.find_spec("twh_server") is None:
        raise SandboxNotRunning("The sandbox needs the server.", hint='pip install "twh-cli[sandbox]"')
    place.state_file.unlink(missing_ok=True)
    began = turned_log(place.log_file)
    command = [sys.executable, "-m", "twh_server", "sandbox", "--folder", str(place.folder)]
    command += [] if port is None else ["--port", str(port)]
    log = os.open(place.log_file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        child = subprocess.Popen(
            command,
            cwd=place.folder,
            env={"TWH_LOG_FORMAT": "text", **os.environ, "NO_COLOR": "1"},  # `twh sandbox logs` is read by people
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # Ctrl-C in this terminal is not meant for it
        )
    finally:
        os.close(log)
    try:
        return ready(place, child, began)
    except BaseException:
        end(child.pid, child.poll)
        raise


def ready(place: Place, child: subprocess.Popen[bytes], began: int) -> State:
    until = time.monotonic() + READY_SECONDS_MAX
    while time.monotonic() < until:
        if child.poll() is not None:
            raise failed(place, began, f"The sandbox did not start: its server ended with status {child.returncode}.")
        state = place.state()
        if state and answers(state):
            return state
        time.sleep(PAUSE_SECONDS)
    raise failed(place, began, f"The sandbox was not ready in {READY_SECONDS_MAX:.0f} seconds.")


def failed(place: Place, began: int, what: str) -> SandboxNotRunning:
    lines = log_since(place.log_file, began)[-LOG_LINES_SHOWN:]
    if lines and lines[-1].startswith(LAST_WORDS):
        return SandboxNotRunning(
            f"The sandbox did not start. {lines[-1].removeprefix(LAST_WORDS)}", hint=remedy(place, lines[-1])
        )
    said = "\n".join(["", *(f"       {line}" for line in lines)])
    return SandboxNotRunning(f"{what} It said:{said}" if lines else what, hint=remedy(place, "\n".join(lines)))


def remedy(place: Place, said: str) -> str:
    """What to do about it, as far as the log tells."""
    lower = said.lower()
    if "address already in use" in lower or ("port" in lower and "in use" in lower):
        return f"Leave out --port, and a free one is found: twh sandbox up{place.option}"
    if "permission denied" in lower or "may not" in lower:
        return "Choose a folder that you may write in: twh sandbox up --data-dir FOLDER"
    if "no space left" in lower:
        return f"Make room on the disk of {place.folder}, then: twh sandbox up{place.option}"
    return f"twh sandbox logs{place.option}   (shows all; `twh sandbox down{place.option} --purge` begins anew)"


def answers(state: State) -> bool:
    """Whether the server answers, and its database does too."""
    parts = urlsplit(state.address)
    asking = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=ANSWER_SECONDS_MAX)
    try:
        asking.request("GET", "/health/ready")
        return asking.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        asking.close()


def stop(place: Place, state: State) -> None:
    """Ask it to stop, and make it when it does not. The caller holds the place's lock."""
    end(state.pid, lambda: None if is_sandbox(state.pid, place.folder) else 0)
    place.state_file.unlink(missing_ok=True)


def end(pid: int, ended: Callable[[], int | None]) -> None:
    for sign, seconds in ((signal.SIGTERM, STOP_SECONDS_MAX), (getattr(signal, "SIGKILL", signal.SIGTERM), 5.0)):
        if ended() is not None:
            return
        try:
            os.kill(pid, sign)
        except ProcessLookupError:
            return
        except PermissionError:
            raise SandboxNotRunning(
                f"The sandbox (process {pid}) belongs to another user, who has to stop it."
            ) from None
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if ended() is not None:
                return
            time.sleep(PAUSE_SECONDS)


def is_sandbox(pid: int, folder: Path) -> bool:
    """Whether this process is the server of this folder: numbers of dead processes are given to others."""
    words = command_line(pid)
    return "twh_server" in words and str(folder) in words


def command_line(pid: int) -> list[str]:
    """The words that a process was started with; none when it is gone, or a zombie."""
    file = Path(f"/proc/{pid}/cmdline")
    if Path("/proc/self/cmdline").exists():
        try:
            return [word for word in file.read_bytes().decode(errors="replace").split("\0") if word]
        except OSError:
            return []
    shown = subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return shown.stdout.split()


def turned_log(path: Path) -> int:
    """Where this run's lines will begin; a log that has grown large is put aside first."""
    try:
        size = path.stat().st_size
    except OSError:
        return 0
    if size < LOG_BYTES_MAX:
        return size
    path.replace(path.with_suffix(".log.1"))
    return 0


def log_since(path: Path, began: int) -> list[str]:
    try:
        with path.open("rb") as log:
            log.seek(began)
            return log.read().decode(errors="replace").splitlines()
    except OSError:
        return []
