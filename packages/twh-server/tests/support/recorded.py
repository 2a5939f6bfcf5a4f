"""Recordings of what older code sent to PostgreSQL, and a player that sends it again and compares the answers.

A recording is gzipped JSON Lines. The first line is about all: `revision`, the tenants with their keys, `logins` (role
and options of each kind of connection) and `statements` (each text once, with the types and formats of its parameters).
Each further line is a transaction, in the order of the commits: `as`, the number of its login, and `do`, its statements
as [number, parameters, answer]. `implicit` marks those that PostgreSQL itself put into a transaction. A parameter is
text, or {"b": bytes} in Latin-1. An answer is the command's tag, or [rows, digest of the rows in any order].
"""

import gzip
import hashlib
import json
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGresult

from twh_server.database.address import Address

# PostgreSQL draws the id of a delivery at random. Where a recording is made or played, it follows from what it is for.
REPEATABLE = """
create function repeatable() returns trigger
language plpgsql as $$
begin
    new.id = overlay(md5(new.endpoint_id::text || new.sequence) placing left(new.event_id::text, 8) from 1)::uuid;
    return new;
end
$$;
create trigger repeatable before insert on deliveries for each row execute function repeatable();
"""

FOLDER = Path(__file__).parents[1] / "database" / "recorded"
DIGEST_LENGTH = 12


@dataclass(frozen=True)
class Recording:
    """What the code of one revision sent, from an empty database on."""

    about: dict[str, Any]
    transactions: list[dict[str, Any]]

    @classmethod
    def of(cls, revision: str) -> Self:
        """The recording that was made of a revision's code."""
        with gzip.open(FOLDER / f"{revision}.jsonl.gz", "rt", encoding="utf-8") as file:
            about, *transactions = map(json.loads, file)
        return cls(about, transactions)


class Player:
    """Sends a recording again: as the same roles, over connections that stay open, with plans that are kept.

    The database is one of the test's own, just migrated.
    """

    def __init__(self, recording: Recording, address: Address) -> None:
        self._recording = recording
        self._open = ExitStack()
        with psycopg.connect(address.as_login(), autocommit=True) as superuser:
            superuser.execute(REPEATABLE)
        self._connections = [
            self._open.enter_context(psycopg.connect(self._login(address, login), autocommit=True))
            for login in recording.about["logins"]
        ]
        self._prepared: list[set[int]] = [set() for _ in self._connections]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def play(self, transactions: list[dict[str, Any]]) -> list[str]:
        """Send transactions; answers what was answered otherwise than it was recorded."""
        differences: list[str] = []
        for transaction in transactions:
            connection = self._connections[transaction["as"]]
            if transaction.get("implicit"):
                connection.execute("begin")
            for number, parameters, expected in transaction["do"]:
                answer = self._send(transaction["as"], number, parameters)
                if answer != expected:
                    text = self._recording.about["statements"][number]["sql"]
                    differences.append(f"{answer} instead of {expected}: {text.strip()}")
            if transaction.get("implicit"):
                connection.execute("commit")
        return differences

    def _send(self, login: int, number: int, parameters: list[Any]) -> Any:
        """The answer to one statement: prepared when it comes first, and never planned by name again."""
        statement = self._recording.about["statements"][number]
        pgconn, name = self._connections[login].pgconn, f"s{number}".encode()
        if number not in self._prepared[login]:
            prepared = pgconn.prepare(name, statement["sql"].encode(), statement["types"])
            if prepared.status != ExecStatus.COMMAND_OK:
                return _answer(prepared)
            self._prepared[login].add(number)
        values = [one["b"].encode("latin-1") if isinstance(one, dict) else one and one.encode() for one in parameters]
        values = [b"" if one == "" else value for one, value in zip(parameters, values, strict=True)]
        return _answer(pgconn.exec_prepared(name, values, statement["formats"]))

    @staticmethod
    def _login(address: Address, login: str) -> str:
        role, _, options = login.partition(" ")
        return make_conninfo(address.conninfo, user=role, options=options)


def _answer(result: PGresult) -> Any:
    if result.status == ExecStatus.COMMAND_OK:
        return (result.command_status or b"").decode()
    if result.status != ExecStatus.TUPLES_OK:
        return result.error_message.decode().strip()
    values = [[result.get_value(row, column) for column in range(result.nfields)] for row in range(result.ntuples)]
    rows = sorted(json.dumps([None if value is None else value.decode() for value in row]) for row in values)
    return [len(rows), hashlib.sha256("\n".join(rows).encode()).hexdigest()[:DIGEST_LENGTH]]
