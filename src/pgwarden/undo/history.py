"""Queries that show an execution row by row: before and after, paired by key where the table has one."""

from __future__ import annotations

from dataclasses import replace

from pgwarden.domain.catalog import quote_identifier
from pgwarden.undo.conflicts import NOTHING, values
from pgwarden.undo.net import NetEffect
from pgwarden.undo.restore import same_key


def less(effect: NetEffect, undo: NetEffect) -> NetEffect:
    """What of an effect another one does not mirror. Identical rows are mirrored or not together."""
    source = (
        f"select n.* from ({effect.source}) n where not exists (select from ({undo.source}) u"
        f" where u.{undo.text} = n.{effect.text} and sign(u.{undo.number}) = -sign(n.{effect.number}))"
    )
    return replace(effect, source=source, plan="", paired=False)


def missing(effect: NetEffect, undo: NetEffect) -> str:
    """A query that counts the rows of an effect that an undo of it did not put back, from the images of both.

    A row that the effect left may have been changed or removed by others before the undo overwrote it. So it counts as
    gone where the undo touched its key at all, or where no row has that key now.
    """
    left = less(effect, undo)
    if not effect.shape.keyed:
        return (
            f"select greatest(coalesce(sum(l.{effect.number}) filter (where l.{effect.number} > 0), 0),"
            f" coalesce(-sum(l.{effect.number}) filter (where l.{effect.number} < 0), 0))::int8 from ({left.source}) l"
        )
    key = ", ".join(f"l.{quote_identifier(column)}" for column in effect.shape.key)
    return (
        f"select count(distinct row({key})) from ({left.source}) l where l.{effect.number} < 0"
        f" or (not exists (select from ({undo.source}) u where {same_key(effect.shape, 'u', 'l')})"
        f" and exists (select from {effect.shape.rows} t where {same_key(effect.shape, 't', 'l')}))"
    )


def changed_rows(effect: NetEffect, rows: int) -> str:
    """A query with the columns ``before`` and ``after``: text arrays over the table's columns, or null."""
    if not effect.shape.key:
        before = f"case when n.{effect.number} < 0 then {values(effect, 'n')} end"
        after = f"case when n.{effect.number} > 0 then {values(effect, 'n')} end"
        return (
            f"select {before} as before, {after} as after from ({effect.source}) n"
            f" cross join generate_series(1, abs(n.{effect.number})) limit {rows}"
        )
    left = f"(select * from ({effect.source}) n where n.{effect.number} < 0) b"
    right = f"(select * from ({effect.source}) n where n.{effect.number} > 0) a"
    there = {alias: f"{alias}.{effect.number} is not null" for alias in "ab"}
    return (
        f"select case when {there['b']} then {values(effect, 'b')} else {NOTHING} end as before,"
        f" case when {there['a']} then {values(effect, 'a')} else {NOTHING} end as after"
        f" from {left} full join {right} on {same_key(effect.shape, 'a', 'b')} limit {rows}"
    )
