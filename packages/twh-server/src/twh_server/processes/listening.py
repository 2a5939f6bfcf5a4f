"""Listening: a socket that is ours alone, or the sentence that says why it cannot be had.

The socket is bound once, before anything else starts, and without SO_REUSEPORT: with it, two servers that were started
on one port by mistake would share the callers between them.
"""

import errno
import socket
import sys

BACKLOG = 1024
UNREAD_SECONDS_MAX = 60
"""For so long a caller may leave an answer unread, or be gone without a word, before its connection is given up."""


class CannotStart(Exception):
    """Something is missing; the message says what, and what to do about it."""


class PortTaken(CannotStart):
    """The port is in use by another program."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(f"Port {port} on {host} is in use. Stop what uses it, or choose another with --port.")


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one. Raises PortTaken or CannotStart."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as fault:
        raise CannotStart(f"{host} is no address to listen on: {fault.strerror}. Choose another with --host.") from None
    family, kind, protocol, _, address = found[0]
    listening = socket.socket(family, kind, protocol)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    _give_up_who_does_not_read(listening)
    try:
        listening.bind(address)
        listening.listen(BACKLOG)
    except PermissionError:
        listening.close()
        raise CannotStart(f"Port {port} needs rights that this user lacks. Choose one above 1023.") from None
    except OSError as fault:
        listening.close()
        if fault.errno == errno.EADDRINUSE:
            raise PortTaken(host, port) from None
        message = f"{host} port {port} cannot be listened on: {fault.strerror}. Choose another address with --host."
        raise CannotStart(message) from None
    return listening


def _give_up_who_does_not_read(listening: socket.socket) -> None:
    """Every connection that is accepted here inherits it. Where the kernel knows no such limit, it stays the kernel's."""
    if sys.platform == "linux":
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNREAD_SECONDS_MAX * 1_000)


def say(what: str) -> None:
    """Tell whoever started this process; it is no log line."""
    sys.stderr.write(f"twh-server: {what}\n")
    sys.stderr.flush()


def url_of(listening: socket.socket) -> str:
    """The address at which a socket is reached, as a URL."""
    host, port = listening.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{port}"
