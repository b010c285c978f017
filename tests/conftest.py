"""How the tests are shared out among several workers, and how much time they have."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("unhurried", deadline=None)  # others use the processors, too
settings.load_profile("unhurried")

_WAIT_MOSTLY = Path(__file__).parent / "faults"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Spreads the tests that mostly wait among those that mostly compute.

    Workers then seldom all wait, or all compute, at the same time. One alone keeps the order.
    """
    if not hasattr(config, "workerinput"):
        return
    waiting = [item for item in items if item.path.is_relative_to(_WAIT_MOSTLY)]
    computing = [item for item in items if not item.path.is_relative_to(_WAIT_MOSTLY)]
    place = {
        item: (at + 0.5) / len(group)
        for group in (waiting, computing)
        for at, item in enumerate(group)
    }
    items.sort(key=place.__getitem__)
