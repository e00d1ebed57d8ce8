"""Rows as the API answers them; not a router, several nouns have rows."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from pgwarden.domain.result import Result, cut_reason, json_rows
from pgwarden.domain.user_preferences import UserPreferences


class ColumnAnswer(BaseModel):
    """One column of a result."""

    name: str
    type: str
    masked: bool = Field(description="Its values were withheld from this reader.")


class RowsAnswer(BaseModel):
    """Rows that came back. Exact numbers, moments and bytes are text."""

    columns: list[ColumnAnswer]
    rows: list[list[Any]]
    row_count: int
    truncated: bool
    more: str = Field(description="Why it is not whole, and the way to the rest.")
    milliseconds: float
    bytes: int
    cached: bool
    plan: str = Field(description="PostgreSQL's plan in a line, where it was asked for.")
    estimated_cost: float | None = Field(default=None, description="What PostgreSQL expected, in its units.")
    estimated_rows: float | None = None
    estimated_milliseconds: float | None = Field(default=None, description="A rough time for that cost.")
    notices: list[str]
    shown: list[list[str | None]] | None = Field(
        default=None, description="The rows as the reader's preferences write them; null where they change nothing."
    )


def rows_answer(result: Result, liked: UserPreferences | None = None) -> RowsAnswer:
    """A result as JSON."""
    statistics = result.statistics
    return RowsAnswer(
        columns=[ColumnAnswer(name=c.name, type=c.type_name, masked=c.masked) for c in result.columns],
        rows=json_rows(result.rows),
        row_count=len(result.rows),
        truncated=result.truncated,
        more=cut_reason(result),
        milliseconds=round(statistics.milliseconds, 3),
        bytes=statistics.bytes,
        cached=statistics.cached,
        plan=statistics.plan,
        estimated_cost=statistics.estimated_cost,
        estimated_rows=statistics.estimated_rows,
        estimated_milliseconds=statistics.estimated_milliseconds,
        notices=list(result.notices),
        shown=None if liked is None or liked.plain else [[_shown(liked, v) for v in row] for row in result.rows],
    )


def _shown(liked: UserPreferences, value: object) -> str | None:
    """A value as text where the preferences write it otherwise; None leaves it as it comes."""
    seen = liked.shown(value)
    return None if seen is value else str(seen)
