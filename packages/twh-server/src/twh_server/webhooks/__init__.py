"""Webhooks: who wants which events, and how each reaches them, signed, until it has arrived."""
