"""The TWH server: a ledger of stock movements over HTTP."""

__version__ = "0.1.0"
