"""What goes wrong around the program: disks without room, homes that are none, files too large, Ctrl-C half-way, news from later."""

import errno
import json
import os
import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from twh import models
from twh.testing import sample
from twh_cli import private

TWH = [sys.executable, "-m", "twh_cli"]
FULL = Path("/dev/full")


@pytest.fixture
def server(monkeypatch):
    """A server over real sockets: each deed answers one request; the last one goes on."""
    deeds, asked = [], []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            asked.append((self.headers.get("idempotency-key"), body))
            (deeds.pop(0) if len(deeds) > 1 else deeds[0])(self)

        do_GET = do_POST  # noqa: N815 - the name that the library gives it

        def log_message(self, *_):
            pass

    serving = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    serving.daemon_threads = True
    threading.Thread(target=serving.serve_forever, args=(0.02,), daemon=True).start()
    monkeypatch.setenv("TWH_API_KEY", "twh_test_1")
    monkeypatch.setenv("TWH_BASE_URL", f"http://127.0.0.1:{serving.server_port}")
    serving.deeds, serving.asked, serving.hung = deeds, asked, threading.Event()
    yield serving
    serving.hung.set()
    serving.shutdown()
    serving.server_close()


def answer(status, body, content_type="application/json"):
    text = body if isinstance(body, bytes) else json.dumps(body).encode()

    def deed(to):
        to.send_response(status)
        to.send_header("content-type", content_type)
        to.send_header("content-length", str(len(text)))
        to.end_headers()
        to.wfile.write(text)

    return deed


def entry():
    return answer(201, sample(models.Entry).model_dump(mode="json"))


def hangs(server):
    return lambda _: server.hung.wait(30)


def drops(to):
    to.connection.close()


def half(to):
    to.send_response(201)
    to.send_header("content-type", "application/json")
    to.send_header("content-length", "1000")
    to.end_headers()
    to.wfile.write(b'{"id": "ent_')
    to.close_connection = True


RECEIVE = ("receive", "TSHIRT-M", "1", "--at", "MAIN", "--timeout", "1.5")


@pytest.mark.parametrize("fault", ["late", "dropped", "half"])
def test_an_answer_that_is_lost_on_the_way_is_settled_by_what_the_hint_says(twh, server, fault):
    server.deeds[:] = [{"late": hangs(server), "dropped": drops, "half": half}[fault]]
    ran = twh(*RECEIVE, "--json")
    keys = {key for key, _ in server.asked}
    server.deeds[:] = [entry()]

    assert (ran.exit_code, ran.out) == (8, "")
    assert keys == {ran.error["idempotency_key"]}
    settled = twh(*ran.error["hint"].split("   ")[0].split()[1:])
    assert settled.exit_code == 0
    assert server.asked[-1] == server.asked[0]


def test_five_minutes_are_not_waited_for(twh, server):
    def later(to):
        to.send_response(429)
        to.send_header("retry-after", "300")
        to.send_header("content-length", "0")
        to.end_headers()

    server.deeds[:] = [later]

    assert twh("items", "list").exit_code == 6
    assert len(server.asked) == 1


def test_a_kind_of_event_and_a_value_of_later_are_shown_as_they_are(twh, server):
    told = {
        "id": "evt_1",
        "timestamp": "2026-01-05T08:30:00Z",
        "sequence": 1,
        "type": "moon.risen",
        "data": {"full": 1},
    }
    server.deeds[:] = [answer(200, {"data": [told], "next_after": 1, "head": 1})]

    assert twh("events", "list", "--json").json[0]["data"] == {"full": 1}
    assert "moon.risen" in twh("events", "tail", "--after", "0", "--no-follow", "-o", "table").out
    location = sample(models.Location, kind="moon base").model_dump(mode="json")
    server.deeds[:] = [answer(200, location)]
    assert "moon base" in twh("locations", "get", "MAIN", "-o", "table").out


@pytest.mark.skipif(not FULL.exists(), reason="no device here is always full")
@pytest.mark.parametrize("words", ["--help", "config get", "config get --output csv", "config get --output table"])
def test_a_full_disk_behind_stdout_is_said_in_one_sentence(words):
    with FULL.open("w") as full:
        env = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
        ran = subprocess.run(
            [*TWH, *words.split()], stdout=full, stderr=subprocess.PIPE, env=env, text=True, check=False
        )

    assert ran.returncode == 1
    assert "Exception ignored" not in ran.stderr
    assert "No space left on device" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_listen_ends_when_it_cannot_keep_its_place_and_says_that_nothing_is_lost(twh, server, without_room):
    tenant = {"id": "ten_1", "name": "Shop", "kind": "sandbox", "created_at": "2026-05-10T12:00:00Z"}
    whose = {"tenant": tenant, "key": {"id": "key_1", "name": "here", "scopes": []}}
    server.deeds[:] = [answer(200, whose), answer(200, {"data": [], "next_after": 0, "head": 0})]

    ran = without_room("listen", "--forward-to", "127.0.0.1:9")

    assert ran.returncode == 2
    assert "Nothing is lost" in ran.stderr


def test_a_full_disk_keeps_no_request_and_the_command_itself_settles_it(twh, server, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(private, "replace", full)
    server.deeds[:] = [drops]

    ran = twh(*RECEIVE, "--json")

    assert ran.exit_code == 8
    assert f"--idempotency-key {ran.error['idempotency_key']}" in ran.error["hint"]


@pytest.mark.parametrize("home", [None, "/proc/nobody", "{tmp}/at/all"], ids=["unset", "read-only", "missing"])
def test_with_any_home_a_command_does_what_it_is_asked(server, home, own_home, tmp_path):
    """/proc is a folder in which even root can make nothing."""
    server.deeds[:] = [answer(200, sample(models.Item, sku="TSHIRT-M").model_dump(mode="json"))]
    env = {name: value for name, value in os.environ.items() if not name.startswith("XDG_")}
    env.pop("HOME")

    ran = subprocess.run(
        [*TWH, "items", "get", "TSHIRT-M", "--json=sku"],
        env=env if home is None else {**env, "HOME": home.format(tmp=tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (ran.returncode, ran.stderr) == (0, "")
    assert json.loads(ran.stdout) == {"sku": "TSHIRT-M"}


MEGABYTES = 200
MEMORY_MAX = 400 * 1024 * 1024
MEMORY_OF_A_RUN = """
import resource, sys
from twh_cli.__main__ import main
code = main(sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, file=sys.stderr)
sys.exit(code)
"""


@pytest.mark.parametrize("way", ["file", "stdin"])
def test_a_file_that_no_request_may_have_is_refused_before_it_is_read_whole(server, tmp_path, way):
    """The file has holes: it takes no room, and reads as so many bytes."""
    path = tmp_path / "stock.csv"
    with path.open("wb") as file:
        file.write(b"sku,quantity\n")
        file.truncate(MEGABYTES * 1024 * 1024)

    with path.open() as stdin:
        ran = subprocess.run(
            [
                sys.executable,
                "-c",
                MEMORY_OF_A_RUN,
                "api",
                "POST",
                "items",
                "--input",
                str(path) if way == "file" else "-",
            ],
            stdin=stdin,
            capture_output=True,
            text=True,
            check=False,
        )

    *said, memory = ran.stderr.splitlines()
    assert ran.returncode == 2
    assert "more than the 67,108,864 bytes that a request may have" in said[0]
    assert int(memory) < MEMORY_MAX
    assert not server.asked


def test_a_body_that_this_server_does_not_take_is_refused_by_it(twh, server, tmp_path):
    server.deeds[:] = [
        answer(413, {"code": "body_too_large", "detail": "A body has at most 1,048,576 bytes.", "status": 413})
    ]
    path = tmp_path / "item.json"
    path.write_text(json.dumps({"name": "x" * 4_000_000}))

    ran = twh("api", "POST", "items", "--input", str(path), "--json")

    assert (ran.exit_code, ran.error["code"]) == (2, "body_too_large")


def test_ctrl_c_in_the_middle_of_a_file_says_what_was_recorded_and_how_to_go_on(server, tmp_path):
    def batch(to):
        keys = [entry["idempotency_key"] for entry in json.loads(server.asked[-1][1])["entries"]]
        rows = [{"status": 204, "idempotency_key": key, "replayed": False} for key in keys]
        counts = {"recorded": 0, "unchanged": len(rows), "refused": 0, "failed": 0, "replayed": 0}
        answer(200, {"results": rows, **counts})(to)

    server.deeds[:] = [batch, hangs(server)]
    path = tmp_path / "entries.jsonl"
    line = {"kind": "receipt", "lines": [{"item": "TSHIRT-M", "location": "MAIN", "quantity": "1"}]}
    path.write_text("".join(json.dumps({**line, "reference": f"PO-{number}"}) + "\n" for number in range(600)))

    running = subprocess.Popen(
        [*TWH, "movements", "record", str(path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    lines = [running.stdout.readline() for _ in range(500)]
    while len(server.asked) < 2:
        time.sleep(0.01)
    running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=30)

    assert {json.loads(one)["outcome"] for one in lines} == {"unchanged"}
    assert running.returncode == 130
    assert "Interrupted. This is recorded: 500 entries: 500 unchanged." in err
    assert f"To go on: twh movements record {path}" in err
