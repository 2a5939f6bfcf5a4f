"""Completing words in a shell: from tables and from what was seen before, never from the network, and at once."""
