"""Order: sorted by X descending, alphabetically, newest first."""

from __future__ import annotations

from pgwarden.language.draft import Draft
from pgwarden.language.forms import Agg, Bucket, Col, Expr, Length, Window, fields_of, has_aggregate
from pgwarden.language.lexicon import AGGREGATES, RECENCY, SUPERLATIVES
from pgwarden.language.outputs import show_entity, verbal
from pgwarden.language.periods import main_time
from pgwarden.language.sums import amount_of
from pgwarden.language.worth import REVENUE_WORDS, money_column

_SORT = (
    "order",
    "ordered",
    "sort",
    "sorted",
    "ordering",
    "arrange",
    "arranged",
    "rank",
    "ranked",
    "sorting",
    "listed",
    "starting",
)


_DOWN = ("descending", "desc", "decreasing", "reverse", "largest", "highest", "most", "newest", "latest", "oldest",
         "greatest", "biggest",
         "longest", "best")  # fmt: skip


_UP = ("ascending", "asc", "increasing", "alphabetical", "alphabetically", "chronological", "chronologically",
       "lexicographical",
       "lexicographically", "smallest", "lowest", "least", "earliest", "youngest", "shortest", "fewest")  # fmt: skip


def ranking(draft: Draft, position: int) -> int | None:
    """ "rank the sellers by total sales": all of them, best first, with the measure and their ranks."""
    table_at = draft.skip(position + 1, "the", "all", "our")
    table, by = draft.table(table_at), draft.skip(table_at + 1, "according", "based", "on", "in", "terms", "of", "to")
    by = by if by > table_at + 1 else table_at + 1 + draft.is_word(table_at + 1, "by")
    if position or not draft.is_word(position, "rank") or not table or by == table_at + 1:
        return None
    draft.mention(table)
    found = sort_key(draft, draft.skip(by, "the", "their", "its"))
    if found is None:
        return None
    key = summed(draft, found[0])
    show_entity(draft, table)
    draft.default_display = False
    draft.select += [key, Window("rank", None, (), ((key, True),))]
    draft.order.append((key, True))
    draft.projecting = False
    return found[1]


def summed(draft: Draft, key: Expr) -> Expr:
    """ "top 5 customers by amount": many amounts for each, so their sum."""
    if isinstance(key, Col) and draft.main and key.field.relation != draft.main and many(draft, key.field.relation):
        attribute = draft.attribute(key.field)
        if attribute.kind == "number" and not attribute.identifier:
            return Agg("sum", key)
    return key


def many(draft: Draft, oid: int) -> bool:
    """Whether each row of the main table may meet several rows of another."""
    path = draft.graph.path(draft.main, oid, draft.index)
    return bool(path) and any(not edge.to_one for edge in path or ())


def ordering(draft: Draft, position: int) -> int | None:
    """ordered by X descending; in ascending order of X; alphabetically; from the oldest to the youngest."""
    at = position
    if (
        draft.is_word(at, "in")
        and draft.is_word(at + 1, *_DOWN, *_UP)
        and draft.is_word(draft.skip(at + 2, "alphabetical", "numerical"), "order")
    ):
        return _keys(draft, at, None)
    if draft.is_word(at, "alphabetically", "chronologically"):
        return _keys(draft, at, None)
    if draft.is_word(at, *_FIRST) and draft.is_word(at + 1, "first"):
        return _first(draft, at)
    if not draft.is_word(at, *_SORT) or (
        draft.item(at) is not None and draft.items[at].tables and position and not draft.is_word(at + 1, "by")
    ):
        return None
    starting = draft.is_word(at, "starting", "listed", "ranked", "rank", "arrange", "arranged") or (
        position > 0 and draft.is_word(at, "order", "ordered", "sorted")
    )
    if (
        starting
        and not draft.is_word(
            at + 1,
            "from",
            "with",
            "by",
            "in",
            "alphabetically",
            "according",
            "on",
            "descending",
            "ascending",
            "the",
            "results",
            "result",
            "them",
            "it",
            "chronologically",
            "based",
        )
    ) or (
        draft.is_word(at, "listed", "arranged", "arrange")
        and draft.is_word(at + 1, "in", "on", "the")
        and not draft.is_word(at + 2, *_DOWN, *_UP, "order", "reverse")
    ):
        return None
    if (
        draft.is_word(at, "starting")
        and draft.item(at + 2) is not None
        and not draft.is_word(draft.skip(at + 2, "the"), *_DOWN, *_UP)
    ):
        return None
    return _keys(draft, at + 1, None)


_FIRST = ("newest", "oldest", "latest", "highest", "lowest", "largest", "smallest", "most", "fewest", "biggest",
          "least", "earliest", "busiest")  # fmt: skip


def _first(draft: Draft, at: int) -> int | None:
    word = draft.word(at)
    key: Expr | None = None
    aggregates = [e for e in draft.select if has_aggregate(e)]
    counted = bool(draft.group or draft.grouped_entities)
    if word not in RECENCY:
        key = aggregates[-1] if aggregates else Agg("count", None, draft.main) if counted else _last_number(draft)
    if key is None:
        key = graded_column(draft, word, draft.main)
    if key is None:
        return None
    draft.order.append((key, word in ("newest", "latest", "highest", "largest", "most", "biggest", "busiest")))
    return at + 2


def _last_number(draft: Draft) -> Expr | None:
    for expression in reversed(draft.select):
        if isinstance(expression, Col) and draft.attribute(expression.field).kind == "number":
            return expression
    return None


_NOISE = ("the", "results", "result", "them", "it", "by", "in", "order", "of", "according", "to", "on", "based",
          "their", "its", "his", "her", "list", "output",
          "with", "from", "using", "values", "value", "a", "and", "rows", "records", "names", "all",
          "major")  # fmt: skip


def _keys(draft: Draft, at: int, _: None) -> int | None:
    """Reads sort keys and directions up to the end of the clause."""
    keys: list[Expr] = []
    down: bool | None = None
    superlative = ""
    limit = len(draft.items)
    while at < limit:
        if draft.is_word(at, *_DOWN):
            down = True if down is None else down
            superlative = superlative or draft.word(at)
            at += 1
        elif draft.is_word(at, *_UP):
            down = False if down is None else down
            superlative = superlative or draft.word(at)
            if draft.is_word(at, "alphabetically", "alphabetical") and not keys:
                key = _alphabetical(draft, at)
                if key is not None:
                    keys.append(key)
                    superlative = ""
            at += 1
        elif draft.is_word(at, "first", "last") and keys:
            at += 1
        elif draft.is_word(at, ",", "and", "then") and keys and down is not None:
            break
        elif (key_end := sort_key(draft, at)) is not None:
            key, at = key_end
            if key not in keys:
                keys.append(key)
        elif draft.is_word(at, *_NOISE) or draft.is_word(at, ","):
            at += 1
        else:
            break
    if (
        not keys
        and superlative
        and (key_ := graded_column(draft, superlative, draft.main) or _aggregate_shown(draft) or _last_number(draft))
    ):
        keys = [key_]
        if superlative in ("oldest",) and isinstance(key_, Col):
            down = draft.attribute(key_.field).kind != "time"
        if superlative == "youngest" and isinstance(key_, Col):
            down = draft.attribute(key_.field).kind == "time"
    if not keys and draft.order and down is not None:
        draft.order = [(key, down) for key, _ in draft.order]
        return at
    if not keys and draft.select:
        keys = [_aggregate_shown(draft) or draft.select[0]]
    if not keys:
        return None
    if draft.limit == 1 and any(key == earlier for key in keys for earlier, _ in draft.order):
        draft.limit, draft.order = None, []
    draft.order += [(key, bool(down)) for key in keys]
    draft.projecting = False
    return at


def _aggregate_shown(draft: Draft) -> Expr | None:
    return next((e for e in reversed(draft.select) if has_aggregate(e)), None)


def _alphabetical(draft: Draft, at: int) -> Expr | None:
    """What "alphabetically" sorts: the key named after it, or the first text shown."""
    following = draft.skip(at + 1, "order", "of", "by", "the", "on", "in", "their")
    item = draft.item(following)
    if item is not None and (item.columns or draft.table(following)):
        return None
    return next((e for e in draft.select if isinstance(e, Col) and draft.attribute(e.field).kind == "text"), None)


def sort_key(draft: Draft, at: int) -> tuple[Expr, int] | None:
    """What is sorted by, and where the clause goes on; None when nothing here can be."""
    if _participle(draft, at):
        at += 1
    if draft.is_word(at, "length") and draft.is_word(at + 1, "of"):
        inner = draft.skip(at + 2, "the")
        found = sort_key(draft, inner)
        return (Length(found[0]), found[1]) if found else None
    counted = counted_key(draft, at)
    if counted is not None:
        return counted
    before = next((e for e in reversed(draft.shown_before) if has_aggregate(e)), None)
    if before is not None and draft.is_word(at, *AGGREGATES, "count", "amount", "number"):
        following = draft.item(at + 1)
        if following is None or not following.named:
            return before, at + 1
    if draft.is_word(at, *AGGREGATES):
        inner = draft.skip(at + 1, "of", "the", "number")
        item = draft.item(inner)
        owner = draft.table(inner)
        if owner and draft.is_word(inner + 1, "count", "counts"):
            return Agg("count", None, owner), inner + 2
        if (
            owner
            and draft.is_word(inner + 1, "amount", "revenue", "value", "volume")
            and not draft.has_column(draft.items[inner + 1], owner, 0.6)
        ):
            worth = money_column(draft, within=owner)
            if worth is not None:
                draft.focus = owner
                return Agg(AGGREGATES[draft.word(at)], worth), inner + 2
        if (
            item is not None
            and draft.table(inner)
            and draft.item(inner + 1) is not None
            and draft.items[inner + 1].columns
        ):
            item, inner = draft.items[inner + 1], inner + 1
        worth = amount_of(draft, owner, named=True) if owner else None
        if worth is not None:
            draft.focus = owner
            return Agg(AGGREGATES[draft.word(at)], worth), inner + 1
        if item is not None and item.columns:
            column = draft.column(item, 0, "number")
            measure = draft.attribute(column) if column is not None else None
            if column is not None and measure is not None and measure.kind == "number" and not measure.identifier:
                draft.focus = column.relation
                return Agg(AGGREGATES[draft.word(at)], Col(column)), inner + 1
        if (
            item is not None
            and item.lemma in ("revenue", "turnover", "earning", "income", "spending")
            and (earned := money_column(draft)) is not None
        ):
            draft.focus = next(iter(fields_of(earned))).relation
            return Agg(AGGREGATES[draft.word(at)], earned), inner + 1
        if owner and draft.is_word(at, "total", "overall", "combined") and owner != draft.main:
            return Agg("count", None, owner), inner + 1  # "by total orders"
        return None
    if draft.is_word(
        at, "count", "counts", "frequency", "total", "sum", "amount", "ratio", "difference", "number"
    ) and not (draft.item(at) and draft.items[at].columns and draft.items[at].column_score() > 0.95):
        shown = _aggregate_shown(draft)
        if shown is not None:
            return shown, at + 1
        if draft.is_word(at, "count", "counts", "frequency"):
            return Agg("count", None, draft.main), at + 1
    if draft.word(at) in draft.metrics:
        return draft.metrics[draft.word(at)], at + 1
    item = draft.item(at)
    if item is None or not item.named or draft.is_word(at, "order", "list"):
        return None
    if item.lemma == "name" and draft.items[at - 1].end == item.start and draft.items[at - 1].columns:
        return None
    table = draft.table(at)
    following = draft.item(at + 1)
    if following is not None and following.lower == "'s":
        following, at = draft.item(at + 2), at + 1
    if (
        table
        and following is not None
        and following.columns
        and draft.has_column(following, table, 0.42)
        and following.start == draft.items[at].end
    ):
        column = draft.column(following, table)
        return (Col(column), at + 2) if column is not None else None
    shown_unit = next(
        (e for e in (*draft.group, *draft.select) if isinstance(e, Bucket) and e.unit == item.lemma), None
    )
    if shown_unit is not None:
        return shown_unit, at + 1
    if item.lemma in REVENUE_WORDS and not table and not any(link.score > 0.9 for link in item.columns):
        earned = money_column(draft)
        if earned is not None:
            draft.focus = next(iter(fields_of(earned))).relation
            return Agg("sum", earned), at + 1
    if item.columns and (not table or draft.has_column(item, draft.main, 0.9)):
        column = draft.column(item, draft.main if draft.is_word(at - 1, "their", "its", "his", "her") else 0)
        if column is not None:
            shown = next((e for e in draft.select if isinstance(e, Agg) and e.over == Col(column)), None)
            return shown or Col(column), at + 1
    if table:
        numbered = next((e for e in draft.select if isinstance(e, Agg) and e.over is None and e.entity == table), None)
        path = draft.graph.path(draft.main, table, draft.index) if draft.main else None
        if numbered is None and path and any(not edge.to_one for edge in path):
            return Agg("count", None, table), at + 1  # "by orders": how many of them
        return numbered or Col(draft.displays(table)[0]), at + 1
    return None


def _participle(draft: Draft, at: int) -> bool:
    """ "by delivered amount": said of the column that follows, and no column of its own."""
    item, following = draft.item(at), draft.item(at + 1)
    if item is None or following is None or not following.columns or following.start != item.end:
        return False
    return len(item.tokens) == 1 and item.lower.endswith("ed") and verbal(item) and not item.tables


def counted_key(draft: Draft, at: int) -> tuple[Expr, int] | None:
    start = draft.skip(at, "total")
    if not (draft.is_word(start, "number", "count") and draft.is_word(start + 1, "of")):
        return None
    inner = draft.skip(start + 2, "the", "different", "distinct", "unique", "all", "their", "its")
    table = draft.table(inner)
    if table:
        shown = next(
            (e for e in draft.select if isinstance(e, Agg) and e.function == "count" and e.entity == table), None
        )
        return shown or Agg("count", None, table), inner + 1
    item = draft.item(inner)
    if item is not None and item.columns:
        column = draft.column(item, 0, "number")
        if column is not None and draft.attribute(column).kind == "number" and not draft.attribute(column).identifier:
            return Col(column), inner + 1
        if column is not None:
            return Agg("count", Col(column), distinct=True), inner + 1
    shown_any = _aggregate_shown(draft)
    return (shown_any, inner + 1) if shown_any is not None else None


def graded_column(draft: Draft, word: str, oid: int) -> Expr | None:
    entry = SUPERLATIVES.get(word)
    if entry is None or not oid:
        return None
    found = [
        a for a in draft.index.columns_like(oid, entry[0]) if not a.identifier and a.kind in ("number", "time", "text")
    ]
    found = [
        a
        for a in found
        if a.kind != "text"
        or any(w in a.words for w in ("age", "year", "price", "rating", "date", "cost", "length", "weight", "height"))
    ]
    if word in RECENCY and word != "oldest":
        found = [a for a in found if "birth" not in a.words]
    dated = [a for a in found if a.kind == "time"]
    if word in RECENCY and len(dated) == len(found) != 1 and not (word == "oldest" and draft.entity(oid).person):
        time = main_time(draft, oid)
        return Col(time.field) if time is not None else Col(found[0].field) if found else None
    return Col(found[0].field) if found else None
