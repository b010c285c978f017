"""What the Mini App is told, where the rules make it say something else."""

from __future__ import annotations

import pytest

from bot.texts import Texts
from bot.web.app import views
from payments.models import Device
from payments.policy import HOUR, Policy
from payments.results import Enrolled

T = Texts("en")
DEVICE = Device(
    id="d_1", person_id=1, name="Phone", token_hash="x", added_at=0, used_at=None, pin_at=0
)


@pytest.mark.parametrize(
    ("wait_ms", "said"),
    [
        (0, "Added. Your finger or face is enough now."),
        (HOUR, "Added. In 60 minutes your finger or face is enough."),
    ],
)
def test_a_new_device_is_told_from_when_it_may_approve(wait_ms: int, said: str) -> None:
    """At once, or after the wait that real money asks for."""
    told = views.tapped(Enrolled(DEVICE, "token"), Policy(device_wait_ms=wait_ms), T)
    assert told == {"next": "enrolled", "token": "token", "device": "d_1", "said": said}
