"""What was chosen once and for all with `twh config set`; options and the environment go before it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from twh.errors import ConfigError
from twh.profiles import config_file, read_profiles
from twh_cli.problems import WronglyTyped

FORMATS = ("table", "json", "jsonl", "csv")
SECONDS_MAX = 86_400


@dataclass(frozen=True)
class Preference:
    """Something that can be chosen: what it is where nothing was, what it means, and how a value is checked."""

    usual: str
    meaning: str
    check: Callable[[str], str]


def seconds(value: str, name: str) -> float:
    try:
        found = float(value.removesuffix("s"))
    except ValueError:
        raise WronglyTyped(f"{name} takes seconds, not {value!r}.") from None
    if not 0 < found <= SECONDS_MAX:
        raise WronglyTyped(f"{name} is more than 0 and at most a day of seconds, not {value}.")
    return found


def one_of(name: str, *values: str) -> Callable[[str], str]:
    def check(value: str) -> str:
        if value not in values:
            raise WronglyTyped(f"{name} is one of {', '.join(values)}, not {value!r}.")
        return value

    return check


PREFERENCES = {
    "output": Preference("table", "What a terminal gets: table, json, jsonl or csv", one_of("output", *FORMATS)),
    "timeout": Preference("60", "Seconds that a command may try", lambda value: f"{seconds(value, 'timeout'):g}"),
    "color": Preference("auto", "auto, or never", one_of("color", "auto", "never")),
    "update_notice": Preference(
        "on", "Whether a newer version is told: on, or off", one_of("update_notice", "on", "off")
    ),
}


def known(name: str) -> Preference:
    if name not in PREFERENCES:
        raise WronglyTyped(f"There is no setting {name!r}. There are: {', '.join(PREFERENCES)}.", hint="twh config get")
    return PREFERENCES[name]


def chosen() -> dict[str, str]:
    """What was chosen, as far as it can be read and makes sense: a broken file is told where a profile is asked of it."""
    path = config_file()
    try:
        kept: Mapping[str, Any] = read_profiles(path) if path else {}
    except ConfigError:
        return {}
    told: object = kept.get("settings")
    return sensible(cast("Mapping[str, object]", told)) if isinstance(told, Mapping) else {}


def sensible(told: Mapping[str, object]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, preference in PREFERENCES.items():
        try:
            if name in told:
                found[name] = preference.check(str(told[name]))
        except WronglyTyped:
            continue
    return found
