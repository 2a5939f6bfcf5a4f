"""The one way to write for a tenant: take the head, read once, decide purely, write once, commit."""
