"""Scopes: what a key may do. Each is one permission; a key has a set of them."""

from collections.abc import Mapping
from typing import Final, Literal

Scope = Literal[
    "items:read",
    "items:write",
    "locations:read",
    "locations:write",
    "stock:read",
    "stock:write",
    "stock:force",
    "events:read",
    "webhooks:read",
    "webhooks:write",
    "ledger:read",
    "keys:read",
    "keys:write",
    "settings:read",
    "settings:write",
    "audit:read",
    "tenants:admin",
]

SCOPES: Final[Mapping[Scope, str]] = {
    "items:read": "Read items.",
    "items:write": "Create, put, update, archive and restore items.",
    "locations:read": "Read locations.",
    "locations:write": "Create, put, update, archive and restore locations.",
    "stock:read": "Read stock levels, entries and movements.",
    "stock:write": "Record and reverse entries.",
    "stock:force": "Take more stock than there is, on the record.",
    "events:read": "Read the feed of events, and keep places in it.",
    "webhooks:read": "Read webhook endpoints, deliveries and attempts.",
    "webhooks:write": "Create, update and delete webhook endpoints.",
    "ledger:read": "Read the ledger's blocks and verify the ledger.",
    "keys:read": "Read API keys, without their secrets.",
    "keys:write": "Create, rotate and revoke API keys, with no more scopes than the key itself has.",
    "settings:read": "Read the tenant's settings.",
    "settings:write": "Change the tenant's settings.",
    "audit:read": "Read the audit log: who changed what.",
    "tenants:admin": "Create sandboxes. For whoever operates the server, not for a tenant's own programs.",
}
"""Every scope and what it allows."""

ALL_SCOPES: Final[frozenset[Scope]] = frozenset(SCOPES)
SANDBOX_SCOPES: Final[frozenset[Scope]] = ALL_SCOPES - {"tenants:admin"}
"""What a developer needs to try everything that a tenant can do."""

Role = Literal["owner", "admin", "developer", "viewer"]

ROLES: Final[Mapping[Role, frozenset[Scope]]] = {
    "owner": SANDBOX_SCOPES,
    "admin": SANDBOX_SCOPES - {"stock:force"},
    "developer": SANDBOX_SCOPES - {"stock:force", "keys:write", "settings:write"},
    "viewer": frozenset(scope for scope in SANDBOX_SCOPES if scope.endswith(":read")),
}
"""Sets of scopes with a name. A key with a role gets what the role gains later."""
