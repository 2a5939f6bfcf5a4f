"""On a real terminal: tables, colour as it is wished for, and questions."""

import io
import threading

import pytest

from twh_cli.terminal import log

ARCHIVE = ["items", "archive", "TSHIRT-M"]


def test_help_has_bold_words_on_a_terminal(terminal):
    assert "\x1b[1m" in terminal("--help")[1]


@pytest.mark.parametrize("wish", [{"NO_COLOR": "1"}, {"TERM": "dumb"}, {"CLICOLOR": "0"}])
def test_colour_is_left_out_where_it_is_not_wished_for(terminal, wish):
    assert "\x1b" not in terminal("--help", **wish)[1]
    assert "\x1b" not in terminal("stock", "list", **wish)[1]


def test_an_error_has_colour_on_a_terminal(terminal):
    assert "\x1b[1;31merror\x1b[0m" in terminal("stock", "list")[1]


def test_colour_can_be_forced_into_a_pipe(monkeypatch, twh):
    monkeypatch.setenv("CLICOLOR_FORCE", "1")

    assert "\x1b[1;31m" in twh("stock", "list").err


@pytest.mark.parametrize("typed", ["\n", "n\n", "what?\n"])
def test_anything_but_yes_is_no(terminal, typed):
    exit_code, shown = terminal(*ARCHIVE, typed={"[y/N]": typed})

    assert exit_code == 10
    assert "Archive TSHIRT-M? [y/N]" in shown
    assert "Nothing was done." in shown


def test_yes_goes_on(terminal):
    exit_code, shown = terminal(*ARCHIVE, typed={"[y/N]": "y\n"})

    assert exit_code == 4  # it went on to where there is no key
    assert "no API key" in shown


def test_on_a_terminal_too_nobody_is_asked_who_does_not_wish_it(terminal):
    exit_code, shown = terminal(*ARCHIVE, TWH_NO_INPUT="1")

    assert exit_code == 10
    assert "--yes" in shown
    assert "[y/N]" not in shown


def test_colour_can_be_forced_into_help(monkeypatch, twh):
    monkeypatch.setenv("CLICOLOR_FORCE", "1")

    assert "\x1b[1m" in twh("--help").out
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in twh("--help").out


def test_a_log_is_told_now_and_then_that_it_goes_on(monkeypatch):
    done, lines = threading.Event(), []

    class Log(io.StringIO):
        def write(self, text):
            lines.append(text)
            done.set()

    monkeypatch.setattr("twh_cli.terminal.LOG_SECONDS", 0.001)
    monkeypatch.setattr("sys.stderr", Log())
    log("Verifying 9 events", done)

    assert lines == ["Verifying 9 events: 0 s so far\n"]
