"""A figure and what it is compared with, and the taking of turns that makes the two comparable."""

from __future__ import annotations

import statistics
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table.

    Attributes:
        what: what was measured.
        value: the median of ours, in `unit`.
        unit: such as "payments/s".
        peer: the median of what it is compared with, in the same unit; None if with nothing.
        beside: what that is.
        target: what is aimed at, in words; "" where the figure is only told.
        met: whether the target is met; None where there is none.
    """

    what: str
    value: float
    unit: str
    peer: float | None = None
    beside: str = ""
    target: str = ""
    met: bool | None = None

    @property
    def ratio(self) -> float | None:
        """Ours as a part of the peer's."""
        return self.value / self.peer if self.peer else None


def rate_beside(
    what: str,
    ours: Sequence[float],
    peers: Sequence[float],
    *,
    unit: str,
    beside: str,
    least: float | None = None,
) -> Figure:
    """Two rates that took turns; the target, if any, is a part of the peer's."""
    value, peer = statistics.median(ours), statistics.median(peers)
    if least is None:
        return Figure(what, value, unit, peer, beside)
    return Figure(
        what, value, unit, peer, beside, target=f"≥ {least:.0%}", met=value >= least * peer
    )


def at_most(what: str, value: float, unit: str, most: float) -> Figure:
    """A figure that is not to exceed another."""
    return Figure(what, value, unit, target=f"< {most:g} {unit}", met=value < most)


def percentile(values: Sequence[float], part: int) -> float:
    """The value below which `part` per cent of the values lie."""
    return statistics.quantiles(values, n=100, method="inclusive")[part - 1]


async def in_turns(
    rounds: int, sides: Mapping[str, Callable[[], Awaitable[float]]]
) -> dict[str, list[float]]:
    """Measures all sides once a round, each round in the other direction."""
    measured: dict[str, list[float]] = {name: [] for name in sides}
    order = list(sides)
    for _ in range(rounds):
        for name in order:
            measured[name].append(await sides[name]())
        order.reverse()
    return measured
