"""The server's process: our own child, that does not outlive us.

On Linux the kernel ends it when we die, however we die. That signal is sent when the *thread* that forked ends, so a
thread of the child's own forks it and waits for its end. Elsewhere (written for macOS, tried on Linux only) a shell
holds the other end of a pipe and passes our death on; a process that we forked without exec keeps that pipe open.
"""

import ctypes
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from twh_server.database.embedded.account import Account

FAST_SECONDS = 15.0
IMMEDIATE_SECONDS = 10.0

_PR_SET_PDEATHSIG = 1
# What PostgreSQL calls a fast shutdown: sessions are ended, everything is written, no recovery afterwards.
_FAST = signal.SIGINT


class Child:
    """A started `postgres`. Raises OSError when the program cannot be executed."""

    def __init__(self, command: Sequence[str], *, account: Account, folder: Path, log: int) -> None:
        self.ended = threading.Event()
        self._started = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._problem: BaseException | None = None
        self._command, self._account, self._folder, self._log = command, account, folder, log
        threading.Thread(target=self._keep, name="postgres", daemon=True).start()
        self._started.wait()
        if self._problem:
            raise self._problem

    @property
    def pid(self) -> int:
        assert self._process, "the process is there as soon as the child is made"
        return self._process.pid

    def stop(self) -> None:
        """Ask for a fast shutdown, insist on an immediate one, and come back when the process is gone."""
        for request, patience_seconds in ((_FAST, FAST_SECONDS), (signal.SIGQUIT, IMMEDIATE_SECONDS)):
            self._signal(request)
            if self.ended.wait(patience_seconds):
                return
        self._signal(signal.SIGKILL)
        self.ended.wait()

    def _signal(self, request: signal.Signals) -> None:
        if not self.ended.is_set():
            os.kill(self.pid, request)

    def _keep(self) -> None:
        try:
            self._process = self._spawn()
            mourner = None if sys.platform == "linux" else Mourner(self._process.pid, self._account)
        except BaseException as problem:  # noqa: BLE001 (it is raised again by the thread that waits for it)
            if self._process:
                self._process.kill()
            self._problem = problem
            return
        finally:
            self._started.set()
        self._process.wait()
        self.ended.set()
        if mourner:
            mourner.dismiss()

    def _spawn(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self._command,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            cwd=self._folder,
            umask=0o077,
            # Its own session: Ctrl-C in our terminal is for us to handle first.
            start_new_session=True,
            # Runs after the change of user, which would clear it, and makes two system calls.
            preexec_fn=_end_with_parent(),  # noqa: PLW1509
            **self._account.identity,
        )


def _end_with_parent() -> Callable[[], None] | None:
    if sys.platform != "linux":
        return None
    parent = os.getpid()
    prctl = ctypes.CDLL(None).prctl

    def ask_for_the_signal() -> None:
        prctl(_PR_SET_PDEATHSIG, _FAST.value)
        if os.getppid() != parent:
            os._exit(1)

    return ask_for_the_signal


class Mourner:
    """A shell that waits for our end on a pipe, and then ends the server."""

    def __init__(self, pid: int, account: Account) -> None:
        self._shell = subprocess.Popen(
            ["/bin/sh", "-c", f"trap '' INT TERM HUP; read -r _ || kill -{_FAST.name.removeprefix('SIG')} {pid}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            cwd="/",
            **account.identity,
        )

    def dismiss(self) -> None:
        """The server is gone: say so, and nobody is signalled."""
        self._shell.communicate(b"gone\n")
