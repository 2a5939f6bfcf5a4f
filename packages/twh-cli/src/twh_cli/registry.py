"""Every command in one static table, so that help and version answer at once: without typer, without rich, without the SDK.

A command's module is imported when the command is run. A test compares this table with what the modules define.
"""

import sys

from twh_cli import __version__
from twh_cli.colour import takes_colour
from twh_cli.completing import scripts
from twh_cli.exit_codes import MEANINGS

INDENT = 20


class Command:
    """One command: the words that call it, the line that explains it, the module in `twh_cli.commands` that has it.

    A `local` one changes this machine, and not what a server has: there is no request of it that could be shown instead.
    """

    __slots__ = ("help", "local", "module", "path")

    def __init__(self, path: str, help: str, module: str, *, local: bool = False) -> None:  # noqa: A002 - the word that a reader looks for
        self.path = path
        self.help = help
        self.module = module
        self.local = local

    @property
    def words(self) -> list[str]:
        return self.path.split()


COMMANDS = (
    Command("quickstart", "Move stock in a sandbox until a signed webhook has arrived", "quickstart", local=True),
    Command("sandbox up", "Start the sandbox, or say where it runs", "sandbox", local=True),
    Command("sandbox status", "Whether it runs, where, and whether it answers", "sandbox"),
    Command("sandbox env", "Print `export` lines with its address and key", "sandbox"),
    Command("sandbox logs", "Show what its server wrote", "sandbox"),
    Command("sandbox reset", "Begin again with a fresh, seeded tenant", "sandbox", local=True),
    Command("sandbox down", "Stop it; its data stay", "sandbox", local=True),
    Command("sandbox list", "All sandboxes on this machine", "sandbox"),
    Command("login", "Keep a key, after asking the server whose it is", "login", local=True),
    Command("logout", "Forget the key of a profile", "login", local=True),
    Command("profile list", "The addresses and keys that have a name", "profile"),
    Command("profile use", "Choose the profile that commands and programs use", "profile", local=True),
    Command("profile remove", "Forget a profile and its key", "profile", local=True),
    Command("config get", "What is chosen once and for all", "config"),
    Command("config set", "Choose something once and for all", "config", local=True),
    Command("config path", "Where profiles and settings are kept", "config"),
    Command("doctor", "Look whether all is well here, and say what to do", "doctor", local=True),
    Command("receive", "Goods came in", "verbs"),
    Command("issue", "Goods went out", "verbs"),
    Command("return", "Goods came back", "verbs"),
    Command("adjust", "Stock is more or less than the ledger says, for a reason", "verbs"),
    Command("transfer", "Goods moved from one location to another", "verbs"),
    Command("count", "Stock was counted; the ledger works out the difference", "verbs"),
    Command("reverse", "Answer an entry with its mirror image, once", "verbs"),
    Command("stock list", "How much there is, of what, where", "stock"),
    Command("stock get", "How much there is of one item at one location", "stock"),
    Command("stock totals", "How much there is of each item in total", "stock"),
    Command("movements list", "Movements, the newest first", "movements"),
    Command("movements get", "One movement", "movements"),
    Command("movements record", "Record a file: one entry a line, as JSON", "movements"),
    Command("entries list", "What happened, the newest first", "entries"),
    Command("entries get", "One entry with its movements", "entries"),
    Command("items list", "What is stocked", "items"),
    Command("items get", "One item", "items"),
    Command("items create", "Create an item", "items"),
    Command("items put", "Create an item or replace it", "items"),
    Command("items import", "Create or replace the items of a file, as JSON lines", "items"),
    Command("items update", "Change an item", "items"),
    Command("items archive", "Take an item without stock out of use", "items"),
    Command("items restore", "Take an archived item back into use", "items"),
    Command("locations list", "Where stock is", "locations"),
    Command("locations get", "One location", "locations"),
    Command("locations create", "Create a location", "locations"),
    Command("locations put", "Create a location or replace it", "locations"),
    Command("locations update", "Change a location", "locations"),
    Command("locations archive", "Take a location without stock out of use", "locations"),
    Command("locations restore", "Take an archived location back into use", "locations"),
    Command("events list", "The feed of everything that happened", "events"),
    Command("events get", "One event, with all that it tells", "events"),
    Command("events types", "Every kind of event; of one, its schema and an example", "events"),
    Command("events tail", "Watch events as they happen", "events"),
    Command("checkpoints list", "Where consumers of the feed stand", "checkpoints"),
    Command("checkpoints get", "Where one stands, and how far it is behind", "checkpoints"),
    Command("checkpoints set", "Keep a place in the feed under a name", "checkpoints"),
    Command("checkpoints delete", "Forget a place", "checkpoints"),
    Command("listen", "Forward events to a web server here, signed; nothing is missed", "listen"),
    Command("trigger", "Make an event really happen, in a sandbox", "trigger"),
    Command("webhooks create", "Have events sent to an address", "webhooks"),
    Command("webhooks list", "The addresses that events are sent to", "webhooks"),
    Command("webhooks get", "One endpoint", "webhooks"),
    Command("webhooks health", "Since when an endpoint fails, and what waits for it", "webhooks"),
    Command("webhooks update", "Change an endpoint, or switch it on or off", "webhooks"),
    Command("webhooks delete", "Send nothing there any more", "webhooks"),
    Command("webhooks deliveries", "What was or is to be delivered", "webhooks"),
    Command("webhooks attempts", "What each try to deliver came to", "webhooks"),
    Command("webhooks retry", "Make a delivery once more", "replays"),
    Command("webhooks replay", "Make deliveries once more: what was given up, or a part of the feed", "replays"),
    Command("webhooks rotate-secret", "Give an endpoint another secret; for a while both sign", "webhooks"),
    Command("webhooks test", "Send an endpoint an event, and see what came of it", "trigger"),
    Command("webhooks verify", "Whether a captured request was signed by who has the secret", "received"),
    Command("webhooks receive", "A web server here that verifies what arrives, and prints it", "received"),
    Command("replays list", "Deliveries that are made once more", "replays"),
    Command("replays get", "One replay, and how far it is", "replays"),
    Command("replays cancel", "Queue nothing more of a replay", "replays"),
    Command("replays resume", "Go on with a replay where it was cancelled", "replays"),
    Command("replays wait", "Wait until a replay is finished", "replays"),
    Command("keys list", "Who may act for the tenant", "keys"),
    Command("keys get", "One key, without its secret", "keys"),
    Command("keys create", "Make a key; its secret is shown once", "keys"),
    Command("keys rotate", "Put a new key in the place of one that goes on for a while", "keys"),
    Command("keys revoke", "End a key, for good", "keys"),
    Command("ledger verify", "Check that everything follows from what went before", "ledger"),
    Command("ledger digest", "The newest block, to be kept elsewhere", "ledger"),
    Command("ledger tail", "Watch the blocks that seal what is recorded", "ledger"),
    Command("settings get", "What the tenant has chosen for itself", "settings"),
    Command("settings set", "Choose one of them", "settings"),
    Command("audit list", "Who changed what, the newest first", "audit"),
    Command("retry", "Settle a change whose answer was lost", "retry"),
    Command("api", "Ask the API by method and path", "api"),
    Command("whoami", "Which tenant, which key, and where the key comes from", "about"),
    Command("version", "The versions of what is installed", "about"),
    Command("commands", "This table, for programs: `twh commands --json`", "about"),
    Command("completion", "The script that completes words: bash, zsh or fish", "about"),
    Command("help", "Help on a command, or on `exit-codes`", "about"),
)

SECTIONS = (
    ("Begin", ("quickstart", "sandbox", "login", "logout", "profile", "config", "doctor")),
    ("Record", ("receive", "issue", "return", "adjust", "transfer", "count", "reverse")),
    ("Look", ("stock", "movements", "entries", "events", "checkpoints", "listen", "trigger")),
    ("Keep", ("items", "locations", "webhooks", "replays", "ledger", "keys", "settings", "audit")),
    ("More", ("api", "retry", "whoami", "version", "commands", "completion", "help")),
)

GROUPS = {
    "sandbox": "A server with its own database, on this machine",
    "profile": "Addresses and keys under names",
    "config": "What is chosen once and for all",
    "stock": "How much there is",
    "movements": "How stock changed, line by line",
    "entries": "What happened, entry by entry",
    "events": "The feed that misses nothing",
    "checkpoints": "Where the feed's consumers stand",
    "items": "What is stocked",
    "locations": "Where stock is",
    "webhooks": "Who is told, and whether it arrived",
    "replays": "Deliveries that are made once more",
    "keys": "Who may act, and with which rights",
    "ledger": "Whether everything follows",
    "settings": "What the tenant has chosen for itself",
    "audit": "Who changed what",
}

GLOBAL_OPTIONS = (
    ("--json[=FIELDS]", "JSON, whole or only these fields; errors too, on stderr"),
    ("--jq EXPR", "What jq makes of the JSON: --jq '.[].sku' (pip install \"twh-cli[jq]\")"),
    ("-o, --output FORMAT", "table, json, jsonl or csv; table on a terminal, jsonl in a pipe"),
    ("--profile NAME", "The profile that has the address and the key"),
    ("--live", "Yes, change what is real: needed with a live key, refused with another"),
    ("--dry-run", "Show the request of a change, and send nothing"),
    ("--idempotency-key KEY", "The key of a change; the same key is never recorded twice"),
    ("--timeout SECONDS", "How long a command may try (60)"),
    ("-y, --yes", "Do it without asking"),
    ("--no-input", "Never ask; exit 10 where one would have to (TWH_NO_INPUT)"),
    ("-q, --quiet", "Only data and errors"),
    ("--no-color", "No colour (NO_COLOR)"),
    ("-v, --verbose", "Show whom it asks, and each request with its time"),
    ("--debug", "The same, and where an unexpected error comes from"),
)


def static_answer(words: list[str]) -> str | None:
    """The answer to a question about the commands themselves; None when there is a command to run."""
    rest = [word for word in words if not word.startswith("-")]
    asks = any(word in {"--help", "-h"} for word in words)
    if words in (["--version"], ["-V"]):
        return f"twh {__version__}"
    if not rest and (asks or not words):
        return overview()
    if rest and rest[0] == "help" and not asks:
        return help_on(rest[1:])
    if rest == ["commands"] and not asks and set(words) <= {"commands", "--json"}:
        return listing(as_json="--json" in words)
    if words[:1] == ["completion"] and len(words) == 2 and words[1] in scripts.SHELLS:
        return scripts.script(words[1])
    if len(rest) == 1 and rest[0] in GROUPS and len(words) - len(rest) == asks:
        return group_help(rest[0])
    return None


def help_on(topic: list[str]) -> str | None:
    """`twh help`, `twh help exit-codes`, `twh help stock`; None for a command, which tells its options itself."""
    if not topic:
        return overview()
    if topic == ["exit-codes"]:
        return exit_codes()
    return group_help(topic[0]) if topic[0] in GROUPS and len(topic) == 1 else None


def overview() -> str:
    shown = [
        f"{strong('TWH')}: stock that is a ledger, from a terminal.",
        "",
        f"{strong('Usage')}: twh COMMAND [OPTIONS]",
    ]
    for section, nouns in SECTIONS:
        shown += ["", strong(section), *(line(noun, help_of(noun)) for noun in nouns)]
    shown += ["", strong("Options, before or after any command")]
    shown += [line(option, meaning, 24) for option, meaning in GLOBAL_OPTIONS]
    shown += ["", "New here? `twh quickstart`. One command: `twh receive --help`. Exit codes: `twh help exit-codes`."]
    return "\n".join(shown)


def group_help(noun: str) -> str:
    inside = [command for command in COMMANDS if command.words[0] == noun]
    shown = [f"{strong(f'twh {noun}')}: {GROUPS[noun][0].lower()}{GROUPS[noun][1:]}.", ""]
    shown += [line(command.words[1], command.help) for command in inside]
    return "\n".join(
        [*shown, "", f"One of them: `twh {noun} {inside[0].words[1]} --help`. Options for all: `twh --help`."]
    )


def exit_codes() -> str:
    return "\n".join(f"{code:>4}  {name:<{INDENT}} {meaning}" for code, name, meaning in MEANINGS)


def listing(*, as_json: bool) -> str:
    if not as_json:
        return "\n".join(line(command.path, command.help) for command in COMMANDS)
    import json

    return json.dumps(listed(), indent=2)


def listed() -> list[dict[str, str]]:
    """The commands as data."""
    return [{"command": command.path, "help": command.help} for command in COMMANDS]


def help_of(noun: str) -> str:
    return GROUPS.get(noun) or next(command.help for command in COMMANDS if command.path == noun)


def line(name: str, meaning: str, indent: int = INDENT) -> str:
    return f"  {name:<{indent}} {meaning}"


def strong(text: str) -> str:
    """Bold on a terminal that may have it."""
    return f"\x1b[1m{text}\x1b[0m" if takes_colour(sys.stdout) else text
