"""How conditions come together: and, or, both, not, and those inside an open "without X"."""

from __future__ import annotations

from pgwarden.language.draft import Draft
from pgwarden.language.forms import Agg, Compare, Cond, Either, Has, Not, Period, fields_of
from pgwarden.language.index import Field


def add(draft: Draft, condition: Cond) -> None:
    """One more condition: joined by OR after "or", merged into IN for values of one column, else ANDed."""
    if draft.negated:
        draft.negated = False
        if draft.denying and (denied := _never(draft, condition)) is not None:
            draft.projecting = False
            draft.where.append(denied)
            draft.open_negation = len(draft.where)
            return
        condition = negate(condition)
    draft.projecting = False
    if draft.open_negation and _inside(draft, condition):
        return
    if draft.where and draft.pending_or:
        draft.where[-1] = _either(draft.where[-1], condition)
    elif (
        draft.where
        and not draft.both
        and not _conjoined(draft, condition)
        and (merged := _same_column(draft.where[-1], condition)) is not None
    ):
        draft.where[-1] = merged
    elif (draft.both or _conjoined(draft, condition)) and _on_other_table(draft, condition):
        _separate(draft, condition)
    else:
        draft.where.append(condition)
    draft.pending_or = False


def _conjoined(draft: Draft, condition: Cond) -> bool:
    """ "directed by A and by B" on a table of many: two conditions, each met by some row."""
    last = draft.where[-1] if draft.where else None
    if (
        not isinstance(last, Compare)
        or not isinstance(condition, Compare)
        or last.left != condition.left
        or last.operator != "="
    ):
        return False
    return all(multiplied(draft, f) for f in fields_of(condition))


def _separate(draft: Draft, condition: Cond) -> None:
    field_ = next(iter(fields_of(condition)))
    last = draft.where[-1] if draft.where else None
    if isinstance(last, Compare) and isinstance(condition, Compare) and last.left == condition.left:
        draft.where[-1] = Has(field_.relation, (last,))
    draft.where.append(Has(field_.relation, (condition,)))


def _on_other_table(draft: Draft, condition: Cond) -> bool:
    relations = {f.relation for f in fields_of(condition)}
    return len(relations) == 1 and bool(draft.main) and draft.main not in relations


def _never(draft: Draft, condition: Cond) -> Has | None:
    """ "never bought A": of the many rows that a row of the main table meets, none is so."""
    relations = {f.relation for f in fields_of(condition)}
    if len(relations) != 1 or not isinstance(condition, Compare | Period):
        return None
    table = relations.pop()
    path = draft.graph.path(draft.main, table, draft.index) if draft.main else None
    return Has(table, (condition,), negated=True) if any(not edge.to_one for edge in path or ()) else None


def _inside(draft: Draft, condition: Cond) -> bool:
    """A condition on the table of an open "without X" belongs to X."""
    opened = draft.where[draft.open_negation - 1]
    assert isinstance(opened, Has)
    relations = {f.relation for f in fields_of(condition)}
    if opened.entity not in relations and (draft.main in relations or not relations):
        return False
    merged = _same_column(opened.where[-1], condition) if opened.where else None
    draft.where[draft.open_negation - 1] = Has(
        opened.entity,
        (*opened.where[:-1], merged) if merged is not None else (*opened.where, condition),
        opened.negated,
        opened.operator,
        opened.count,
        opened.measure,
        opened.anchor,
    )
    return True


def _either(left: Cond, right: Cond) -> Cond:
    merged = _same_column(left, right)
    if merged is not None:
        return merged
    parts = left.parts if isinstance(left, Either) else (left,)
    return Either((*parts, right))


def _same_column(left: Cond, right: Cond) -> Compare | None:
    if isinstance(left, Compare) and isinstance(right, Compare) and left.left == right.left:
        mergeable = left.operator == right.operator and left.operator in ("=", "<>")
        if mergeable and left.right is None and right.right is None:
            return Compare(left.left, left.operator, tuple(dict.fromkeys((*left.values, *right.values))))
    return None


_OPPOSITE = {"=": "<>", "<>": "=", ">": "<=", "<": ">=", ">=": "<", "<=": ">", "ilike": "not-ilike", "null": "not-null",
             "not-null": "null", "true": "false", "false": "true"}  # fmt: skip


def negate(condition: Cond) -> Cond:
    """The opposite condition."""
    if isinstance(condition, Compare) and condition.operator in _OPPOSITE:
        return Compare(condition.left, _OPPOSITE[condition.operator], condition.values, condition.right)
    if isinstance(condition, Has) and not condition.operator:
        return Has(condition.entity, condition.where, not condition.negated, anchor=condition.anchor)
    return Not(condition)


def multiplied(draft: Draft, column: Field) -> bool:
    """Whether each row of the main table may meet several rows of the column's table: "A and B" then means both."""
    if not draft.main or column.relation == draft.main:
        return False
    path = draft.graph.path(draft.main, column.relation, draft.index)
    counted = any(isinstance(e, Agg) for e in draft.select)
    return bool(path) and not counted and any(not edge.to_one for edge in path or ())
