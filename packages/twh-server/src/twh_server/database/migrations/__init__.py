"""Bringing a database to the shape that this code works with."""
