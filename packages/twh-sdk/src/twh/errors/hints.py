"""What to do about an error: one sentence a code or status, written for the person who reads it at night."""

HINTS = {
    "already_exists": "Leave out create_only to replace it, or read it and decide.",
    "api_key_already_rotated": "Its successor stands in the key's `successor`: rotate that.",
    "api_key_ended": "Make another: client.api_keys.create(…).",
    "api_key_expired": "Use the key that has taken its place, or have one made by a key that still works.",
    "api_key_mistyped": "Check the key: copy it again, whole (api_key=…, TWH_API_KEY, or the active profile).",
    "api_key_not_found": "Look for it with client.api_keys.list().",
    "api_key_revoked": "Have a new key made by one that still works: client.api_keys.create(…).",
    "api_key_unknown": "Check the key and the address: a key opens only the server that made it.",
    "barcode_taken": "Find who has it with client.items.list(barcode=…).",
    "entry_already_reversed": "Nothing is left to do: read the entry's reversed_by.",
    "entry_predates_count": "The count stands: leave occurred_at out, or count again.",
    "events_gone": "Begin again at .first_sequence - 1, and read what you missed as it is now (stock, entries, items).",
    "idempotency_key_missing": "Send an Idempotency-Key header; the SDK does it by itself.",
    "idempotency_key_not_found": "The key is unknown so far; only a retry with the same key settles what happened.",
    "idempotency_key_reused": "A key belongs to one request for ever: use a new key for a new request.",
    "insufficient_stock": "Read the level with client.stock.get(…), take less, or pass force=True with a key that may.",
    "checkpoint_passed": "A place goes back only with reset=True: what lies in between is then read again.",
    "count_is_backdated": "A count has to be the newest thing that happened to its stock: count again.",
    "item_archived": "An archived item moves no more: use another item, or take it back with client.items.restore(…).",
    "item_has_stock": "Bring its stock to zero first (client.stock.list(item=…) shows where it is).",
    "item_not_found": "Create it with client.items.create(sku=…, name=…), or look for it with client.items.list().",
    "location_archived": "Use another location, or take it back into use with client.locations.restore(…).",
    "location_has_parts": "Archive or move its parts first: client.locations.list(parent=…) shows them.",
    "location_has_stock": "Move its stock elsewhere first (client.stock.list(location=…) shows what it is).",
    "location_not_found": "Create it with client.locations.create(code=…, name=…), or look with client.locations.list().",
    "occurred_at_out_of_range": "Leave occurred_at out for now, or keep within the tenant's window.",
    "overloaded": "The server has more to do than it can queue: slow down and try again.",
    "scope_missing": "Use a key with this scope: `client.tenant.get().key.scopes` shows what yours may do.",
    "sku_taken": "A SKU is taken for ever: get the item with client.items.get(…), or choose another SKU.",
    "stale_quantity": "Someone else moved it: read the level again and decide again.",
    "stale_version": "Someone else changed it: read it again and apply your change to what you read.",
    "pack_not_found": "client.items.get(…).packs shows which packs the item has; leave pack out to count in units.",
    "tenant_closed": "Ask whoever operates the server; what was recorded may still be exported there.",
    "tenant_suspended": "Reading still works; ask whoever operates the server to resume the tenant.",
    "too_many_api_keys": "Revoke one that nobody uses: client.api_keys.list() shows when each was used last.",
    "rate_limited": "Ask less often, many things at once, or with another key; the server's operator sets the limit.",
    "too_many_attempts": "Too many unknown keys came from your address: wait, and check the key.",
    "redirected": "Set base_url (or TWH_BASE_URL) to the address that the server points to.",
    "sandbox_down": "Is the sandbox up? `twh sandbox up` starts it, `twh sandbox status` tells where it listens.",
    "connection_failed": "Check the network and base_url (or TWH_BASE_URL), then try again.",
    "unreadable_answer": "Is base_url (or TWH_BASE_URL) the address of a TWH server? Does a proxy stand between?",
}
STATUS_HINTS = {
    "already_exists": "Leave out create_only to replace it, or read it and decide.",
    401: "Check the key: api_key=…, TWH_API_KEY, or the active profile of the twh command.",
    403: "Use a key that may do this.",
    404: "Check the id, and that the key belongs to the tenant that has it.",
    400: "Look at .errors, if there are any: each names a place and what is wrong there.",
    422: "Look at .errors: each names a place in the request and what is wrong there.",
    429: "Slow down; .retry_after says for how long.",
    500: "Try again; if it stays, report it with the request id.",
    503: "The server or its database is not ready: try again in a moment.",
}
OUTCOME_UNKNOWN = (
    "Send the same call again with options={{'idempotency_key': '{key}'}}: it answers what happened, "
    "and records nothing twice. client.idempotency.get('{key}') shows the answer if it was recorded."
)


def hint_for(code: str, status: int, explained: str | None = None) -> str | None:
    """Our own sentence for the code, else what the catalogue says to do, else what the status suggests."""
    what_to_do = " ".join((explained or "").partition("\n\n")[2].split())
    return HINTS.get(code) or what_to_do or STATUS_HINTS.get(status)
