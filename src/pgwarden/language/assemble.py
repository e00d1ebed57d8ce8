"""From the finished draft to a block: groups completed, counts given their table, intersections split off."""

from __future__ import annotations

from dataclasses import replace

from pgwarden.language.dates import Span
from pgwarden.language.draft import Draft
from pgwarden.language.forms import (
    Agg,
    Binary,
    Block,
    Both,
    Bucket,
    Col,
    Compare,
    Cond,
    Either,
    Expr,
    Has,
    Not,
    Ratio,
    Window,
    fields_of,
    has_aggregate,
)
from pgwarden.language.joins import Edge
from pgwarden.language.periods import time_column
from pgwarden.language.sums import added_up, amount_of, is_paid
from pgwarden.language.zeros import keep_zeros


def assemble(draft: Draft) -> Block | None:
    """The block, or None when nothing in the question names a table."""
    if not draft.main:
        draft.main = _fallback_main(draft)
    if not draft.main:
        return None
    relate(draft)
    if draft.units and not any(has_aggregate(e) for e in draft.select):
        draft.select = [Agg("sum", e) if _is_added(draft, e) else e for e in draft.select]  # "monthly revenue"
    for unit in draft.units:
        target = time_column(draft, len(draft.items), Span(None, None, 1, unit))
        if target is not None and target.kind == "time" and Bucket(unit, Col(target.field)) not in draft.group:
            draft.group.insert(0, Bucket(unit, Col(target.field)))
    if _rows_per_group(draft):
        paid = amount_of(draft, draft.main) if is_paid(draft) else None
        draft.select, draft.default_display = [Agg("sum", paid) if paid else Agg("count", None, draft.main)], False
    select = [_counted(draft, e) for e in draft.select]
    order = [(_counted(draft, e), d) for e, d in draft.order]
    _ungroup(draft, select)
    group, hidden = list(draft.group), list[Expr]()
    for oid in draft.grouped_entities:
        fields = [Col(f) for f in draft.displays(oid)]
        named = [e for e in select if isinstance(e, Col) and e.field.relation == oid]
        group += named or fields
        key = draft.key(oid)
        if key is not None and Col(key) not in group:
            hidden.append(Col(key))
    if not group and not hidden and draft.limit is None:
        order, group = _group_by_order(draft, select, order)
    aggregated = any(has_aggregate(e) for e in select) or any(has_aggregate(e) for e, _ in order) or bool(draft.having)
    if not aggregated and draft.limit == 1 and order and (group or hidden):
        keys = hidden or group
        shown = [*(g for g in group if g not in select), *select]
        if not draft.select and draft.main not in draft.grouped_entities:
            shown += [Col(f) for f in draft.displays(draft.main)] + [e for e, _ in order if e not in shown]
        block = Block(
            draft.main,
            tuple(shown),
            tuple(draft.where),
            order=(*((k, False) for k in keys), *order),
            distinct_on=tuple(keys),
        )
        return block.with_(entity=_root(draft, shown, order))
    if not aggregated:
        owners = {f.relation for e in select for f in fields_of(e)}
        for oid in draft.grouped_entities if select and not draft.group else ():
            if oid not in owners:
                select = [*(Col(f) for f in draft.displays(oid)), *select]  # "each employee and their manager"
        select = select + [g for g in group if g not in select and draft.group]
        group, hidden = [], []
    else:
        plain = [e for e in select if not has_aggregate(e)]
        group, hidden = _complete_groups(draft, plain, group, hidden)
        select = [g for g in group if g not in select and g not in plain] + select
        if not any(has_aggregate(e) for e in select) and not plain:
            select = group
    if draft.default_display and order and (draft.limit is None or draft.limit > 1):
        select += [
            e for e, _ in order if e not in select and not (isinstance(e, Col) and e.field.relation != draft.main)
        ]
    if draft.bare_limit and not order and draft.ranking_word == "last" and not aggregated:
        draft.focus = draft.main
        latest = time_column(draft, len(draft.items), Span(None, None, 1, "day"))
        if latest is not None and latest.kind == "time":
            order = [(Col(latest.field), True)]
    if draft.show_measure:
        select += [e for e, _ in order if e not in select]
    if (
        draft.everything
        and not aggregated
        and all(isinstance(e, Col) and e.field.relation == draft.main for e in select)
    ):
        return Block(draft.main, (), tuple(draft.where), order=tuple(order), limit=draft.limit)
    if not select:
        select = [Col(f) for f in draft.displays(draft.main)]
        if aggregated:
            group, hidden = _complete_groups(draft, select, group, hidden)
    if aggregated:
        keyed = {*group, *hidden, *select}
        order = [(e, d) for e, d in order if has_aggregate(e) or e in keyed]
    distinct = draft.distinct and not group and not any(has_aggregate(e) for e in select)
    block = Block(
        _root(draft, select, order), tuple(select), tuple(draft.where), tuple(group), tuple(hidden),
        tuple(draft.having),
        tuple(order), draft.limit if order or draft.limit else None, distinct,
    )  # fmt: skip
    return in_time(keep_zeros(draft, _set_difference(draft, _intersections(block))))


def _is_added(draft: Draft, expression: Expr) -> bool:
    return isinstance(expression, Col) and added_up(draft.attribute(expression.field))


def in_time(block: Block) -> Block:
    """Groups by a stretch of time come in its order, unless another was asked for."""
    periods = [e for e in block.group if isinstance(e, Bucket)]
    if not periods or block.order or block.combine is not None or block.distinct_on:
        return block
    return block.with_(order=tuple((e, False) for e in periods))


def _rows_per_group(draft: Draft) -> bool:
    """ "orders per month": how many, when nothing else of them is asked for."""
    if not (draft.default_display or not draft.select) or not all(has_aggregate(e) for e, _ in draft.order):
        return False
    if draft.limit is not None and not draft.order:
        return False
    if any(has_aggregate(e) for e in draft.select) or not all(
        isinstance(e, Col) and e.field.relation == draft.main for e in draft.select
    ):
        return False
    grouped = bool(draft.group or draft.grouped_entities) and any(i.lower in ("per", "by") for i in draft.first_items)
    return grouped or any(isinstance(e, Bucket) for e in draft.group)


def _ungroup(draft: Draft, select: list[Expr]) -> None:
    """ "average load per trip", where each trip has one load: the average of all, not of each by itself."""
    if len(draft.grouped_entities) != 1 or draft.group or draft.having or draft.order:
        return
    own = draft.grouped_entities[0]
    averages = [e for e in select if isinstance(e, Agg) and e.function in ("avg", "median") and isinstance(e.over, Col)]
    if len(averages) == len(select) and all({f.relation for f in fields_of(e)} == {own} for e in averages):
        draft.grouped_entities.clear()


def _fallback_main(draft: Draft) -> int:
    for node in (*draft.select, *draft.where, *draft.group):
        for field_ in sorted(fields_of(node)):
            return field_.relation
    return draft.mentioned[0] if draft.mentioned else 0


def _root(draft: Draft, select: list[Expr], order: list[tuple[Expr, bool]]) -> int:
    """The table that FROM begins with: the main one if it is used at all, else the first one shown."""
    used = {f.relation for e in (*select, *(o for o, _ in order)) for f in fields_of(e)}
    counted = {e.entity for e in (*select, *(o for o, _ in order)) if isinstance(e, Agg) and e.entity}
    if draft.main in used | counted or not used | counted or used & set(draft.index.bases):
        return draft.main
    conditions = {f.relation for c in draft.where for f in fields_of(c)}
    if draft.main in conditions or any(isinstance(c, Has) for c in draft.where):
        return draft.main
    return sorted(used | counted)[0] if len(used | counted) == 1 else draft.main


def _group_by_order(
    draft: Draft, select: list[Expr], order: list[tuple[Expr, bool]]
) -> tuple[list[tuple[Expr, bool]], list[Expr]]:
    """ "quantity ordered by type": one row needs no order, so the kinds that it was to be sorted by are its groups."""
    keys = [e for e, _ in order if isinstance(e, Col)]
    kinds = all(draft.attribute(e.field).kind in ("text", "bool") for e in keys)
    if not select or not keys or len(keys) < len(order) or not kinds or not all(has_aggregate(e) for e in select):
        return order, []
    draft.order = []
    draft.group += keys
    return [], list(keys)


def _counted(draft: Draft, expression: Expr) -> Expr:
    """Counts of "them" get the table that is meant; rows that stand for several are summed."""
    expression = _tallied(draft, expression)
    if (
        isinstance(expression, Agg)
        and expression.function == "count"
        and expression.over is None
        and not expression.entity
    ):
        others = [t for t in draft.mentioned if t != draft.main and t not in draft.grouped_entities]
        target = draft.main
        if draft.main in draft.grouped_entities and others:
            target = others[0]
        return replace(expression, entity=target)
    if isinstance(expression, Ratio):
        return replace(expression, upper=_counted(draft, expression.upper), lower=_counted(draft, expression.lower))
    if isinstance(expression, Binary):
        return replace(expression, left=_counted(draft, expression.left), right=_counted(draft, expression.right))
    if isinstance(expression, Window) and expression.over is not None:
        return replace(expression, over=_counted(draft, expression.over))
    return expression


def _tallied(draft: Draft, expression: Expr) -> Expr:
    """A table with a column "count" holds tallies: their number is the sum of that column."""
    if isinstance(expression, Agg) and expression.function == "count" and expression.over is None and expression.entity:
        for attribute in draft.entity(expression.entity).attributes.values():
            if attribute.words == ("count",) and attribute.kind == "number":
                return Agg("sum", Col(attribute.field), where=expression.where)
    return expression


def _complete_groups(
    draft: Draft, plain: list[Expr], group: list[Expr], hidden: list[Expr]
) -> tuple[list[Expr], list[Expr]]:
    """Everything shown beside an aggregate is grouped by; the key behind a name keeps equal names apart."""
    group = list(group) + [e for e in plain if e not in group]
    if not draft.group and not draft.grouped_entities:
        for expression in plain:
            if (
                isinstance(expression, Col)
                and expression.field.column in draft.entity(expression.field.relation).display
            ):
                key = draft.key(expression.field.relation)
                if key is not None and Col(key) not in group and Col(key) not in hidden:
                    hidden.append(Col(key))
    return group, hidden


def relate(draft: Draft) -> None:
    """Tables that were only named as related: they must exist for a row to count."""
    touched = {f.relation for c in draft.where for f in fields_of(c)}
    touched |= {h.entity for c in draft.where for h in _has_parts(c)}
    for node in (*draft.select, *draft.group, *(e for e, _ in draft.order)):
        touched |= {f.relation for f in fields_of(node)}
        if isinstance(node, Agg):
            touched.add(node.entity)
    touched |= set(draft.grouped_entities)
    for oid in dict.fromkeys(draft.related):
        if oid in touched or oid == draft.main:
            continue
        path = draft.graph.path(draft.main, oid, draft.index)
        if path is None:
            draft.evidence.unused += 1
            continue
        if not any(_beyond(draft, t, oid) for t in touched if t != draft.main):
            draft.where.append(Has(oid, anchor=_counted_on_the_way(draft, path)))


def _counted_on_the_way(draft: Draft, path: tuple[Edge, ...]) -> int:
    """ "who sold the most houses": it is the houses counted that must be sold; 0 when none of the way are counted."""
    said = (*draft.select, *(e for e, _ in draft.order), *(c.left for c in draft.having if isinstance(c, Compare)))
    counted = {e.entity for e in said if isinstance(e, Agg) and e.over is None and e.entity}
    return next((e.right.relation for e in reversed(path[:-1]) if e.right.relation in counted), 0)


def _beyond(draft: Draft, touched: int, related: int) -> bool:
    """Whether the way to a table already used leads through the related one."""
    path = draft.graph.path(draft.main, touched, draft.index)
    return path is not None and any(edge.right.relation == related for edge in path)


def _has_parts(condition: Cond) -> list[Has]:
    if isinstance(condition, Has):
        return [condition]
    if isinstance(condition, Either | Both):
        return [h for part in condition.parts for h in _has_parts(part)]
    if isinstance(condition, Not):
        return _has_parts(condition.part)
    return []


def _intersections(block: Block) -> Block:
    """ "founded before 2003 and after 2003": no single row can do both, so two sets meet."""
    comparisons = [c for c in block.where if isinstance(c, Compare) and isinstance(c.left, Col) and c.right is None]
    for position, one in enumerate(comparisons):
        for other in comparisons[position + 1 :]:
            if one.left == other.left and _contradict(one, other) and not block.group and not block.order:
                rest = tuple(c for c in block.where if c is not one and c is not other)
                plain = all(isinstance(e, Col) for e in block.select)
                if plain:
                    left = block.with_(where=(*rest, one), distinct=False)
                    right = block.with_(where=(*rest, other), distinct=False)
                    return left.with_(combine=("INTERSECT", right))
    return block


def _set_difference(draft: Draft, block: Block) -> Block:
    """ "countries that are not playing …": values for which no row does, not rows that do not."""
    negated = [c for c in block.where if isinstance(c, Has) and c.negated and not c.operator]
    plain = block.select and all(isinstance(e, Col) and e.field.relation == block.entity for e in block.select)
    keys = {Col(f) for f in [draft.key(block.entity)] if f is not None}
    if (
        len(negated) != 1
        or not plain
        or draft.owned_output
        or draft.default_display
        or block.group
        or block.order
        or keys & set(block.select)
    ):
        return block
    rest = tuple(c for c in block.where if c is not negated[0])
    positive = Has(negated[0].entity, negated[0].where, anchor=negated[0].anchor)
    return block.with_(where=rest, combine=("EXCEPT", block.with_(where=(*rest, positive))))


def _contradict(one: Compare, other: Compare) -> bool:
    if one.operator == other.operator == "=":
        return not set(one.values) & set(other.values)
    if {one.operator, other.operator} <= {"<", ">", "<=", ">="} and one.operator[0] != other.operator[0]:
        low, high = (one, other) if one.operator[0] == "<" else (other, one)
        try:
            return float(low.values[0]) <= float(high.values[0])
        except ValueError:
            return False
    return False
