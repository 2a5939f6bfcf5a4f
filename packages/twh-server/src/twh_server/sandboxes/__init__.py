"""Sandboxes: tenants to try things in, with a believable shop already in them."""
