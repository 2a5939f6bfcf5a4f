"""On a real terminal: tables, colour as it is wished for, and questions."""

import os
import pty
import select
import subprocess
import sys
import time

import pytest

TWH = [sys.executable, "-m", "twh_cli"]
ARCHIVE = ["items", "archive", "TSHIRT-M"]


def on_a_terminal(*words: str, answer: str = "", **environment: str) -> tuple[int, str]:
    """Run on a pseudo-terminal, type the answer once something was asked; the exit code and all that was shown."""
    ours, theirs = pty.openpty()
    env = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "120", **environment}
    running = subprocess.Popen([*TWH, *words], stdin=theirs, stdout=theirs, stderr=theirs, env=env, close_fds=True)
    os.close(theirs)
    shown = b""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        if select.select([ours], [], [], 0.1)[0]:
            try:
                shown += os.read(ours, 65536)
            except OSError:
                break
        if answer and b"[y/N]" in shown:
            os.write(ours, answer.encode())
            answer = ""
    os.close(ours)
    return running.wait(timeout=10), shown.decode().replace("\r\n", "\n")


def test_help_has_bold_words_on_a_terminal():
    assert "\x1b[1m" in on_a_terminal("--help")[1]


@pytest.mark.parametrize("wish", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_colour_is_left_out_where_it_is_not_wished_for(wish):
    assert "\x1b" not in on_a_terminal("--help", **wish)[1]
    assert "\x1b" not in on_a_terminal("stock", "list", **wish)[1]


def test_an_error_has_colour_on_a_terminal():
    assert "\x1b[1;31merror\x1b[0m" in on_a_terminal("stock", "list")[1]


def test_colour_can_be_forced_into_a_pipe(monkeypatch, twh):
    monkeypatch.setenv("CLICOLOR_FORCE", "1")

    assert "\x1b[1;31m" in twh("stock", "list").err


@pytest.mark.parametrize("typed", ["\n", "n\n", "what?\n"])
def test_anything_but_yes_is_no(typed):
    exit_code, shown = on_a_terminal(*ARCHIVE, answer=typed)

    assert exit_code == 10
    assert "Archive TSHIRT-M? [y/N]" in shown
    assert "Nothing was done." in shown


def test_yes_goes_on():
    exit_code, shown = on_a_terminal(*ARCHIVE, answer="y\n")

    assert exit_code == 4  # it went on to where there is no key
    assert "no API key" in shown


def test_on_a_terminal_too_nobody_is_asked_who_does_not_wish_it():
    exit_code, shown = on_a_terminal(*ARCHIVE, TWH_NO_INPUT="1")

    assert exit_code == 10
    assert "--yes" in shown
    assert "[y/N]" not in shown
