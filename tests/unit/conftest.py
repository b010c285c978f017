"""Fixtures of the rules' tests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from payments.service import Payments
from storage import Sealer, open_store
from storage.audit import verify_store
from tests.unit.payments_kit import Bank, Clock, FailingStore, PlainPins, policy


@pytest.fixture
async def bank(tmp_path: Path) -> AsyncIterator[Bank]:
    """A bank without customers; when the test is over, its books must balance."""
    path = tmp_path / "bank.db"
    store = await open_store(f"sqlite:///{path}", Sealer([b"a secret key of a test"]))
    failing, clock, pins = FailingStore(store), Clock(), PlainPins()
    try:
        yield Bank(Payments(failing, pins, policy(), clock), failing, clock, pins, path)
        assert await verify_store(store) == []
    finally:
        await store.close()
