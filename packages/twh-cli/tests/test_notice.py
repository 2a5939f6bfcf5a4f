"""A newer version is told from memory; asking for it happens elsewhere, once a day, and fails in silence."""

import json
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from twh_cli import newest, notice


@pytest.fixture
def someone(monkeypatch):
    """A person at a terminal, and no process that is really started."""
    started = []
    monkeypatch.delenv("TWH_NO_UPDATE_NOTICE")
    monkeypatch.setattr(notice, "is_terminal", lambda _: True)
    monkeypatch.setattr(notice.subprocess, "Popen", lambda command, **_: started.append(command))
    return started


def remember(**known):
    notice.file().parent.mkdir(parents=True, exist_ok=True)
    notice.file().write_text(json.dumps(known))


def test_what_is_remembered_is_told(twh, someone):
    remember(latest="99.0.0", asked_at=time.time())

    assert "twh 99.0.0 is out" in twh("config", "get").err
    assert someone == []


@pytest.mark.parametrize("latest", ["0.0.1", "0.1.0", "99.0.0rc1", "nonsense", "", None])
def test_what_is_no_newer_release_is_not(twh, someone, latest):
    remember(latest=latest, asked_at=time.time())

    assert twh("config", "get").err == ""


def test_it_is_looked_up_once_a_day_and_never_waited_for(twh, someone):
    twh("config", "get")
    twh("config", "get")

    assert [command[1:3] for command in someone] == [["-m", "twh_cli.newest"]]
    remember(latest="0.1.0", asked_at=time.time() - notice.DAY_SECONDS - 1)
    twh("config", "get")
    assert len(someone) == 2


@pytest.mark.parametrize("variable", ["CI", "TWH_NO_UPDATE_NOTICE"])
def test_it_is_silent_where_nobody_wants_it(twh, someone, monkeypatch, variable):
    monkeypatch.setenv(variable, "1")
    remember(latest="99.0.0", asked_at=0)

    assert twh("config", "get").err == ""
    assert someone == []


def test_it_is_silent_when_told_to_be_and_in_a_pipe(twh, someone, monkeypatch):
    remember(latest="99.0.0", asked_at=0)
    assert twh("config", "get", "--quiet").err == ""
    twh("config", "set", "update_notice", "off")
    someone.clear()
    assert twh("config", "get").err == ""
    twh("config", "set", "update_notice", "--unset")
    monkeypatch.setattr(notice, "is_terminal", lambda _: False)
    assert twh("config", "get").err == ""


def test_a_broken_memory_is_none(twh, someone):
    notice.file().parent.mkdir(parents=True)
    notice.file().write_text('{"asked_at": "yesterday"')

    assert twh("config", "get").err == ""
    assert len(someone) == 1


def test_an_index_is_asked_and_its_answer_remembered(tmp_path):
    with index(json.dumps({"info": {"version": "1.2.3"}}).encode()) as address:
        newest.ask(tmp_path / "newest.json", address)

    assert json.loads((tmp_path / "newest.json").read_text())["latest"] == "1.2.3"


@pytest.mark.parametrize("said", [b"<html>", b"{}", b"[]"])
def test_an_index_that_makes_no_sense_is_ignored(tmp_path, said):
    with index(said) as address:
        newest.ask(tmp_path / "newest.json", address)

    assert not (tmp_path / "newest.json").exists()


def test_an_index_that_cannot_be_reached_is_silence(tmp_path, capfd):
    newest.ask(tmp_path / "newest.json", "http://127.0.0.1:9/")

    assert capfd.readouterr() == ("", "")


@contextmanager
def index(said):
    """A package index on this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *_): ...

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.handle_request, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.server_close()
