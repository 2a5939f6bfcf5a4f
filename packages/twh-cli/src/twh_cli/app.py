"""From words to a command: finds it in the registry, imports its module, lets typer read its options, and runs it.

Whatever goes wrong on the way ends as four lines on stderr and an exit code.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable
from difflib import get_close_matches
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand

from twh_cli import filtering, notice, output, problems, registry, rehearsal
from twh_cli.careful import Rehearsed
from twh_cli.choices import Choices, from_environment, taken_out
from twh_cli.exit_codes import INTERRUPTED, OK
from twh_cli.problems import WronglyTyped
from twh_cli.readings import with_minus_signs
from twh_cli.session import Held, Session, open_session, session
from twh_cli.terminal import leave_unwritten, takes_colour

# Types in help as people call them, padded to what stood there, so that columns stay columns.
PLAIN_WORDS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...] = (
    (re.compile(r"^(  [A-Z]+)( <[^>]+>)", re.MULTILINE), lambda found: found[1] + " " * len(found[2])),
    (re.compile(r"<(?:list\[)?str\]?>"), lambda found: "TEXT".ljust(len(found[0]))),
    (re.compile(r"<([a-z]+(?:\|[a-z]+)+)>"), lambda found: found[1] + "  "),
    (re.compile(r"<int(?: range)?>"), lambda found: "N".ljust(len(found[0]))),
    (re.compile(r"\{([A-Z]+)\}"), lambda found: found[1]),
    (re.compile(r"  \[x[<>=]+\d+\]|; x[<>=]+\d+|; \d+<=x<=\d+|  \[\d+<=x<=\d+\]"), lambda _: ""),
)
EPILOG = "Options for every command (--json, --output, --yes …): twh --help"


def run(words: list[str]) -> int:
    """One command line, from its words to its exit code."""
    choices = Choices()
    try:
        choices = from_environment()
        choices, rest = taken_out(words, choices)
        open_session(choices, words)
        command, arguments = find(rest)
        allowed(command, choices)
        return finished(performed(command, arguments))
    except Rehearsed as instead:
        rehearsal.show(instead.request)
        return OK
    except BrokenPipeError:
        return nobody_reads()
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the one place where every error becomes an exit code
        return explained(error, words, choices)
    finally:
        if Held.session:
            Held.session.close()


def finished(exit_code: int) -> int:
    """What comes after a command: what was seen is remembered for completion, and a newer version is told."""
    sys.stdout.flush()
    output.remember_names()
    notice.told_of_newer(session())
    return exit_code


def allowed(command: registry.Command, choices: Choices) -> None:
    """Refuse, before anything is done, what goes together with no command or not with this one."""
    if choices.jq is not None:
        if choices.output in {"table", "csv"}:
            raise WronglyTyped("--jq makes JSON: it does not go with --output table or csv.")
        filtering.check(choices.jq)
    if choices.dry_run and command.local:
        raise WronglyTyped(
            f"--dry-run shows what would be sent to the API, and `twh {command.path}` changes this machine."
        )


def explained(error: BaseException, words: list[str], choices: Choices) -> int:
    if choices.debug:
        problems.trace(error)
    problem = problems.understood(error, words, docs_of(Held.session))
    # Words that could not be read have told no choices; a wish for JSON is honoured all the same.
    as_json = choices.json or choices.output in {"json", "jsonl"} or any(word.startswith("--json") for word in words)
    problems.tell(problem, as_json=as_json, colour=takes_colour(sys.stderr, no_color=choices.no_color))
    if isinstance(error, OSError):
        leave_unwritten()
    return problem.exit_code


def docs_of(session: Session | None) -> str | None:
    """Where the server that was asked explains its problem codes."""
    return f"{session.to.base_url}/docs/problems" if session and "to" in session.__dict__ else None


def nobody_reads() -> int:
    """`twh … | head` has read enough: that is no error."""
    leave_unwritten()
    return OK


def performed(command: registry.Command, arguments: list[str]) -> int:
    if command.module == "verbs":
        arguments = with_minus_signs(arguments)
    try:
        answer: object = program(command)(arguments, prog_name=f"twh {command.path}", standalone_mode=False)
    except SystemExit as ended:  # click makes an exit with 1 of a reader that went away
        if isinstance(ended.__context__, BrokenPipeError):
            raise ended.__context__ from None
        raise
    if answer == INTERRUPTED:  # typer makes a number of Ctrl-C
        client = session().__dict__.get("client")
        raise KeyboardInterrupt(client.interrupted if client else None)
    sys.stdout.flush()
    return answer if isinstance(answer, int) else OK


def program(command: registry.Command) -> Callable[..., object]:
    """The command as typer makes it, alone: its neighbours are not built."""
    alone = new_app()
    alone.registered_commands = [
        one for one in module_app(command.module).registered_commands if one.name == command.words[-1]
    ]
    if not alone.registered_commands:
        raise LookupError(f"twh_cli.commands.{command.module} has no command {command.words[-1]!r}")
    alone.registered_commands[0].help = helped(command, alone.registered_commands[0].callback)
    alone.registered_commands[0].epilog = EPILOG
    alone.registered_commands[0].cls = PlainlyHelped
    return typer.main.get_command(alone)


class PlainlyHelped(TyperCommand):
    """A command whose help speaks of texts and numbers, not of Python's types."""

    def get_help(self, ctx: Any) -> str:  # typer keeps the class of a context to itself
        text = super().get_help(ctx)
        for pattern, words in PLAIN_WORDS:
            text = pattern.sub(words, text)
        return text


def helped(command: registry.Command, function: Callable[..., object] | None) -> str:
    """The registry's line, and then what the function's docstring adds."""
    more = inspect.getdoc(function) if function else None
    return f"{command.help}.\n\n{more}" if more else f"{command.help}."


def module_app(module: str) -> typer.Typer:
    """What `twh_cli.commands.<module>` defines."""
    app = import_module(f"twh_cli.commands.{module}").app
    assert isinstance(app, typer.Typer)
    return app


def new_app() -> typer.Typer:
    """A typer without its own help markup, error boxes and completion: help is plain, errors are ours."""
    return typer.Typer(
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        add_completion=False,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )


def find(words: list[str]) -> tuple[registry.Command, list[str]]:
    """The command that the words begin with, and the words that are left for it."""
    if words[:1] == ["help"] and len(words) > 1 and not words[1].startswith("-"):
        words = [*words[1:], "--help"]
    for length in (2, 1):
        path = " ".join(words[:length])
        for command in registry.COMMANDS:
            if command.path == path and len(command.words) == length:
                return command, words[length:]
    raise WronglyTyped(*unknown(words))


def unknown(words: list[str]) -> tuple[str]:
    noun = words[0] if words else ""
    if not noun or noun.startswith("-"):
        return (f"There is no command{f' before {noun}' if noun else ''}. `twh --help` lists them.",)
    tried = " ".join(words[:2]) if noun in registry.GROUPS else noun
    known = [command.path for command in registry.COMMANDS] + list(registry.GROUPS)
    near = get_close_matches(tried, known, n=1)
    means = (
        f" Did you mean `twh {near[0]}`?"
        if near
        else f" `twh{f' {noun}' if noun in registry.GROUPS else ''} --help` lists them."
    )
    return (f"There is no command `twh {tried}`.{means}",)
