"""What becomes of conflicting rows when a person has decided: leave them as they are, or overwrite them.

The net effect is copied into a temporary table and corrected there: skipped rows leave it, and for overwritten rows
what is there now takes the place of what the execution left. The proof is then made against the corrected plan.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from pgwarden.domain.approval import OnConflict
from pgwarden.domain.catalog import quote_identifier
from pgwarden.undo.images import comma, listed
from pgwarden.undo.net import NetEffect, row_text
from pgwarden.undo.restore import same_key

PLANNED = "select * from "


def plan_table(effect: NetEffect) -> str:
    return f"pg_temp._pgwarden_plan_{effect.shape.oid}"


def planned(effect: NetEffect) -> NetEffect:
    """The effect as corrected by ``plan_scripts``."""
    return replace(effect, source=f"{PLANNED}{plan_table(effect)}", restores=True, removes=True)


def is_planned(effect: NetEffect) -> bool:
    return effect.source.startswith(PLANNED)


def plan_scripts(effect: NetEffect, on_conflict: OnConflict) -> Iterator[str]:
    """Statements that make the plan and correct it; each may return a row ``skipped``."""
    plan = plan_table(effect)
    yield f"create temporary table {plan.removeprefix('pg_temp.')} on commit drop as {effect.source}"
    if not effect.shape.keyed:
        yield _as_many_as_there_are(effect, plan)
    elif on_conflict is OnConflict.SKIP:
        yield (
            f"with bad as ({_conflicting(effect, plan)}), gone as (delete from {plan} p using bad"
            f" where {same_key(effect.shape, 'p', 'bad')} returning 1) select count(*) as skipped from bad"
        )
    else:
        yield (
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
