"""What to type next: for each problem a command that helps, made from the command that failed."""

from __future__ import annotations

import shlex
from itertools import pairwise

from twh import errors
from twh_cli import unsettled

COMMANDS = {
    "already_exists": "Leave out --create-only to replace it.",
    "api_key_already_rotated": "twh keys get KEY_ID   (its `successor` is the one to rotate)",
    "api_key_ended": "twh keys create NAME --role ROLE",
    "api_key_expired": "twh whoami   (shows where the key comes from; a key that still works makes another: twh keys create)",
    "api_key_mistyped": "twh whoami   (shows where the key comes from: copy it there again, whole)",
    "api_key_not_found": "twh keys list",
    "api_key_revoked": "twh whoami   (shows where the key comes from; a key that still works makes another: twh keys create)",
    "api_key_unknown": "twh whoami   (shows where key and address come from; a key opens only the server that made it)",
    "barcode_taken": "twh items list --barcode BARCODE",
    "checkpoint_ahead": "twh checkpoints set NAME SEQUENCE   (with a number up to the newest event's; `twh events tail` shows it)",
    "checkpoint_not_found": "twh checkpoints list",
    "checkpoint_passed": "twh checkpoints set NAME SEQUENCE --reset   (what lies in between is read again)",
    "code_taken": "twh locations get CODE",
    "endpoint_not_found": "twh webhooks list",
    "entry_already_reversed": "twh entries get ENTRY   (its `reversed_by` names the reversal)",
    "entry_not_found": "twh entries list",
    "entry_predates_count": "Record it with today's time (leave out --occurred-at), or count again: twh count ITEM QUANTITY --at LOCATION",
    "events_gone": "twh events tail --last 100   (without --after, events list begins with the oldest that there is)",
    "event_not_found": "twh events list",
    "event_type_not_found": "twh events types",
    "delivery_not_found": "twh webhooks deliveries",
    "idempotency_key_reused": "Leave out --idempotency-key, or use a new one: a key belongs to one request for ever.",
    "insufficient_stock": "twh stock list --item ITEM",
    "connection_failed": "Check the network and the address (twh whoami shows it), then try again.",
    "invalid_entry": "Mend what is named above, then try again.",
    "not_found": "twh api GET /openapi.json   (tells what is served)",
    "redirected": "Set TWH_BASE_URL, or the profile, to the address that the server points to.",
    "timed_out": "Try again; --timeout SECONDS gives it longer.",
    "unreadable_answer": "Is TWH_BASE_URL, or the profile's address, that of a TWH server? Does a proxy stand between?",
    "invalid_parameter": "twh COMMAND --help",
    "item_has_stock": "twh stock list --item ITEM",
    "item_not_found": "twh items list, or twh items create SKU --name NAME",
    "item_archived": "twh items restore ITEM",
    "location_archived": "twh locations restore LOCATION",
    "location_has_parts": "twh locations list --parent LOCATION",
    "location_has_stock": "twh stock list --location LOCATION",
    "location_not_found": "twh locations list, or twh locations create CODE --name NAME",
    "movement_not_found": "twh movements list",
    "no_api_key": "twh sandbox up, or twh login   (or set TWH_API_KEY and TWH_BASE_URL)",
    "no_base_url": "twh sandbox up   (or set TWH_BASE_URL)",
    "pack_not_found": "twh items get ITEM   (shows its packs)",
    "reason_required": "Add --reason damaged (or found, shrinkage …).",
    "scope_missing": "twh whoami   (shows what your key may do)",
    "rate_limited": "Wait some seconds; for much at once, a file: twh movements record FILE",
    "sku_taken": "twh items get SKU",
    "stale_quantity": "Read the level again and decide again: twh stock get ITEM LOCATION",
    "stale_version": "Read it again and decide again; then pass the new ETag to --if-match, or leave it out.",
    "too_many_api_keys": "twh keys list   (shows when each was used last), then twh keys revoke KEY_ID",
    "too_many_attempts": "Wait some seconds, and check the key: twh whoami   (shows where it comes from)",
    "unauthenticated": "twh whoami   (shows where the key comes from; `twh sandbox up` makes one for the sandbox)",
}


def command_for(error: errors.TwhError, words: list[str]) -> str | None:
    """The hint for this error; None where the SDK's own is as good as any."""
    if isinstance(error, errors.OutcomeUnknown) and error.idempotency_key:
        if unsettled.find(error.idempotency_key):
            return f"twh retry {shlex.quote(error.idempotency_key)}   (settles it; nothing is recorded twice)"
        return f"twh {again(words, error.idempotency_key)}   (settles it; nothing is recorded twice)"
    command = COMMANDS.get(error.code or "")
    return filled(command, words) if command else None


def again(words: list[str], key: str) -> str:
    """The same command with the same key."""
    with_key = any(word.partition("=")[0] in {"--idempotency-key", "--key"} for word in words)
    return shlex.join(words if with_key else [*words, "--idempotency-key", key])


def filled(command: str, words: list[str]) -> str:
    """The hint with the names that were typed: ITEM becomes the item where the command shows which it was."""
    for place, typed in typed_names(words).items():
        command = command.replace(place, shlex.quote(typed))
    return command


def typed_names(words: list[str]) -> dict[str, str]:
    plain = [word for word in words if not word.startswith("-")]
    options = {name: value for name, value in pairwise(words) if name.startswith("--")}
    found: dict[str, str] = {}
    match plain:
        case ["receive" | "issue" | "return" | "adjust" | "transfer" | "count", item, *_]:
            found["ITEM"] = item
        case ["items", "archive" | "update" | "get" | "put", item, *_] | ["stock", "get", item, *_]:
            found["ITEM"] = item
        case ["items", "create", sku, *_]:
            found["SKU"] = sku
        case ["locations", "create", code, *_]:
            found["CODE"] = code
        case ["locations", "archive" | "update" | "put", location, *_]:
            found["LOCATION"] = location
        case ["keys", "rotate" | "revoke" | "get", key, *_]:
            found["KEY_ID"] = key
        case ["reverse", entry, *_]:
            found["ENTRY"] = entry
        case _:
            pass
    for option in ("--at", "--from"):
        if option in options:
            found["LOCATION"] = options[option]
    if "ITEM" in found:
        found.setdefault("SKU", found["ITEM"])
    if "LOCATION" in found:
        found.setdefault("CODE", found["LOCATION"])
    return found
