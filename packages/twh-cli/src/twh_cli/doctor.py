"""What can be wrong with this machine's TWH, one check a fact: ok, warn or fail, what was found, and what to do about it."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from importlib import metadata
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from twh import Call, ConfigError, TwhError, keyrings
from twh.models import Whose
from twh.profiles import config_file
from twh_cli import __version__, careful, private, profiles
from twh_cli.careful import CarefulClient
from twh_cli.completing import scripts
from twh_cli.problems import Explained
from twh_cli.sandbox import place, process
from twh_cli.session import session

PYTHON_LEAST = (3, 11)
CLOCK_SECONDS_OK = 30
ASK_SECONDS = 10.0
PROXIES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "https_proxy", "http_proxy", "all_proxy")


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What a check came to."""

    state: str
    what: str
    found: str
    to_do: str | None = None

    def told(self) -> dict[str, Any]:
        return {"state": self.state, "what": self.what, "found": self.found, "to_do": self.to_do}


def ok(what: str, found: str) -> Finding:
    return Finding(state="ok", what=what, found=found)


def warn(what: str, found: str, to_do: str) -> Finding:
    return Finding(state="warn", what=what, found=found, to_do=to_do)


def fail(what: str, found: str, to_do: str) -> Finding:
    return Finding(state="fail", what=what, found=found, to_do=to_do)


def examined(*, fix: bool) -> Iterator[Finding]:
    """Every check's findings, in the order in which a person would look."""
    checks: tuple[Callable[[], Iterator[Finding]], ...] = (
        python,
        versions,
        lambda: configuration(fix=fix),
        keyring,
        proxies,
        connection,
        lambda: sandboxes(fix=fix),
        completion,
    )
    for check in checks:
        yield from check()


def python() -> Iterator[Finding]:
    present = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] < PYTHON_LEAST:
        yield fail("python", present, "Install Python 3.11 or newer, and twh-cli with it.")
    else:
        yield ok("python", f"{present} at {sys.executable}")


def versions() -> Iterator[Finding]:
    """The three packages are released together."""
    known = {"twh-cli": __version__, **{name: installed(name) for name in ("twh-sdk", "twh-server")}}
    found = ", ".join(f"{name} {version}" for name, version in known.items() if version)
    if len({version for version in known.values() if version}) > 1:
        yield fail("versions", found, f'pip install --upgrade "twh-cli[sandbox]=={__version__}"')
    else:
        yield ok("versions", found)


def installed(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def configuration(*, fix: bool) -> Iterator[Finding]:
    path = config_file()
    if path is None:
        yield warn("config", "this user has no home folder", "Set HOME, or TWH_API_KEY and TWH_BASE_URL.")
        return
    if not path.exists():
        yield ok("config", f"{path} does not exist yet")
        return
    try:
        known = profiles.listed()
    except ConfigError as why:
        yield fail("config", why.message, why.hint or "Mend the file.")
    else:
        active = next((one["name"] for one in known if one["active"]), None)
        yield ok("config", f"{path}: {len(known)} profiles, {f'{active} is active' if active else 'none is active'}")
    if not private.open_to_others(path):
        yield ok("permissions", "only you can read it")
    elif fix and private.close_to_others(path):
        yield ok("permissions", "others could read or write it; mended: only you can")
    else:
        yield fail("permissions", f"others can read or write {path}", f"twh doctor --fix, or chmod 600 {path}")


def keyring() -> Iterator[Finding]:
    needed = any(one["key_in"] == "keyring" for one in listed_or_none())
    try:
        kind = keyrings.name()
    except ConfigError as why:
        state = fail if needed else warn
        yield state("keyring", why.message, why.hint or keyrings.INSTEAD)
        return
    if kind.startswith(("fail", "null")):
        state = fail if needed else warn
        yield state(
            "keyring", "this machine has none; keys are kept in a file that only you can read", keyrings.INSTEAD
        )
    else:
        yield ok("keyring", kind)


def listed_or_none() -> list[dict[str, Any]]:
    try:
        return profiles.listed()
    except ConfigError:
        return []


def proxies() -> Iterator[Finding]:
    told = [name for name in PROXIES if os.environ.get(name)]
    if told:
        where = ", ".join(f"{name} {urlsplit(os.environ[name]).hostname or '?'}" for name in told)
        yield warn("proxies", f"{where}; not used for this machine itself", "Unset them if the server is near.")
    else:
        yield ok("proxies", "none")


def connection() -> Iterator[Finding]:
    """The key and the address: whether they are there, who answers, and by which clock."""
    run = session()
    try:
        to = run.to
        yield ok("key", f"from the {run.key_source}{f', profile {run.profile_used}' if run.profile_used else ''}")
        run.knock(to)
        asking = CarefulClient(to, run.choices, run.words, None, deadline=run.choices.timeout or ASK_SECONDS)
        with asking as client:
            answer = client.exchange(Call(method="GET", path="/v1/tenant", returns=Whose), "tenant.get")
    except Explained as why:
        yield fail("server", why.message, why.hint or "twh sandbox up")
        return
    except TwhError as why:
        what = "key" if isinstance(why, ConfigError) else "server"
        yield fail(
            what, why.message or type(why).__name__, "twh sandbox up, or twh login" if what == "key" else why.hint or ""
        )
        return
    whose = answer.value
    yield ok("server", f"{to.base_url} answered in {answer.elapsed * 1000:.0f} ms")
    yield ok("tenant", f"{whose.tenant.name} ({whose.tenant.kind}); the key may {', '.join(whose.key.scopes)}")
    if careful.is_live(to.api_key) != (whose.tenant.kind == "live"):
        yield fail(
            "kind", f"the key does not look like one of a {whose.tenant.kind} tenant", "twh login with another key"
        )
    yield clock(answer.headers.get("date"))


def clock(date: str | None) -> Finding:
    """A server bounds when things may have happened, by its own clock."""
    try:
        there = parsedate_to_datetime(date or "")
    except ValueError:
        return warn("clock", "the server tells no time", "Look whether a proxy stands between.")
    seconds = (datetime.now(UTC) - there.astimezone(UTC)).total_seconds()
    if abs(seconds) > CLOCK_SECONDS_OK:
        ahead = "ahead of" if seconds > 0 else "behind"
        return warn(
            "clock", f"{abs(seconds):.0f} s {ahead} the server's", "Set this machine's clock by the network (NTP)."
        )
    return ok("clock", "agrees with the server's")


def sandboxes(*, fix: bool) -> Iterator[Finding]:
    """Sandboxes that say that they run and do not, or run and do not answer."""
    root = os.environ.get("TWH_DATA_DIR")
    known = place.places(Path(root) if root else None)
    if not known:
        yield ok("sandboxes", "none")
    for where in known:
        what, state, running = f"sandbox {where.name}", where.state(), process.running(where)
        if running and process.answers(running):
            yield ok(what, f"runs at {running.address}, process {running.pid}")
        elif running:
            yield fail(
                what,
                f"process {running.pid} runs and does not answer at {running.address}",
                f"twh sandbox up{where.option}",
            )
        elif state and fix:
            where.state_file.unlink(missing_ok=True)
            yield ok(what, f"process {state.pid} was gone; what it left is cleared away")
        elif state:
            yield warn(
                what,
                f"it says that it runs, and process {state.pid} is gone",
                f"twh doctor --fix, or twh sandbox up{where.option}",
            )
        else:
            yield ok(what, "stopped; its data stay")


def completion() -> Iterator[Finding]:
    shell = Path(os.environ.get("SHELL", "")).name
    if shell not in scripts.SHELLS:
        yield ok("completion", f"not for {shell or 'an unknown shell'}: there is one for {', '.join(scripts.SHELLS)}")
    elif scripts.is_installed(shell):
        yield ok("completion", f"installed for {shell}")
    else:
        yield warn("completion", f"not installed for {shell}", scripts.how_to_install(shell))
    if shutil.which("twh") is None:
        yield warn(
            "command",
            "twh is not on PATH, so no shell finds it by its name",
            f"Put {Path(sys.executable).parent} on PATH.",
        )
