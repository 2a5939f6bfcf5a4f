"""The database: how it is reached, what is in it, and how it is guarded."""
