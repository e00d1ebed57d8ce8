"""Reads that count rows: those that a condition picks, those whose foreign key points at nothing."""

from __future__ import annotations

from pgwarden.domain.catalog import Constraint, Relation, quote_identifier


def picking(relation: Relation, conditions: str) -> tuple[str, str]:
    """A read of the picked rows without their values, and one that counts them; both are judged like any other."""
    rows = f"FROM {relation.name} WHERE (\n{conditions}\n)"
    return f"SELECT 1 {rows}", f"SELECT count(*) {rows}"


def orphans(child: Relation, parent: Relation, key: Constraint) -> str:
    """A read that counts the rows of ``child`` that ``key`` should forbid."""
    pairs = zip(key.columns, key.foreign_columns, strict=True)
    columns = [(_name(child, here), _name(parent, there)) for here, there in pairs]
    held = " AND ".join(f"c.{here} IS NOT NULL" for here, _ in columns)
    same = " AND ".join(f"p.{there} = c.{here}" for here, there in columns)
    met = f"SELECT 1 FROM {parent.name} p WHERE {same}"  # noqa: S608 - quoted names of the catalog
    return f"SELECT count(*) FROM {child.name} c WHERE {held} AND NOT EXISTS ({met})"  # noqa: S608 - the same


def _name(relation: Relation, number: int) -> str:
    column = relation.column_at(number)
    return quote_identifier(column.name) if column else "?"
