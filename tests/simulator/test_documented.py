"""docs/SIMULATOR.md names everything there is."""

import re
from pathlib import Path

import pytest

from simulator.actions import ACTIONS
from simulator.control import Control
from simulator.faults import FAULT_KINDS
from simulator.world import World

MANUAL = (Path(__file__).parents[2] / "docs" / "SIMULATOR.md").read_text("utf-8")
SOURCES = (Path(__file__).parents[2] / "simulator").rglob("*.py")
EVENTS = sorted(set(re.findall(r'emit\(\s*"(\w+)"', "".join(f.read_text() for f in SOURCES))))


@pytest.mark.parametrize("name", sorted(ACTIONS))
def test_each_action_is_in_the_manual(name) -> None:
    """Every action has its row."""
    assert re.search(rf"^\|[^|]*`{name}`", MANUAL, re.MULTILINE)


@pytest.mark.parametrize("kind", sorted(FAULT_KINDS))
def test_each_fault_is_in_the_manual(kind) -> None:
    """Every kind of fault is named."""
    assert f'"{kind}"' in MANUAL


@pytest.mark.parametrize("event", EVENTS)
def test_each_event_is_in_the_manual(event) -> None:
    """Every event is named, with its fields."""
    assert f"`{event}` (" in MANUAL


def test_each_address_is_in_the_manual() -> None:
    """Every address of the control interface is named, except where files lie."""
    for route in Control(World()).routes():
        address = route.path.replace(":int", "").replace(":path", "")
        assert address in MANUAL or address == "/sim/files/{path}", address
