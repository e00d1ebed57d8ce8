"""Aggregates: average age, minimum and maximum price, total revenue, duration."""

from __future__ import annotations

from pgwarden.language.draft import Draft
from pgwarden.language.durations import timespan
from pgwarden.language.forms import Agg, Col, fields_of, has_aggregate
from pgwarden.language.index import Field
from pgwarden.language.lexicon import AGGREGATES
from pgwarden.language.outputs import DETERMINERS, owner_after, show
from pgwarden.language.sums import spent_on, total_of
from pgwarden.language.worth import REVENUE_WORDS, money_column


def aggregate(draft: Draft, position: int) -> int | None:
    """average age; minimum and maximum price; total sales of …"""
    functions: list[str] = []
    at = position
    if _one_more_column(draft, position):
        return None
    while draft.is_word(at, *AGGREGATES) or (
        functions and draft.is_word(at, "and", ",", "as", "well", "the", "value", "values", "of", "all", "or")
    ):
        if draft.is_word(at, *AGGREGATES):
            functions.append(AGGREGATES[draft.word(at)])
        at += 1
    if not functions and draft.is_word(
        position, "highest", "largest", "lowest", "smallest", "greatest", "biggest", "earliest", "latest"
    ):
        return _extreme(draft, position)
    if not functions and (summed := _named_total(draft, position)) is not None:
        return summed
    if not functions and draft.projecting and not draft.is_word(position - 1, "by"):
        return _earned(draft, position, ["sum"])
    if not functions:
        return None
    at = draft.skip(at, *DETERMINERS, "number" if functions[-1] != "sum" else "the", "combined")
    if draft.is_word(at, "amount", "value", "sum") and draft.is_word(at + 1, "of", "in", "for"):
        counted, said = draft.skip(at + 1, *DETERMINERS), draft.item(at)
        holder = draft.table(counted)
        if not (holder and said is not None and draft.has_column(said, holder, 0.6)):
            at = counted
    revenue = _earned(draft, at, functions)
    if revenue is not None:
        return revenue
    spent = spent_on(draft, at) if functions == ["sum"] else None
    if spent is not None:
        return spent
    span = timespan(draft, at, functions)
    if span is not None:
        return span
    totals = total_of(draft, at, functions)
    if totals is not None:
        return totals
    if functions == ["sum"] and draft.is_word(at, "number", "count"):
        return None
    item = draft.item(at)
    if item is None:
        return None
    if draft.is_word(at, "count", "number") and draft.is_word(at + 1, "of"):
        return None
    owner = draft.table(at)
    following = draft.item(at + 1)
    if (
        owner
        and functions
        and draft.is_word(at + 1, "amount", "revenue", "value", "volume", "amounts")
        and not (following and draft.has_column(following, owner, 0.6))
    ):
        worth = money_column(draft, within=owner)
        if worth is not None:
            draft.mention(owner)
            for function in dict.fromkeys(functions):
                show(draft, Agg(function, worth))
            return at + 2
    if owner and following is not None and following.columns and following.start == item.end:
        draft.mention(owner)
        item, at = following, at + 1
    elif owner and not draft.has_column(item, draft.main or owner, 0.8):
        if functions == ["sum"]:
            draft.mention(owner)
            show(draft, Agg("count", None, owner))
            return at + 1
        return None
    if not item.columns:
        return None
    owner = owner or owner_after(draft, at)
    columns = [draft.column(item, owner, "" if set(functions) <= {"min", "max"} else "number", measuring=True)]
    end = at + 1
    while draft.is_word(end, "and", ",") and draft.projecting:
        nearby = draft.skip(end, "and", ",", "the")
        more = draft.item(nearby)
        if more is None or not more.columns or draft.table(nearby) or draft.word(nearby) in AGGREGATES:
            break
        column = draft.column(more, owner, "number", note=False)
        if column is None or draft.attribute(column).kind != "number" or draft.attribute(column).identifier:
            break
        columns.append(column)
        end = nearby + 1
    chosen = [c for c in columns if c is not None]
    for column in chosen:
        for function in dict.fromkeys(functions):
            if function in ("avg", "sum", "median") and not numeric(draft, column):
                return None
            show(draft, Agg(function, Col(column)))
        draft.focus = column.relation
    return end if chosen else None


def _one_more_column(draft: Draft, position: int) -> bool:
    """ "the id and total of orders": after another column of the same table, a column that is called just so."""
    item, owner = draft.item(position), owner_after(draft, position)
    if item is None or not owner or not draft.select or not draft.is_word(position - 1, "and", ","):
        return False
    if any(draft.is_word(later, "by", "per", "each") for later in range(position, len(draft.items))):
        return False
    beside = all(isinstance(shown, Col) and shown.field.relation == owner for shown in draft.select)
    return beside and any(link.score >= 1 and link.relation == owner for link in item.columns)


def _named_total(draft: Draft, position: int) -> int | None:
    """ "what is the total price of …" where a column is just so called: its sum, for more than one row is meant."""
    item = draft.item(position)
    if item is None or item.tokens[0].lower != "total" or len(item.tokens) < 2 or not draft.projecting or draft.select:
        return None
    owner = owner_after(draft, position)
    column = draft.column(item, owner, "number") if item.columns and not draft.table(position) else None
    if column is None or not draft.is_word(position - 1, "the") or not owner or not numeric(draft, column):
        return None
    show(draft, Agg("sum", Col(column)))
    draft.focus = column.relation
    if not draft.main:
        draft.mention(column.relation)
    return position + 1


def _earned(draft: Draft, at: int, functions: list[str]) -> int | None:
    """ "total revenue": the sum of the money column of the sales, orders or payments spoken of."""
    item = draft.item(at)
    if item is None or item.lemma not in REVENUE_WORDS or draft.table(at):
        return None
    if any(link.score > 0.9 for link in item.columns):
        return None
    column = money_column(draft)
    if column is None:
        return None
    for function in dict.fromkeys(functions):
        show(draft, Agg(function, column))
    relation = next(iter(fields_of(column))).relation
    draft.focus = relation
    if not draft.main:
        draft.mention(relation)
    draft.evidence.guesses.append(f"{item.text} is {' × '.join(sorted(draft.qualified(f) for f in fields_of(column)))}")
    return draft.skip(at + 1, "amount", "amounts")


GRADED = ("rated", "paid", "ranked", "scoring", "selling", "priced", "scored", "grossing")
"""Participles that "highest", "best" and "top" stand before: "highest paid" is no maximum of a column "paid"."""
_PERIODIC = {
    "daily": "day",
    "weekly": "week",
    "monthly": "month",
    "quarterly": "quarter",
    "yearly": "year",
    "annual": "year",
}


def periodic(draft: Draft, position: int) -> int | None:
    """ "monthly revenue", "total quarterly sales": grouped by that unit."""
    unit = _PERIODIC.get(draft.word(position))
    item = draft.item(position)
    if (
        unit is None
        or item is None
        or any(link.score > 0.6 and draft.attribute(link.field).kind == "number" for link in item.columns)
    ):
        return None
    draft.units.append(unit)
    return position + 1


def numeric(draft: Draft, column: Field) -> bool:
    """A number, or a text whose known values are all numbers."""
    attribute = draft.attribute(column)
    if attribute.kind == "number":
        return not attribute.identifier
    stored = draft.linker.values.values(column.relation, column.column) if attribute.kind == "text" else ()
    return bool(stored) and all(v.replace(".", "", 1).lstrip("-").isdigit() for v in stored[:50])


def _extreme(draft: Draft, position: int) -> int | None:
    """ "what is the highest salary": a maximum, when no row of something is asked for."""
    if (
        not draft.projecting
        or draft.is_word(position - 1, "with", "has", "have", "having", "had")
        or draft.is_word(position - 2, "with", "has", "have", "having", "had")
    ):
        return None
    at = draft.skip(position + 1, "total")
    if draft.is_word(at, *GRADED):
        return None
    item = draft.item(at)
    owner = draft.table(at)
    following = draft.item(at + 1)
    adjacent = item is not None and following is not None and following.start == item.end
    if owner and adjacent and following is not None and draft.has_column(following, owner, 0.8):
        at, item = at + 1, following
    if item is None or not item.columns or draft.table(at):
        return None
    if draft.select and not all(has_aggregate(e) for e in draft.select):
        return None
    column = draft.column(item, owner_after(draft, at), "", note=False)
    if column is None or draft.attribute(column).kind not in ("number", "time") or draft.attribute(column).identifier:
        return None
    low = draft.word(position) in ("lowest", "smallest", "earliest")
    show(draft, Agg("min" if low else "max", Col(column)))
    return at + 1
