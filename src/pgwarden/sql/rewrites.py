"""Every way that pgwarden knows to write a read better, tried on one statement."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from copy import deepcopy
from typing import NamedTuple

from pgwarden.domain.advice import Purpose, Rewrite
from pgwarden.domain.catalog import Catalog
from pgwarden.sql.parse import Node, parse
from pgwarden.sql.rewriting import (
    cast_date,
    coalesced,
    counted_existence,
    distinct_before_count,
    distinct_or_group,
    extracted_year,
    filtered_aggregates,
    grouped_before_join,
    grouped_scalar,
    in_subquery,
    lateral_top,
    listed_or,
    moved_arithmetic,
    needless_distinct,
    needless_order,
    truncated_date,
    union_all,
    union_for_or,
    unused_cte,
    unused_join,
    windowed_extreme,
)
from pgwarden.sql.rewriting.level import Level, levels
from pgwarden.sql.rewriting.tree import SELECT, statement_text

LONGEST = 20_000
"""Characters; longer statements are lists of values rather than something to rewrite."""


class Rule(NamedTuple):
    """One way to write a query level better."""

    code: str
    reason: str
    apply: Callable[[Level, str], bool]
    """(level, time zone) → whether the level was rewritten, in place."""


_TRUNCATED_DATE = Rule(truncated_date.CODE, truncated_date.REASON, truncated_date.apply)
_CAST_DATE = Rule(cast_date.CODE, cast_date.REASON, cast_date.apply)
_EXTRACTED_YEAR = Rule(extracted_year.CODE, extracted_year.REASON, extracted_year.apply)
_COALESCED = Rule(coalesced.CODE, coalesced.REASON, coalesced.apply)
_MOVED_ARITHMETIC = Rule(moved_arithmetic.CODE, moved_arithmetic.REASON, moved_arithmetic.apply)
_LISTED_OR = Rule(listed_or.CODE, listed_or.REASON, listed_or.apply)
_COUNTED_EXISTENCE = Rule(counted_existence.CODE, counted_existence.REASON, counted_existence.apply)
_IN_SUBQUERY = Rule(in_subquery.CODE, in_subquery.REASON, in_subquery.apply)
_NEEDLESS_DISTINCT = Rule(needless_distinct.CODE, needless_distinct.REASON, needless_distinct.apply)
_NEEDLESS_ORDER = Rule(needless_order.CODE, needless_order.REASON, needless_order.apply)
_UNION_ALL = Rule(union_all.CODE, union_all.REASON, union_all.apply)
_UNUSED_JOIN = Rule(unused_join.CODE, unused_join.REASON, unused_join.apply)
_UNUSED_CTE = Rule(unused_cte.CODE, unused_cte.REASON, unused_cte.apply)
FASTER = (
    _TRUNCATED_DATE,
    _CAST_DATE,
    _EXTRACTED_YEAR,
    _COALESCED,
    _MOVED_ARITHMETIC,
    _LISTED_OR,
    _COUNTED_EXISTENCE,
    _IN_SUBQUERY,
    _NEEDLESS_DISTINCT,
    _NEEDLESS_ORDER,
    _UNION_ALL,
    _UNUSED_JOIN,
)
SHAPES: tuple[tuple[str, Callable[[Level, str], str]], ...] = (
    (grouped_before_join.CODE, grouped_before_join.apply),
    (grouped_scalar.CODE, grouped_scalar.apply),
    (windowed_extreme.CODE, windowed_extreme.apply),
    (lateral_top.CODE, lateral_top.apply),
    (filtered_aggregates.CODE, filtered_aggregates.apply),
    (distinct_before_count.CODE, distinct_before_count.apply),
    (union_for_or.CODE, union_for_or.apply),
    (distinct_or_group.CODE, distinct_or_group.apply),
)
"""Ways to give a query level another shape; each says what it did, or '' where it does not apply."""
SIMPLER = (_UNUSED_CTE, _UNUSED_JOIN, _NEEDLESS_DISTINCT, _NEEDLESS_ORDER, _LISTED_OR)


def rewrites(sql: str, catalog: Catalog, *, zone: str = "") -> tuple[Rewrite, ...]:
    """The statement by each rule that applies, all of these together, a simpler version, and other shapes.

    Each gives the same rows.

    ``zone``: the IANA time zone that the statement will run in; '' leaves conditions on timestamptz columns alone.
    Raises StatementInvalid. Anything but one SELECT gives nothing.
    """
    statements = parse(sql).statements if len(sql) <= LONGEST else ()
    if len(statements) != 1 or SELECT not in statements[0]["stmt"] or "intoClause" in statements[0]["stmt"][SELECT]:
        return ()
    if catalog.search_path[:1] != ("pg_catalog",):  # operators and functions may be other ones than they look
        return ()
    tree = statements[0]["stmt"]
    single = [found for rule in FASTER if (found := _rewritten(tree, catalog, zone, [rule], rule.code))]
    combined = _rewritten(tree, catalog, zone, FASTER, "combined") if len(single) > 1 else None
    simpler = _rewritten(tree, catalog, zone, SIMPLER, "simpler", Purpose.SIMPLER)
    shapes = [found for code, apply in SHAPES if (found := _reshaped(tree, catalog, zone, code, apply))]
    return tuple(_unlike([*([combined] if combined else []), *single, *([simpler] if simpler else []), *shapes]))


def _rewritten(
    tree: Node, catalog: Catalog, zone: str, rules: Iterable[Rule], code: str, purpose: Purpose = Purpose.FASTER
) -> Rewrite | None:
    new, reasons = deepcopy(tree), []
    for rule in rules:
        applied = [rule.apply(level, zone) for level in levels(catalog, new)]
        if any(applied):
            reasons.append(rule.reason)
    return Rewrite(code, statement_text(new), tuple(reasons), purpose) if reasons else None


def _reshaped(tree: Node, catalog: Catalog, zone: str, code: str, apply: Callable[[Level, str], str]) -> Rewrite | None:
    """The statement with its outermost level that takes the shape rewritten."""
    new = deepcopy(tree)
    reason = next((said for level in levels(catalog, new) if (said := apply(level, zone))), "")
    return Rewrite(code, statement_text(new), (reason,), Purpose.SHAPE) if reason else None


def _unlike(found: Iterable[Rewrite]) -> Iterator[Rewrite]:
    """Each text once, under its first name."""
    seen: set[tuple[str, Purpose]] = set()
    for rewrite in found:
        if (rewrite.sql, rewrite.purpose) not in seen:
            seen.add((rewrite.sql, rewrite.purpose))
            yield rewrite
