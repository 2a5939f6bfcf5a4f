"""The version, where both the package and its User-Agent find it without importing each other."""

__version__ = "0.1.0"
