"""How often one address may ask: a bucket of tokens for each, in this process.

It keeps one visitor from taking all of the machine, and from walking through tokens of links. What
is forgotten first, when there are very many visitors, is who has not been here for longest.
"""

from __future__ import annotations

import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

_ADDRESSES_MOST = 10_000
_NETWORK_BITS = 64
"""An IPv6 visitor has a whole network of addresses (RFC 6177)."""


@dataclass(slots=True)
class _Bucket:
    level: float
    at_s: float


class Visits:
    """A bucket for each address: `burst` at once, and `per_s` more each second.

    Args:
        burst: how much a full bucket holds.
        per_s: how quickly it fills again.
        clock: seconds from any beginning.
    """

    def __init__(
        self, *, burst: float, per_s: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._burst = burst
        self._per_s = per_s
        self._clock = clock
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def wait_s(self, address: str) -> float:
        """Counts a visit; how many seconds too early it is, 0 where it is welcome."""
        bucket = self._bucket(_visitor(address))
        if bucket.level < 1:
            return (1 - bucket.level) / self._per_s
        bucket.level -= 1
        return 0

    def charge(self, address: str, tokens: float) -> None:
        """Makes a visit that was welcome dearer; the bucket may owe afterwards."""
        bucket = self._bucket(_visitor(address))
        bucket.level = max(bucket.level - tokens, -self._burst)

    def _bucket(self, visitor: str) -> _Bucket:
        now = self._clock()
        bucket = self._buckets.setdefault(visitor, _Bucket(self._burst, now))
        bucket.level = min(self._burst, bucket.level + (now - bucket.at_s) * self._per_s)
        bucket.at_s = now
        self._buckets.move_to_end(visitor)
        if len(self._buckets) > _ADDRESSES_MOST:
            self._buckets.popitem(last=False)
        return bucket


def _visitor(address: str) -> str:
    """Whose address it is: itself, or the network of an IPv6 one."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if parsed.version == 4:
        return address
    return str(ipaddress.ip_network((parsed, _NETWORK_BITS), strict=False))
