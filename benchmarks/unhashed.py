"""`chatpay run`, but whoever has a PIN has tapped it right, and nothing is hashed.

    python -m benchmarks.unhashed

A PIN hash is dear by design, and an echo bot has none: what is left without it is what one can be
compared with.
"""

from __future__ import annotations

from bot.__main__ import cli
from payments.pinhash import PinHasher, Verdict


def _right(_hasher: PinHasher, _person_id: int, _pin: str, _stored: str) -> Verdict:
    return Verdict(ok=True, rehash=False)


if __name__ == "__main__":
    PinHasher.verify = _right  # type: ignore[assignment, method-assign]
    cli(["run"])
