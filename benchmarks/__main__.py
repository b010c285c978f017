"""`python -m benchmarks`: measures, prints one table, and keeps it under artifacts/."""

from __future__ import annotations

import json
import os
import platform
import sqlite3
from collections.abc import Callable, Coroutine
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
import uvloop
from rich.console import Console
from rich.table import Table

from benchmarks import codes, durable, growth, pages, postgres, starting, updates
from benchmarks.figures import Figure
from benchmarks.plot import ARTIFACTS

_ROUNDS = 3

Measure = Callable[[int], Coroutine[Any, Any, list[Figure]]]

MEASURES: dict[str, Measure] = {
    "durable": durable.measure,
    "updates": updates.measure,
    "growth": growth.measure,
    "starting": starting.measure,
    "postgres": postgres.measure,
    "codes": codes.measure,
    "pages": pages.measure,
}
"""By the name that `--only` takes; each is given the number of rounds."""

out = Console(highlight=False, width=132)


def main(
    *,
    only: Annotated[
        list[str] | None, typer.Option(help=f"One of {', '.join(MEASURES)}; may be repeated.")
    ] = None,
    rounds: Annotated[
        int, typer.Option(min=1, help="How often the two sides take turns.")
    ] = _ROUNDS,
) -> None:
    """Measure Chatpay beside its limits and peers."""
    chosen = only or list(MEASURES)
    if unknown := set(chosen) - set(MEASURES):
        raise typer.BadParameter(f"there is no measure {', '.join(sorted(unknown))}")
    figures: list[Figure] = []
    for name in chosen:
        out.print(f"[dim]measuring {name} …[/]")
        figures += uvloop.run(MEASURES[name](rounds))
    out.print(_table(figures))
    out.print(f"[dim]{_machine()}; kept in {_keep(figures)}[/]")


def _table(figures: list[Figure]) -> Table:
    table = Table(title="Chatpay, beside its limits")
    for heading in ("what", "median", "beside", "its median", "ratio", "target", ""):
        numbers = heading in {"median", "its median", "ratio"}
        table.add_column(heading, justify="right" if numbers else "left")
    for figure in figures:
        table.add_row(
            figure.what,
            f"{_short(figure.value)} {figure.unit}",
            figure.beside,
            "" if figure.peer is None else f"{_short(figure.peer)} {figure.unit}",
            "" if figure.ratio is None else f"{figure.ratio:.0%}",
            figure.target,
            {None: "", True: "[green]✓[/]", False: "[red]✗[/]"}[figure.met],
        )
    return table


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _keep(figures: list[Figure]) -> Path:
    ARTIFACTS.mkdir(exist_ok=True)
    file = ARTIFACTS / f"benchmarks-{datetime.now(UTC):%Y%m%d-%H%M%S}.json"
    kept = {"machine": _machine(), "figures": [asdict(figure) for figure in figures]}
    file.write_text(json.dumps(kept, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return file.relative_to(Path.cwd()) if file.is_relative_to(Path.cwd()) else file


def _machine() -> str:
    return (
        f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, "
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    )


if __name__ == "__main__":
    typer.run(main)
