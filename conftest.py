"""Where tests run beside each other, the files that take long begin first: none is left to run alone at the end."""

import pytest


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """In a process of pytest-xdist, put the files that have slow tests first; each file stays whole, and in its order."""
    if hasattr(config, "workerinput"):
        lasting = {item.path for item in items if item.get_closest_marker("slow")}
        items.sort(key=lambda item: item.path not in lasting)
