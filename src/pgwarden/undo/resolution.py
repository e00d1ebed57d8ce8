"""The plan of an undo as a table, and what becomes of conflicting rows when a person has decided.

A net effect in both directions is written to an unlogged table of our schema first, which is dropped before the end:
only so does the planner know how many rows there are, and joins of it with itself stay linear. When rows conflict,
the plan is corrected there: skipped rows leave it, and for overwritten rows what is there now takes the place of what
the execution left. The proof is then made against the corrected plan.
"""

from __future__ import annotations

from dataclasses import replace

from pgwarden.domain.approval import OnConflict
from pgwarden.domain.catalog import Name, quote_identifier
from pgwarden.undo.images import SCHEMA, comma, listed
from pgwarden.undo.net import NetEffect, row_text
from pgwarden.undo.restore import same_key


def planned(effect: NetEffect, undo_id: str) -> tuple[NetEffect, str]:
    """The effect read from a table, and the script that writes that table."""
    plan = str(Name(SCHEMA, f"p{undo_id.replace('-', '')}_{effect.shape.oid}"))
    written = replace(effect, source=f"select * from {plan}", plan=plan, paired=False)
    return written, f"create unlogged table {plan} as {effect.source}"


def unplanned(effect: NetEffect) -> str:
    """The script that takes the plan away."""
    return f"drop table {effect.plan}"


def indexed(effect: NetEffect) -> str:
    """A script that makes single rows of the plan quick to find, for reports of conflicts."""
    keys = [", ".join(map(quote_identifier, effect.shape.key))] if effect.shape.key else []
    keys.append(f"pg_catalog.hashtext({effect.text})")
    return ";\n".join([*(f"create index on {effect.plan} ({key})" for key in keys), f"analyze {effect.plan}"])


def resolved(effect: NetEffect) -> NetEffect:
    """The effect after ``correction``: overwritten rows may come and go in tables where before they only did one."""
    return replace(effect, restores=True, removes=True)


def correction(effect: NetEffect, on_conflict: OnConflict) -> str:
    """A statement that corrects the plan; its row ``skipped``, if any, counts the rows that are left alone."""
    plan = effect.plan
    if not effect.shape.keyed:
        return _as_many_as_there_are(effect, plan)
    if on_conflict is OnConflict.SKIP:
        return (
            f"with bad as ({_conflicting(effect, plan)}), gone as (delete from {plan} p using bad"
            f" where {same_key(effect.shape, 'p', 'bad')} returning 1) select count(*) as skipped from bad"
        )
    return (
        f"with bad as materialized ({_conflicting(effect, plan)}), gone as (delete from {plan} p using bad"
        f" where p.{effect.number} > 0 and {same_key(effect.shape, 'p', 'bad')})"
        f" insert into {plan} ({effect.number}, {effect.text}{comma(listed(effect.columns))})"
        f" select 1, {row_text(effect.columns, 't')}{comma(listed(effect.columns, 't'))}"
        f" from {effect.shape.rows} t join bad on {same_key(effect.shape, 't', 'bad')}"
    )


def _conflicting(effect: NetEffect, plan: str) -> str:
    """Keys of rows that are not as the execution left them, and of rows to bring back whose key is taken."""
    shape = effect.shape
    keys = [quote_identifier(column) for column in shape.key]
    of_a, of_b = (", ".join(f"{alias}.{key}" for key in keys) for alias in "ab")
    return (
        f"select {of_a} from {plan} a where a.{effect.number} > 0 and not exists (select from {shape.rows} t"
        f" where {same_key(shape, 't', 'a')} and {row_text(effect.columns, 't')} = a.{effect.text})"
        f" union select {of_b} from {plan} b where b.{effect.number} < 0"
        f" and exists (select from {shape.rows} t where {same_key(shape, 't', 'b')})"
        f" and not exists (select from {plan} a where a.{effect.number} > 0 and {same_key(shape, 'a', 'b')})"
    )


def _as_many_as_there_are(effect: NetEffect, plan: str) -> str:
    """Without a key only rows that are still there can go; ones that others changed cannot be told apart."""
    there = f"(select count(*) from {effect.shape.rows} t where {row_text(effect.columns, 't')} = p.{effect.text})"
    return (
        f"with short as (update {plan} p set {effect.number} = {there} where p.{effect.number} > {there}"
        f" returning 1) select count(*) as skipped from short"
    )
