"""The exit codes: what a script can rely on without reading a word of what was said."""

OK = 0
UNEXPECTED = 1
USAGE = 2
NOT_FOUND = 3
AUTH = 4
REFUSED = 5
RATE_LIMITED = 6
NETWORK = 7
UNKNOWN = 8
SERVER = 9
CONFIRMATION = 10
SANDBOX = 11
INTERRUPTED = 130

MEANINGS = (
    (OK, "ok", "It was done."),
    (UNEXPECTED, "unexpected", "Something broke in this program. Nothing is known about what was done."),
    (USAGE, "usage", "The command was typed wrongly, or the request has not the form of one."),
    (NOT_FOUND, "not found", "There is no such item, location, entry, address …"),
    (AUTH, "auth", "There is no key, the key is not valid, or it may not do this."),
    (
        REFUSED,
        "refused",
        "The ledger says no: not enough stock, stale version, name taken … Trying again changes nothing.",
    ),
    (RATE_LIMITED, "rate limited", "Too many requests: wait, then try again."),
    (NETWORK, "network", "The server was not reached, and nothing was applied. It is safe to try again."),
    (UNKNOWN, "outcome unknown", "It was sent and the answer was lost. `twh retry KEY` settles it."),
    (SERVER, "server error", "The server failed, or what answered is no TWH server."),
    (
        CONFIRMATION,
        "confirmation needed",
        "It has to be confirmed and nobody could be asked: add --yes, or --live for a live key.",
    ),
    (SANDBOX, "sandbox not running", "There is no sandbox to talk to, or it did not start: `twh sandbox up`."),
    (INTERRUPTED, "interrupted", "Ctrl-C."),
)
