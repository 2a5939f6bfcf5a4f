"""The settings in force, as `twh-server settings` shows them: name, value and where it comes from, no secret among them."""

import json
import re
import sys
from collections.abc import Mapping
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict
from pydantic import SecretStr

from twh_server.access.sealing import key_of, name_of
from twh_server.processes.listening import say
from twh_server.processes.starting import keys_in
from twh_server.settings import Settings, is_secret, origins, strangers, variable_of

# What may be shown of a database's address; the rest of it may be a password.
_SHOWN = ("host", "hostaddr", "port", "dbname", "user", "sslmode")

# A URL without who uses it and what is asked of it. One that is written in any other way is not shown at all.
_HOST = r"([\w.-]+|\[[\da-f:.]+\])(:\d+)?"
_URL = re.compile(rf"(?P<scheme>[a-z+]+://)([^@/?#]*@)?(?P<place>({_HOST}(,{_HOST})*)?(/[\w./-]*)?)(\?[^@#]*)?")


def show(settings: Settings, given: Mapping[str, Any], *, as_json: bool) -> None:
    """Print the settings: a table for people, JSON for programs. What looks like a misspelt setting is told on stderr."""
    rows = effective(settings, given)
    if as_json:
        sys.stdout.write(json.dumps({"settings": rows, "unknown": strangers()}, indent=2) + "\n")
        return
    names, values = max(len(row["name"]) for row in rows), max(len(str(row["value"])) for row in rows)
    for row in rows:
        sys.stdout.write(f"{row['name']:{names}}  {row['value']!s:{values}}  {row['source']}\n")
    for name in strangers():
        say(f"{name} is no setting, and is not read.")


def effective(settings: Settings, given: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Each setting as {"name", "value", "source"}, in the order of the reference."""
    sources = origins(given)
    return [
        {"name": variable_of(name), "value": _value(settings, name), "source": sources[name]}
        for name in Settings.model_fields
    ]


def _value(settings: Settings, name: str) -> Any:
    value = getattr(settings, name)
    if isinstance(value, SecretStr):
        assert is_secret(name)
        text = value.get_secret_value()
        return _hidden(name, text) if text else "not set"
    if isinstance(value, float):
        return int(value) if value.is_integer() else value
    return value if isinstance(value, int | str) else "not set" if value is None else str(value)


def _hidden(name: str, text: str) -> str:
    """What may be told of a secret: where it leads, or the name by which sealed things call their key."""
    if name == "database_url":
        return f"set: {_database(text)}"
    if name.startswith("secrets_key"):
        return f"set: {', '.join(map(fingerprint, keys_in(text)))}"
    found = [parts for url in text.split() if (parts := _URL.fullmatch(url))]
    told = " ".join(f"{parts['scheme']}{parts['place']}" for parts in found)
    return f"set: {told}" if len(found) == len(text.split()) else "set"


def fingerprint(text: str) -> str:
    """The name of a key that is spelt in base64, in hexadecimal: it tells keys apart and opens nothing."""
    try:
        return name_of(key_of(text)).hex()
    except ValueError:
        return "no key"


def _database(text: str) -> str:
    try:
        parts = conninfo_to_dict(text)
    except psycopg.ProgrammingError:
        return "no address"
    return " ".join(f"{part}={parts[part]}" for part in _SHOWN if part in parts)
