"""A line chart as an SVG file: both axes logarithmic, one colour a line."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

ARTIFACTS = Path(__file__).parents[1] / "artifacts"

_WIDTH, _HEIGHT, _EDGE = 720, 400, 60
_COLOURS = ("#2f6fde", "#d9480f", "#2b8a3e", "#862e9c")


@dataclass(frozen=True, slots=True)
class Line:
    """Points under one name."""

    name: str
    points: Sequence[tuple[float, float]]


def write_plot(file: str, title: str, lines: Sequence[Line]) -> Path:
    """Draws the lines and keeps the picture under artifacts/."""
    low_x, high_x = _decades([x for line in lines for x, _ in line.points])
    low_y, high_y = _decades([y for line in lines for _, y in line.points])

    def place(x: float, y: float) -> tuple[float, float]:
        across = (math.log10(x) - low_x) / (high_x - low_x)
        up = (math.log10(y) - low_y) / (high_y - low_y)
        return _EDGE + across * (_WIDTH - 2 * _EDGE), _HEIGHT - _EDGE - up * (_HEIGHT - 2 * _EDGE)

    drawn = [_text(_WIDTH / 2, 28, title, anchor="middle", size=16)]
    for exponent in range(low_y, high_y + 1):
        left, y = place(10**low_x, 10**exponent)
        drawn.append(f'<path d="M{left} {y}H{_WIDTH - _EDGE}" stroke="#ddd"/>')
        drawn.append(_text(left - 8, y + 4, f"{10**exponent:,}", anchor="end"))
    for exponent in range(low_x, high_x + 1):
        x, bottom = place(10**exponent, 10**low_y)
        drawn.append(_text(x, bottom + 20, f"{10**exponent:,}", anchor="middle"))
    for number, line in enumerate(lines):
        drawn += _draw(line, [place(x, y) for x, y in line.points], number)
    ARTIFACTS.mkdir(exist_ok=True)
    path = ARTIFACTS / file
    path.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        f'font-family="sans-serif"><rect width="100%" height="100%" fill="#fff"/>'
        f"{''.join(drawn)}</svg>\n",
        encoding="utf-8",
    )
    return path


def _decades(values: Sequence[float]) -> tuple[int, int]:
    """The powers of ten around the values, at least one apart."""
    low = math.floor(math.log10(min(values)))
    return low, max(math.ceil(math.log10(max(values))), low + 1)


def _draw(line: Line, places: Sequence[tuple[float, float]], number: int) -> list[str]:
    colour = _COLOURS[number % len(_COLOURS)]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    dots = [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{colour}"/>' for x, y in places]
    name = _text(_EDGE + 12, _EDGE + 4 + 20 * number, line.name, colour=colour)
    return [
        f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>',
        *dots,
        name,
    ]


def _text(
    x: float, y: float, text: str, *, anchor: str = "start", size: int = 13, colour: str = "#333"
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" '
        f'fill="{colour}">{escape(text)}</text>'
    )
