"""One statement over PostgreSQL's socket, without a driver: loading psycopg takes longer than starting the server.

For trusted local sockets only, and for text: it is how the launcher knows that the server answers.
"""

import socket
import struct
from pathlib import Path

PROTOCOL = 3 << 16
TIMEOUT_SECONDS = 30.0


class StatementRefused(Exception):
    """PostgreSQL answered with an error."""

    def __init__(self, sqlstate: str, message: str) -> None:
        super().__init__(f"{message} ({sqlstate})")
        self.sqlstate = sqlstate


def ask(socket_file: Path, statement: str, *, user: str, dbname: str) -> list[str | None]:
    """The first column of the answer. Raises OSError while nobody listens, StatementRefused when refused."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
        line.settimeout(TIMEOUT_SECONDS)
        line.connect(str(socket_file))
        _send(line, b"", struct.pack(">i", PROTOCOL) + f"user\0{user}\0database\0{dbname}\0\0".encode())
        _answer(line)
        _send(line, b"Q", statement.encode() + b"\0")
        column = _answer(line)
        _send(line, b"X", b"")
    return column


def _answer(line: socket.socket) -> list[str | None]:
    """Everything until the server is ready for the next statement."""
    column: list[str | None] = []
    while True:
        kind = _receive(line, 1)
        (length,) = struct.unpack(">i", _receive(line, 4))
        content = _receive(line, length - 4)
        if kind == b"E":
            raise _refusal(content)
        if kind == b"R" and content != bytes(4):
            raise StatementRefused("28000", "the local socket asks for a password")
        if kind == b"D":
            column.append(_first_column(content))
        if kind == b"Z":
            return column


def _first_column(row: bytes) -> str | None:
    (length,) = struct.unpack_from(">i", row, 2)
    return None if length < 0 else row[6 : 6 + length].decode()


def _refusal(content: bytes) -> StatementRefused:
    fields = {chr(field[0]): field[1:].decode(errors="replace") for field in content.split(b"\0") if field}
    return StatementRefused(fields.get("C", "XX000"), fields.get("M", "no reason given"))


def _send(line: socket.socket, kind: bytes, content: bytes) -> None:
    line.sendall(kind + struct.pack(">i", len(content) + 4) + content)


def _receive(line: socket.socket, size: int) -> bytes:
    received = b""
    while len(received) < size:
        part = line.recv(size - len(received))
        if not part:
            raise ConnectionResetError("the server hung up")
        received += part
    return received
