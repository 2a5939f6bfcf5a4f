"""A profile's key in the system's keyring, which may be locked, missing, or hang on a machine without a screen.

The library `keyring` is loaded only when a profile says that its key is there. It is asked in a thread that nobody waits for
longer than three seconds: a hang ends with an error that says what to do instead.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from importlib import import_module
from typing import Any

from twh.errors.tree import ConfigError

SERVICE = "twh"
PATIENCE_SECONDS = 3.0
INSTEAD = "Set TWH_API_KEY instead, or keep the key in a file: twh login --in-file"


def read_key(profile: str) -> str | None:
    """The key that the keyring has for this profile, or None. Raises `ConfigError` when the keyring cannot be asked."""
    found = asked(lambda keyring: keyring.get_password(SERVICE, profile))
    return found if isinstance(found, str) else None


def write_key(profile: str, key: str) -> None:
    """Put the key there and see that it stays: there are keyrings that take everything and keep nothing."""

    def write(keyring: Any) -> bool:
        keyring.set_password(SERVICE, profile, key)
        return bool(keyring.get_password(SERVICE, profile) == key)

    if not asked(write):
        raise ConfigError("the keyring of this machine keeps nothing", code="keyring_failed", hint=INSTEAD)


def delete_key(profile: str) -> None:
    """Remove the key, if the keyring has it."""

    def delete(keyring: Any) -> None:
        if keyring.get_password(SERVICE, profile) is not None:
            keyring.delete_password(SERVICE, profile)

    asked(delete)


def name() -> str:
    """What kind of keyring this machine has."""

    def describe(keyring: Any) -> str:
        return str(keyring.get_keyring().name)

    return str(asked(describe))


def asked(question: Callable[[Any], object]) -> object:
    """What the keyring answers. Loading the library is a part of it: choosing a keyring already talks to the system."""
    answers: list[object] = []
    failures: list[BaseException] = []

    def ask() -> None:
        try:
            answers.append(question(import_module("keyring")))
        except BaseException as why:  # noqa: BLE001 - it is told below, in the caller's thread
            failures.append(why)

    asking = threading.Thread(target=ask, name="twh-keyring", daemon=True)
    asking.start()
    asking.join(PATIENCE_SECONDS)
    if failures:
        raise unusable(failures[0])
    if not answers:
        raise ConfigError(
            f"the keyring did not answer in {PATIENCE_SECONDS:.0f} seconds", code="keyring_timed_out", hint=INSTEAD
        )
    return answers[0]


def unusable(why: BaseException) -> ConfigError:
    if isinstance(why, ModuleNotFoundError):
        error = ConfigError(
            "the key is in the keyring, and the library `keyring` is not installed",
            code="keyring_missing",
            hint="pip install keyring, or set TWH_API_KEY.",
        )
    else:
        told = str(why).strip().partition("\n")[0] or type(why).__name__
        error = ConfigError(f"the keyring cannot be used: {told}", code="keyring_failed", hint=INSTEAD)
    error.__cause__ = why
    return error
