"""The plan of an undo as a table, and what becomes of conflicting rows when a person has decided.

A net effect in both directions is written to an unlogged table of our schema first, which is dropped before the end:
only so does the planner know how many rows there are, and joins of it with itself stay linear. When rows conflict,
the plan is corrected there: skipped rows leave it, and for overwritten rows what is there now takes the place of what
the execution left. The proof is then made against the corrected plan.
"""

from __future__ import annotations

from dataclasses import replace

from pgwarden.domain.catalog import Name, quote_identifier
from pgwarden.undo.conflicts import Obstacle
from pgwarden.undo.images import TEMPORARY, comma, listed
from pgwarden.undo.net import NetEffect, row_text
from pgwarden.undo.restore import same_key


def planned(effect: NetEffect, undo_id: str) -> tuple[NetEffect, str]:
    """The effect read from a table, and the script that writes that table."""
    space = effect.images.space
    plan = str(Name(space, f"p{undo_id.replace('-', '')}_{effect.shape.oid}"))
    written = replace(effect, source=f"select * from {plan}", plan=plan, paired=False)
    return written, f"create {'' if space == TEMPORARY else 'unlogged '}table {plan} as {effect.source}"


def unplanned(effect: NetEffect) -> str:
    """The script that takes the plan away."""
    return f"drop table {effect.plan}"


def indexed(effect: NetEffect) -> str:
    """A script that makes single rows of the plan quick to find, for reports of conflicts."""
    keys = [", ".join(map(quote_identifier, effect.shape.key))] if effect.shape.key else []
    keys.append(f"pg_catalog.hashtext({effect.text})")
    return ";\n".join([*(f"create index on {effect.plan} ({key})" for key in keys), f"analyze {effect.plan}"])


def resolved(effect: NetEffect) -> NetEffect:
    """The effect of a plan that is corrected: rows may then come and go in tables where before they only did one."""
    return replace(effect, restores=True, removes=True)


def shortened(effect: NetEffect) -> str:
    """A statement for a table without a key: of identical rows only as many go as are there. ``skipped`` counts."""
    there = f"(select count(*) from {effect.shape.rows} t where {row_text(effect.columns, 't')} = p.{effect.text})"
    return (
        f"with short as (update {effect.plan} p set {effect.number} = {there} where p.{effect.number} > {there}"
        f" returning 1), gone as (delete from {effect.plan} where {effect.number} = 0)"
        " select count(*) as skipped from short"
    )


def skipped(obstacle: Obstacle) -> str:
    """A statement that takes the rows in question out of the plan, as they were and as they became, and counts them.

    What they hold or reference may then stand in the way of others: it is repeated until nothing does.
    """
    effect = obstacle.effect
    if effect.shape.keyed:
        unit = ", ".join(f"{obstacle.alias}.{quote_identifier(c)}" for c in effect.shape.key)
        same = same_key(effect.shape, "p", "bad")
    else:
        unit, same = f"{obstacle.alias}.{effect.text}", f"p.{effect.text} = bad.{effect.text}"
    return (
        f"with bad as (select distinct {unit} {obstacle.rows}),"
        f" gone as (delete from {effect.plan} p using bad where {same})"
        " select count(*) as skipped from bad"
    )


def parted(effect: NetEffect) -> str:
    """A query that tells whether rows went and others came of which nobody can say which belong together; '' if none.

    Rows are told apart by key. Where keys changed, or there is none, leaving one image of a row alone and taking the
    other back would make two rows of it.
    """
    counts = effect.images.counts
    if not counts.updated and not (effect.shape.partitioned and counts.inserted and counts.deleted):
        return ""
    if not effect.shape.keyed:
        return f"select exists (select from {effect.plan} p where p.{effect.number} > 0)"
    alone = (
        f"exists (select from {effect.plan} x where x.{effect.number} {{}} 0 and not exists"
        f" (select from {effect.plan} y where y.{effect.number} {{}} 0 and {same_key(effect.shape, 'x', 'y')}))"
    )
    return f"select {alone.format('>', '<')} and {alone.format('<', '>')}"


def chosen(effect: NetEffect, undo_id: str) -> tuple[str, str]:
    """A table for the keys of rows that are to be overwritten, and the script that makes it from the plan, empty."""
    name = str(Name(effect.images.space, f"c{undo_id.replace('-', '')}_{effect.shape.oid}"))
    kind = "" if effect.images.space == TEMPORARY else "unlogged "
    return name, f"create {kind}table {name} as select {listed(effect.shape.key)} from {effect.plan} limit 0"


def choose(effect: NetEffect, table: str) -> str:
    """A statement that writes down the keys of rows to overwrite: $1, $2 … are arrays, the key's columns as text."""
    places = [f"k{number}" for number in range(1, len(effect.shape.key) + 1)]
    same = " and ".join(
        f"w.{place} = p.{quote_identifier(column)}::text"
        for place, column in zip(places, effect.shape.key, strict=True)
    )
    arrays = ", ".join(f"${number}::text[]" for number in range(1, len(places) + 1))
    return (
        f"insert into {table} select distinct {listed(effect.shape.key, 'p')} from {effect.plan} p"
        f" where exists (select from unnest({arrays}) w({', '.join(places)}) where {same})"
    )


def overruled(obstacle: Obstacle, table: str) -> str:
    """A query that counts rows in the way which were chosen to be overwritten, and so may not be passed over."""
    unit = ", ".join(f"{obstacle.alias}.{quote_identifier(c)}" for c in obstacle.effect.shape.key)
    same = same_key(obstacle.effect.shape, "c", "bad")
    return (
        f"select count(*) from (select distinct {unit} {obstacle.rows}) bad"
        f" where exists (select from {table} c where {same})"
    )


def overwritten(effect: NetEffect, only: str = "") -> str:
    """A statement that puts what is there now in the place of what the execution left, so that it goes instead.

    ``only``: a table with the keys of those rows that this is to happen to; '' for all that are in the way.
    """
    plan = effect.plan
    conflicting = _conflicting(effect, plan)
    if only:
        conflicting = (
            f"select k.* from ({conflicting}) k where exists"
            f" (select from {only} c where {same_key(effect.shape, 'c', 'k')})"
        )
    return (
        f"with bad as materialized ({conflicting}), gone as (delete from {plan} p using bad"
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
