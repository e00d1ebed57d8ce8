"""Ratios and percentages: "ratio of A to B", "percentage of X that …", "proportion of X among all Y"."""

from __future__ import annotations

from dataclasses import replace

from pgwarden.language.draft import Draft
from pgwarden.language.forms import Agg, Block, Col, Compare, Cond, Expr, Has, Period, Ratio, Scalar, fields_of
from pgwarden.language.sums import added_up
from pgwarden.language.tokens import Kind, Token

_WORDS = {"ratio": 1, "proportion": 1, "fraction": 1, "percentage": 100, "percent": 100, "share": 1}
_DIVIDERS = (
    ("to",),
    ("out", "of"),
    ("over",),
    ("among",),
    ("versus",),
    ("vs",),
    ("relative", "to"),
    ("compared", "to"),
    ("and",),
)


def find_ratio(tokens: tuple[Token, ...]) -> tuple[int, int] | None:
    """(position after "ratio of", factor), or None when the sentence speaks of none."""
    for position, token in enumerate(tokens[:-2]):
        if token.lower in _WORDS and tokens[position + 1].lower in ("of", "between"):
            if token.lower == "share" and position > 3:
                continue
            return position + 2, _WORDS[token.lower]
    return None


def divide(tokens: tuple[Token, ...]) -> tuple[tuple[Token, ...], tuple[Token, ...]]:
    """The two sides of a quotient; the second is empty for "percentage of X that …"."""
    for divider in _DIVIDERS:
        size = len(divider)
        for position in range(1, len(tokens) - size):
            if tuple(t.lower for t in tokens[position : position + size]) != divider:
                continue
            previous, following = tokens[position - 1].lower, tokens[position + size].lower
            if divider == ("over",) and tokens[position + 1].kind is Kind.NUMBER:
                continue  # "a price over 100"
            if divider == ("to",) and (
                previous in ("up", "equal", "due", "according", "related", "belong", "belongs") or following.isdigit()
            ):
                continue
            return tokens[:position], tokens[position + size :]
    return tokens, ()


def count_of(draft: Draft) -> tuple[Expr | None, tuple[Cond, ...]]:
    """What one side counts, and the conditions on it."""
    wanted: Expr | None = next((e for e in draft.select if isinstance(e, Agg)), None)
    shown = draft.select[0] if len(draft.select) == 1 else None
    if isinstance(shown, Col) and added_up(draft.attribute(shown.field)):
        wanted = Agg("sum", shown)  # "litres sold to litres bought"
    if wanted is None and draft.main:
        wanted = Agg("count", None, draft.main)
    if isinstance(wanted, Agg) and wanted.over is None and not wanted.entity and draft.main:
        wanted = Agg("count", None, draft.main)
    return wanted, tuple(draft.where)


def combine(
    upper: tuple[Expr | None, tuple[Cond, ...]], lower: tuple[Expr | None, tuple[Cond, ...]], factor: int, main: int
) -> tuple[Expr, tuple[Cond, ...]] | None:
    """The quotient and the conditions that hold for both sides.

    Sides over one table become FILTER clauses in one pass; sides over different tables become sub-queries.
    """
    first, above = upper
    second, below = lower
    if not isinstance(first, Agg) or not isinstance(second, Agg):
        return None
    if _rows_of(first) != _rows_of(second) and 0 not in (_rows_of(first), _rows_of(second)):
        return Ratio(_scalar(first, above), _scalar(second, below), factor), ()
    shared = tuple(c for c in below if c not in above and _elsewhere(c, above))
    own_below = tuple(c for c in below if c not in shared and c not in above)
    common = tuple(c for c in above if c in below)
    own_above = tuple(c for c in above if c not in common)
    if not own_above and not own_below and not common and not shared:
        return None
    top = Agg(first.function, first.over, first.entity or main, first.distinct, own_above)
    bottom = Agg(second.function, second.over, second.entity or main, second.distinct, own_below)
    return Ratio(top, bottom, factor), (*shared, *common)


def each_once(draft: Draft, node: Expr) -> Expr:
    """ "percentage of owners with a claim over 50": a test of an owner's many claims is no join, which would leave out
    the owners without any."""
    if isinstance(node, Ratio):
        return Ratio(each_once(draft, node.upper), each_once(draft, node.lower), node.factor)
    if not isinstance(node, Agg) or node.over is not None or not node.entity:
        return node
    return replace(node, where=tuple(_tested_apart(draft, node.entity, c) for c in node.where))


def _tested_apart(draft: Draft, entity: int, condition: Cond) -> Cond:
    relations = {f.relation for f in fields_of(condition)} - {entity}
    path = draft.graph.path(entity, next(iter(relations)), draft.index) if len(relations) == 1 else None
    if not path or not isinstance(condition, Compare | Period) or all(edge.to_one for edge in path):
        return condition
    return Has(next(iter(relations)), (condition,), anchor=entity)


def _rows_of(node: Agg) -> int:
    """The table whose rows an aggregate is taken over."""
    return node.entity or next(iter(sorted(f.relation for f in fields_of(node.over))), 0)


def _scalar(node: Agg, where: tuple[Cond, ...]) -> Scalar:
    return Scalar(Block(_rows_of(node), (node,), where))


def _elsewhere(condition: Cond, others: tuple[Cond, ...]) -> bool:
    """A condition of the second side on columns that the first side does not restrict belongs to both ("… in Ohio")."""
    if not others:
        return False
    mine = fields_of(condition)
    if isinstance(condition, Has):
        return not any(isinstance(other, Has) and other.entity == condition.entity for other in others)
    theirs = set().union(*(fields_of(c) for c in others))
    return not mine & theirs


def share_of_total(draft: Draft, factor: int = 1, where: tuple[Cond, ...] = ()) -> Expr | None:
    """ "the ratio of X in each Y to all X": a group's count over the count of all, those that ``where`` keeps."""
    if not draft.main:
        return None
    total = Scalar(Block(draft.main, (Agg("count", None, draft.main),), where))
    return Ratio(Agg("count", None, draft.main), total, factor)


def is_column_equal(condition: Cond) -> bool:
    """Whether a condition is a plain equality on a column."""
    return isinstance(condition, Compare) and isinstance(condition.left, Col) and condition.operator == "="
