"""The ledger: entries that are never edited, and the levels that follow from them."""
