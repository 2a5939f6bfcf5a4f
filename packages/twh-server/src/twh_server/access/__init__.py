"""Who may do what: tenants, their API keys, and the scopes of a key."""
