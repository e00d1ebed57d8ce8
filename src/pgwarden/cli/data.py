"""``pgwarden sample`` and ``pgwarden profile``: what a table holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from pgwarden.cli.door import Database, Json, open_app
from pgwarden.cli.render import console, emit_json, hanging, one_line, print_facts, print_values

if TYPE_CHECKING:
    from pgwarden.bootstrap import App
    from pgwarden.domain.profile import Bucket, ColumnProfile, Sample, TableProfile

BAR = "▁▂▃▄▅▆▇█"


def register(app: typer.Typer) -> None:
    app.command()(sample)
    app.command()(profile)


def sample(
    table: Annotated[str, typer.Argument(help="The table, with its schema where the name alone is not enough.")],
    rows: Annotated[int, typer.Option("--rows", "-n", min=1, max=1000, help="Rows to show at most.")] = 10,
    unmasked: Annotated[bool, typer.Option("--unmasked", help="Show personal data too; needs the right to.")] = False,
    database: Database = None,
    as_json: Json = False,
) -> None:
    """Show representative rows, with personal and secret data masked."""

    async def work(app: App) -> Sample:
        async with app.target(database) as name:
            return await app.orchestrator.sample(name, table, rows=rows, masked=not unmasked, identity=app.identity)

    found = open_app(work)
    if as_json:
        emit_json(found)
        return
    print_values([(name, name in found.masked) for name in found.columns], found.rows)
    size = f", of about {found.estimated_rows:,.0f}" if found.estimated_rows >= 0 else ""
    count = f"{len(found.rows):,} row{'' if len(found.rows) == 1 else 's'}"
    console().print(f"{count}{size}; {found.method}", style="dim", markup=False)


def profile(
    table: Annotated[str, typer.Argument(help="The table, with its schema where the name alone is not enough.")],
    database: Database = None,
    as_json: Json = False,
) -> None:
    """Show each column's distribution, and what is odd about the data."""

    async def work(app: App) -> TableProfile:
        async with app.target(database) as name:
            return await app.orchestrator.profile(name, table, identity=app.identity)

    found = open_app(work)
    if as_json:
        emit_json(found)
        return
    rows = [
        (
            c.name + (f" ({c.sensitive})" if c.sensitive else ""),
            c.type_name,
            f"{c.null_share:.0%}" if c.null_share else "",
            f"{c.distinct:,}",
            c.minimum or "",
            c.maximum or "",
            ", ".join(str(t.value) for t in c.top[:3]),
            _spark(c),
        )
        for c in found.columns
    ]
    from rich.text import Text

    print_facts(("column", "type", "null", "distinct", "min", "max", "most common", "shape"), rows)
    for finding in found.findings:
        console().print(hanging(Text("• "), Text(one_line(f"{finding.column}: {finding.what}"))))
    part = "all" if found.complete else f"{found.rows_looked_at:,} sampled"
    console().print(f"{part} of about {max(found.estimated_rows, 0):,.0f} rows looked at", style="dim", markup=False)


def _spark(column: ColumnProfile) -> str:
    """A histogram in one word: how dense the values lie from the smallest to the largest."""
    heights = evenly(column.histogram)
    top = max(heights, default=0)
    return "".join(BAR[round(height / top * (len(BAR) - 1))] for height in heights) if top else ""


def evenly(buckets: Sequence[Bucket], parts: int = 10) -> list[float]:
    """The share of the rows in each of the equally wide parts of the range; nothing where values have no distance."""
    edges = [(_place(bucket.low), _place(bucket.high)) for bucket in buckets]
    known = [(low, high) for low, high in edges if low is not None and high is not None]
    if len(known) < len(edges) or not known or known[-1][1] <= known[0][0]:
        return []
    first, width = known[0][0], (known[-1][1] - known[0][0]) / parts
    shares = [0.0] * parts
    for (low, high), bucket in zip(known, buckets, strict=True):
        at, end = (low - first) / width, (high - first) / width
        for part in range(min(int(at), parts - 1), parts):
            if end <= at:
                shares[part] += bucket.share
                break
            shares[part] += bucket.share * max(0.0, min(end, part + 1) - max(at, part)) / (end - at)
    return shares


def _place(value: str) -> float | None:
    """Where a value lies on a line: a number, or a time in seconds."""
    from datetime import UTC, datetime
    from math import isfinite

    try:
        number = float(value)
    except ValueError:
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            return None
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    return number if isfinite(number) else None
