"""Extremes: top 5, the youngest, with the most X, most common, is the largest."""

from __future__ import annotations

from pgwarden.language.draft import Draft
from pgwarden.language.events import PLURAL_LIMIT
from pgwarden.language.forms import Agg, Col, Expr, Length
from pgwarden.language.index import Field
from pgwarden.language.lexicon import (
    AGGREGATES,
    FILLER,
    OPENERS,
    RECENCY,
    RELATION_VERBS,
    SUPERLATIVE_HIGH,
    SUPERLATIVE_LOW,
    SUPERLATIVES,
)
from pgwarden.language.linking import Item
from pgwarden.language.measures import GRADED
from pgwarden.language.morphology import is_plural
from pgwarden.language.ordering import graded_column, many, sort_key, summed
from pgwarden.language.outputs import owner_after
from pgwarden.language.sums import added_up, amount_of


def superlative(draft: Draft, position: int) -> int | None:
    """the youngest X; with the highest Y; the most Zs; most common W; top 3 Xs."""
    if draft.is_word(position - 1, "at") and draft.is_word(position, "least", "most"):
        return None
    if draft.is_word(position + 1, "than") or draft.is_word(position + 2, "than"):
        return None  # a comparison
    top = _top(draft, position)
    if top is not None:
        return top
    word = draft.word(position)
    number = draft.item(position)
    if (
        number is not None
        and number.number
        and draft.is_word(position + 1, *SUPERLATIVE_HIGH, *SUPERLATIVE_LOW, *SUPERLATIVES)
    ):
        draft.limit, draft.bare_limit = int(float(number.tokens[0].value)), True
        return position + 1
    at = position
    counted = draft.item(position + 1)
    if word in RECENCY and counted is not None and counted.number and draft.table(position + 2):
        draft.limit = int(float(counted.tokens[0].value))  # "the newest 5 customers"
        found = _adjective(draft, position, False)
        return position + 2 if found is not None else None
    if word in ("most", "least", "more") and draft.word(at + 1) in SUPERLATIVES and draft.word(at + 1) not in ("paid",):
        return _adjective(draft, at + 1, word == "least")
    if word in ("most", "least") and draft.is_word(
        at + 1, "common", "popular", "frequent", "frequently", "commonly", "often", "used"
    ):
        return _most_common(draft, at, word == "least")
    if word in ("most", "least") and draft.is_word(at + 1, "highly", "highest") and draft.word(at + 2) in SUPERLATIVES:
        return _adjective(draft, at + 2, word == "least")
    if word in ("highest", "lowest", "best", "worst", "top") and draft.is_word(at + 1, *GRADED):
        return _adjective(draft, at + 1, word in ("lowest", "worst"))
    if word in SUPERLATIVE_HIGH or word in SUPERLATIVE_LOW:
        found = _most_of(draft, at, word in SUPERLATIVE_LOW)
        if found is not None:
            return found
    if word in SUPERLATIVES and word not in ("rated", "paid", "ranked", "recent", "recently", "expensive", "populous"):
        return _adjective(draft, at, False)
    return None


def _top(draft: Draft, position: int) -> int | None:
    item = draft.item(position)
    asked = position == 0 or draft.is_word(position - 1, "which", "what", "the", "list", "show", "any", "me", "find")
    named = draft.table(position + 1) and asked
    if draft.projecting and named and item is not None and item.number and item.tokens[0].value.isdigit():
        draft.limit, draft.bare_limit = int(item.tokens[0].value), True
        return position + 1
    if (
        draft.is_word(position, "top", "first", "bottom", "last")
        and (item := draft.item(position + 1)) is not None
        and item.number
    ):
        draft.limit, draft.bare_limit = int(float(item.tokens[0].value)), True
        draft.ranking_word = draft.word(position)
        return position + 2
    if (draft.bare_limit and draft.is_word(position, "by")) or (
        draft.bare_limit and draft.is_word(position, "in") and draft.is_word(position + 1, "terms")
    ):
        found = sort_key(draft, draft.skip(position + 1, "terms", "of", "the", "their", "by", "its", "highest", "most"))
        if found is not None:
            found = (summed(draft, found[0]), found[1])
            draft.order.append((found[0], draft.ranking_word not in ("bottom", "last")))
            draft.bare_limit = False
            draft.show_measure = True
            return found[1]
    return None


def settle(draft: Draft, key: Expr, descending: bool, plural: bool = False) -> None:
    draft.order.append((key, descending))
    if draft.limit is None and plural:
        draft.limit = PLURAL_LIMIT
        draft.evidence.guesses.append(f"the first {PLURAL_LIMIT}")
    elif draft.limit is None:
        draft.limit = 1
    draft.bare_limit = False


def _adjective(draft: Draft, at: int, low: bool) -> int | None:
    """ "the youngest dog": the table is named after, or is the one spoken of."""
    word = draft.word(at)
    if word not in SUPERLATIVES:
        return None
    _, high = SUPERLATIVES[word]
    table, end = 0, at + 1
    for ahead in range(at + 1, min(at + 4, len(draft.items))):
        if draft.table(ahead):
            table = draft.table(ahead)
            break
        if draft.is_word(ahead, "of", "and", "in", ",", "with"):
            break
    owner = table or draft.focus or draft.main or next(iter(sorted(draft.ahead)), 0)
    item = draft.item(at + 1)
    if word in RECENCY:
        owner = _owner_of_attribute(draft, at + 1) or owner
    apart = word in RECENCY and not draft.table(at + 1) and any(t.lower in ("each", "every") for t in draft.tokens)
    key = graded_column(draft, word, owner) if not apart else None
    apart = apart or (word in RECENCY and bool(table))
    if key is None and not apart and owner and draft.main and owner != draft.main:
        key = graded_column(draft, word, draft.main)
    if key is None and item is not None and item.columns and not table:
        shown = draft.column(item, 0, note=False)
        graded = graded_column(draft, word, shown.relation) if shown is not None else None
        if shown is not None and graded is not None and graded != Col(shown):
            draft.mention(shown.relation)
            key = graded
    if key is None and item is not None and item.columns and not table:
        column = draft.column(item, 0, "number")
        key = Col(column) if column is not None and draft.attribute(column).kind != "text" else None
        end = at + 2
    if key is None:
        key = _related_grade(draft, word, owner)
    if key is None and draft.is_word(end + bool(table), "by"):
        found = sort_key(draft, draft.skip(end + bool(table) + 1, "the", "their"))
        key, end = found if found is not None else (None, end)
    if word in ("longest", "shortest") and item is not None and not table and (said := _text_said(draft, item)):
        draft.mention(said.field.relation)
        draft.select.append(said)
        settle(draft, Length(said), high != low, is_plural(item.tokens[-1].lower))
        return at + 2
    if key is None and word in ("longest", "shortest") and owner:
        key = _wordiest(draft, owner)
    if isinstance(key, Length):
        settle(draft, key, high != low, bool(table) and is_plural(draft.items[ahead].tokens[-1].lower))
        return end
    if not isinstance(key, Col):
        draft.evidence.unknown.append(word)
        return None
    attribute = draft.attribute(key.field)
    descending = high != low
    reversed_ = attribute.kind == "time" or "year" in attribute.words or "birth" in attribute.words
    if word in ("oldest", "youngest") and reversed_:
        descending = not descending
    if table and not draft.main:
        draft.mention(table)
    if table and table not in draft.mentioned:
        draft.mentioned.append(table)
    if draft.is_word(end, "first"):
        draft.order.append((key, descending))
        return end + 1
    settle(draft, key, descending, bool(table) and is_plural(draft.items[ahead].tokens[-1].lower))
    if table and table != draft.main and not draft.projecting:
        draft.focus = table
    if table and draft.projecting and not draft.select:
        return end
    return end


_TEXTS = ("body", "text", "comment", "content", "message", "review", "note", "description", "summary", "abstract")


def _text_said(draft: Draft, item: Item) -> Col | None:
    """ "the longest remarks" of a column so called."""
    column = draft.column(item, 0, note=False) if item.columns else None
    return Col(column) if column is not None and draft.attribute(column).kind == "text" else None


def _wordiest(draft: Draft, oid: int) -> Expr | None:
    """ "the longest reviews": of what is written, the number of letters."""
    found = [a for a in draft.index.columns_like(oid, _TEXTS) if a.kind == "text" and not a.labels]
    return Length(Col(found[0].field)) if found else None


def _owner_of_attribute(draft: Draft, at: int) -> int:
    """The table of the column named here, "balance" or "user balance": the latest is told by when that was."""
    item, following = draft.item(at), draft.item(at + 1)
    compound = draft.table(at) and following is not None and following.start == draft.items[at].end
    if compound and following is not None and following.column_score() > 0.8:
        item = following
    elif draft.table(at):
        return 0
    if item is None or not item.columns:
        return 0
    column = draft.column(item, 0, note=False)
    return column.relation if column is not None else 0


def _related_grade(draft: Draft, word: str, owner: int) -> Expr | None:
    if not owner or word not in ("rated", "highest", "best"):
        return None
    for edge in draft.graph.edges.get(owner, ()):
        found = graded_column(draft, word, edge.right.relation)
        if isinstance(found, Col):
            return Agg("avg", found)
    return None


def _most_common(draft: Draft, at: int, low: bool) -> int | None:
    end = draft.skip(at + 2, "used", "occurring")
    item = draft.item(end)
    table = draft.table(end)
    if (
        item is not None
        and table
        and draft.item(end + 1) is not None
        and draft.items[end + 1].columns
        and draft.items[end + 1].start == item.end
    ):
        draft.mention(table)
        item, end, table = draft.items[end + 1], end + 1, 0
    if item is None or not item.columns:
        return None
    owner = owner_after(draft, end)
    if table and not owner and not draft.main:
        return None
    column = draft.column(item, owner)
    if column is None:
        return None
    if not draft.main:
        draft.mention(owner or column.relation)
    _group_by(draft, column)
    settle(draft, Agg("count", None, owner or column.relation), not low)
    return end + 1


def _group_by(draft: Draft, column: Field) -> None:
    if Col(column) not in draft.select:
        draft.select.append(Col(column))
    if Col(column) not in draft.group:
        draft.group.append(Col(column))


def _most_of(draft: Draft, at: int, low: bool) -> int | None:
    """ "the most dogs", "the highest number of authors", "the largest net worth", "the highest average rating"."""
    start = draft.skip(
        at + 1,
        "number",
        "amount",
        "count",
        "of",
        "the",
        "total",
        "numbers",
        "different",
        "distinct",
        "quantity",
        "share",
    )
    said_number = any(draft.is_word(p, "number", "amount", "count", "total") for p in range(at + 1, start))
    function = ""
    if draft.is_word(start, *AGGREGATES):
        function, start = AGGREGATES[draft.word(start)], draft.skip(start + 1, "of", "the", "number")
    elif draft.is_word(start - 1, "total") or (said_number and draft.is_word(start - 1, "total")):
        function = ""
    item = draft.item(start)
    while (
        item is not None
        and start < at + 4
        and not item.linked
        and item.lower not in ("in", "on", "of", "for", "with", "that", "and", "rated", "paid")
    ):
        if item.lower not in FILLER and item.lower not in OPENERS and item.lemma not in RELATION_VERBS:
            draft.evidence.unknown.append(item.text)  # "the highest X" of an X that is not there
        start += 1
        item = draft.item(start)
    if item is None:
        return _alone(draft, at, low)
    table = draft.table(start)
    following = draft.item(start + 1)
    if (
        table
        and following is not None
        and following.columns
        and following.start == item.end
        and draft.has_column(following, table, 0.8)
    ):
        column = draft.column(following, table, "number")
        if column is not None and draft.attribute(column).kind in ("number", "time"):
            settle(draft, Agg(function, Col(column)) if function else Col(column), not low)
            return start + 2
    worth = amount_of(draft, table, named=True) if table and not said_number and not function else None
    if worth is not None and draft.word(at) not in ("most", "fewest", "least"):
        draft.mention(table)
        settle(draft, worth, not low, is_plural(item.tokens[-1].lower))
        return start + 1 if draft.main != table else start
    sized = _sized(draft, at, table)
    if table and not function and not said_number and not _measures(draft, item) and sized:
        return None
    if table and not function and not _measures(draft, item):
        if table == draft.main and not draft.projecting and not draft.group:
            return None
        if table != draft.main or said_number or draft.word(at) in ("most", "fewest", "least"):
            known = draft.main and draft.main != table
            if not known and not draft.group and draft.select:
                group_columns(draft)
            draft.mentioned.append(table)
            settle(draft, Agg("count", None, table), not low)
            draft.focus = table
            return start + 1
        return None
    if not item.columns:
        return _alone(draft, at, low)
    column = draft.column(item, draft.focus if not draft.projecting else 0, "number", note=True)
    if column is None:
        return None
    attribute = draft.attribute(column)
    if attribute.kind == "text" and draft.word(at) in ("most",):
        return None
    if not function and draft.main and column.relation != draft.main and many(draft, column.relation):
        added = draft.is_word(at, "most", "least", "fewest") and added_up(attribute)  # "the most revenue"
        function = "sum" if added or "total" in [draft.word(p) for p in range(at, start)] else function
    settle(draft, Agg(function, Col(column)) if function else Col(column), not low)
    return start + 1


def _sized(draft: Draft, at: int, table: int) -> bool:
    """ "the largest order": rows of the table have a size of their own to be largest by."""
    return (
        draft.is_word(at, "largest", "biggest", "smallest")
        and table in (0, draft.main or table)
        and draft.table(at + 1) == table
        and graded_column(draft, draft.word(at), table) is not None
    )


def _measures(draft: Draft, item: Item) -> bool:
    return any(link.relation == draft.main and link.score >= 0.9 and draft.attribute(link.field).kind == "number"
               and not draft.attribute(link.field).identifier for link in item.columns)  # fmt: skip


def group_columns(draft: Draft) -> None:
    """ "which year has the most concerts": the column shown is the group."""
    for expression in draft.select:
        if isinstance(expression, Col) and expression not in draft.group:
            draft.group.append(expression)


def _alone(draft: Draft, at: int, low: bool) -> int | None:
    """ "who is worth the most": the column stands before the superlative."""
    for back in range(at - 1, max(-1, at - 4), -1):
        item = draft.item(back)
        if item is not None and item.columns and not draft.table(back):
            column = draft.column(item, draft.focus, "number", note=False)
            if column is not None and draft.attribute(column).kind == "number":
                settle(draft, Col(column), not low)
                return at + 1
    return None
