"""`twh listen` under load, with everything killed that can be: the listener, the target, the server. No event is missing.

Nor is one of a replay, in the middle of which the listener is killed.
"""

import itertools
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

import twh as sdk
from twh_cli.sandbox.place import Place

pytestmark = [pytest.mark.sandbox, pytest.mark.slow]

TWH = [sys.executable, "-m", "twh_cli"]
PATIENCE_SECONDS = 60.0
REPLAYED_EVENTS = 150


@pytest.fixture
def folder():
    """Root's PostgreSQL is another account's, which has to get into the folder."""
    path = Path(tempfile.mkdtemp(prefix="twh-listen-", dir="/var/tmp"))
    path.chmod(0o755 if os.geteuid() == 0 else 0o700)
    yield path
    subprocess.run([*TWH, "sandbox", "down"], env={**os.environ, "TWH_DATA_DIR": str(path)}, check=False)
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def sandbox(folder, monkeypatch):
    monkeypatch.setenv("TWH_DATA_DIR", str(folder))
    up()
    return Place(name="default", folder=folder / "default")


def up():
    subprocess.run([*TWH, "sandbox", "up"], check=True, capture_output=True)


class Load:
    """Entries recorded all the time, each once, whatever happens to the server."""

    def __init__(self):
        self.recorded = 0
        self.done = threading.Event()
        self.thread = threading.Thread(target=self.record, daemon=True)
        self.thread.start()

    def record(self):
        with sdk.Client(deadline=PATIENCE_SECONDS) as client:
            for number in itertools.count():
                if self.done.is_set():
                    return
                key = f"load-{number}"
                while True:
                    try:
                        client.movements.receive(
                            item="TSHIRT-M", location="MAIN", quantity=1, options={"idempotency_key": key}
                        )
                        break
                    except (sdk.ConnectionFailed, sdk.OutcomeUnknown):
                        time.sleep(0.05)
                self.recorded += 1

    def end(self):
        self.done.set()
        self.thread.join()


def wait_until(true):
    until = time.monotonic() + PATIENCE_SECONDS
    while not true():
        assert time.monotonic() < until, "it did not come about in time"
        time.sleep(0.02)


def test_whatever_is_killed_under_load_the_target_has_seen_every_event(sandbox, target, tmp_path):
    log = (tmp_path / "log").open("w+")
    words = [*TWH, "listen", "--forward-to", target.url]
    subprocess.run([*words, "--from", "start", "--count", "1"], check=True, capture_output=True)
    load = Load()

    for away in (None, "target", "server", None):
        listener = subprocess.Popen(words, stdout=log, stderr=log)
        twenty_more(target)
        if away == "target":
            target.stop()
            time.sleep(0.5)
            target.start(target.port)
        if away == "server":
            os.kill(sandbox.state().pid, signal.SIGKILL)
            up()
        twenty_more(target)
        listener.kill()
        listener.wait()
    listener = subprocess.Popen(words, stdout=log, stderr=log)
    seen_before = replayed(target)
    twenty_more(target)
    listener.kill()
    listener.wait()
    listener = subprocess.Popen(words, stdout=log, stderr=log)
    oldest = oldest_events()
    wait_until(lambda: all(target.ids.count(one) > seen_before[one] for one in oldest))
    load.end()
    sealed = sealed_events()
    wait_until(lambda: len(set(target.ids)) >= len(sealed))
    listener.send_signal(signal.SIGINT)

    assert listener.wait(timeout=10) == 130
    assert "To go on: twh listen --forward-to" in (tmp_path / "log").read_text().splitlines()[-2]
    assert load.recorded > 50
    assert set(target.ids) == sealed.keys()
    secret = subprocess.run([*words, "--print-secret"], check=True, capture_output=True, text=True).stdout.strip()
    for headers, body in target.arrived:
        assert body == sealed[headers["webhook-id"]]
        assert sdk.webhooks.verify(body, headers, secret=secret).id == headers["webhook-id"]


def replayed(target):
    """Let the oldest events be sent once more, in a sandbox that has no endpoint; answers how often which were seen before."""
    seen = Counter(target.ids)
    with sdk.Client() as client:
        client.webhooks.replay(which="all", first_sequence=1, last_sequence=REPLAYED_EVENTS)
    return seen


def twenty_more(target):
    enough = len(set(target.ids)) + 20
    wait_until(lambda: len(set(target.ids)) > enough)


def oldest_events():
    with sdk.Client() as client:
        return [event.id for event in client.events.list(page_size=REPLAYED_EVENTS).to_list(limit=REPLAYED_EVENTS)]


def sealed_events():
    """Every event of the tenant by its id, as its exact bytes."""
    with sdk.Client() as client:
        ids = [event.id for event in client.events.list()]
        return {event_id: client.with_raw.events.get(event_id).body for event_id in ids}
