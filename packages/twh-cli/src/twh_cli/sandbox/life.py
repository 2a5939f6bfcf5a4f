"""A sandbox's life: up, reset, down, purge; each leaves the profiles such that the next command just works."""

from __future__ import annotations

import json
import os
import shutil
from contextlib import AbstractContextManager
from urllib.parse import urlsplit

import twh
from twh_cli import __version__, private, profiles
from twh_cli.completing import remembering
from twh_cli.problems import FileUnusable, SandboxNotRunning
from twh_cli.sandbox import process
from twh_cli.sandbox.place import Place, State
from twh_cli.sandbox.turns import turn
from twh_cli.session import session
from twh_cli.terminal import patience


def up(where: Place, port: int | None = None) -> tuple[State, bool]:
    """The running sandbox, and whether it was started just now. Two at the same moment start one."""
    where.make()
    with turn(where.lock_file):
        state = process.running(where)
        if state and process.answers(state):
            return state, False
        if state:  # it hangs: whoever asks for a sandbox wants one that answers
            process.stop(where, state)
        with waiting("Starting the sandbox"):
            return process.start(where, port), True


def tell(where: Place, state: State, *, started: bool, port: int | None = None) -> None:
    """Keep the profile, and say how to go on."""
    say = session().say
    say(f"The sandbox {'is up' if started else 'is already running'} at {state.address}", "green")
    say(f"  tenant   {state.tenant_name} ({state.tenant_id}), with a shop's stock in it")
    say(f"  stop it  twh sandbox down{where.option}")
    if port is not None and urlsplit(state.address).port != port:
        say(f"  It keeps its port. For {port}: twh sandbox down{where.option}, then up again.", "yellow")
    if state.version and state.version != __version__:
        say(f"  It runs version {state.version}, this is {__version__}: stop and start it to renew it.", "yellow")
    remember(where, state)


def remember(where: Place, state: State) -> None:
    """Write the profile, and say when something else goes before it."""
    say = session().say
    try:
        active = profiles.keep(where.profile, base_url=state.address, api_key=state.api_key)
    except FileUnusable as why:
        say(f'  {why.message} Use it like this: eval "$(twh sandbox env{where.option})"', "yellow")
        return
    overruling = [name for name in ("TWH_API_KEY", "TWH_BASE_URL") if os.environ.get(name)]
    if overruling:
        say(f"  {' and '.join(overruling)} in your environment go before it: unset them to use it.", "yellow")
    elif not active:
        say(f"  Another profile is active. To use this one: --profile {where.profile}", "yellow")


def needed(where: Place) -> State:
    """The running sandbox, or the error that says how to start it."""
    state = process.running(where)
    if state is None:
        raise not_running(where)
    return state


def not_running(where: Place) -> SandboxNotRunning:
    known = where.folder.exists()
    what = f"The sandbox in {where.folder} is not running." if known else "There is no sandbox yet."
    return SandboxNotRunning(what, hint=f"twh sandbox up{where.option}")


def reset(where: Place, state: State) -> State:
    """A fresh tenant in the same sandbox. It asks the sandbox's own address with the sandbox's own key, and no other."""
    with turn(where.lock_file), twh.Client(state.admin_key, base_url=state.address) as client:
        made = client.sandboxes.create()
        told = {"id": made.tenant.id, "name": made.tenant.name, "api_key": made.key.secret}
        private.replace(where.tenant_file, json.dumps(told))
    fresh = needed(where)
    remembering.forget(where.profile)
    remember(where, fresh)
    return fresh


def down(where: Place) -> bool:
    """Stop it; answers whether there was something to stop."""
    if not where.folder.exists():
        return False
    with turn(where.lock_file):
        state = process.running(where)
        if state is None:
            where.state_file.unlink(missing_ok=True)
            return False
        with waiting("Stopping the sandbox"):
            process.stop(where, state)
        return True


def purge(where: Place) -> None:
    try:
        if where.folder.exists():
            shutil.rmtree(where.folder)
    except OSError as why:
        raise FileUnusable(f"{where.folder} cannot be deleted: {why.strerror or why}.") from None
    profiles.forget(where.profile)
    remembering.forget(where.profile)


def waiting(what: str) -> AbstractContextManager[None]:
    return patience(what, colour=session().colour, quiet=session().choices.quiet)
