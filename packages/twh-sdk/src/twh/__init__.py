"""TWH, the inventory API whose stock is a ledger: the Python SDK."""

__version__ = "0.1.0"
