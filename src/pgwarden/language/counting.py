"""how many X, number of X, count of X."""

from __future__ import annotations

from pgwarden.language.draft import TABLE_SURE, Draft
from pgwarden.language.forms import Agg, Col, Expr
from pgwarden.language.index import Field
from pgwarden.language.lexicon import ANYONE, GENDERS, PEOPLE, UNITS
from pgwarden.language.linking import Item
from pgwarden.language.outputs import DETERMINERS, DISTINCT, owner_after, show, verbal
from pgwarden.language.sums import amount_of, counted_in


def counting(draft: Draft, position: int) -> int | None:
    """how many X, number of X, count of X."""
    if draft.item(position) is not None and draft.items[position].used and draft.is_word(position, "count", "counts"):
        return position + 1
    if (
        draft.is_word(position, "count", "counts", "frequency", "frequencies")
        and position
        and not draft.is_word(position + 1, "of")
    ):
        ranked = next((e for e, _ in draft.order if isinstance(e, Agg) and e.function == "count"), None)
        if ranked is not None or draft.group or draft.grouped_entities:
            show(draft, ranked or Agg("count", None, 0))
            return position + 1
    start = _count_words(draft, position)
    if start is None:
        return None
    distinct = False
    while draft.is_word(start, *DETERMINERS):
        distinct = distinct or draft.is_word(start, *DISTINCT)
        start += 1
    while (
        draft.is_word(start, "type", "types", "kinds", "kind")
        and draft.is_word(start + 1, "of")
        and draft.item(start)
        and not draft.items[start].named
    ):
        start, distinct = start + 2, True
    item = draft.item(start)
    if item is None:
        if draft.is_word(position, "how"):
            ranked = next((e for e, _ in draft.order if isinstance(e, Agg) and e.function == "count"), None)
            draft.select.append(ranked or Agg("count", None, 0))  # "which X has most Y, and how many?": of Y
            return start
        return None
    stored = _stored_count(draft, item, start)
    if stored is not None and not distinct:
        show(draft, stored)
        return start + 1
    table = draft.table(start) or next((t.relation for t in item.tables if t.relation in draft.mentioned), 0)
    if table and not draft.table(start) and item.table_score() < TABLE_SURE and not item.values:
        draft.evidence.ambiguous.append(f"{item.text}: no table is called just so")
    if table and not (draft.main and draft.main != table and draft.has_column(item, draft.main, 0.97) and distinct):
        following = draft.item(start + 1)
        if (
            following is not None
            and following.columns
            and draft.has_column(following, table, 0.8)
            and not following.tables
            and not verbal(following)
            and not _adjacent_break(draft, start)
        ):
            column = draft.column(following, table)
            if column is not None:
                draft.mention(table)
                show(draft, Agg("count", Col(column), distinct=True))
                return start + 2
        draft.mention(table)
        show(draft, Agg("count", None, table, distinct))
        return start + 1
    if item.columns and not table and draft.table(start + 1) and _is_flag(draft, item, draft.table(start + 1)):
        return _count_later(draft, start)
    if item.columns and item.column_score() >= 0.6:
        owner = owner_after(draft, start)
        column = draft.column(item, owner)
        if column is not None:
            attribute = draft.attribute(column)
            if (
                attribute.kind == "number"
                and not attribute.identifier
                and not distinct
                and set(attribute.words) & {"number", "count"}
            ):
                show(draft, Col(column))
            elif not distinct and (summed := counted_in(draft, column, item)) is not None:
                show(draft, summed)
                draft.focus = column.relation
            else:
                show(draft, Agg("count", Col(column), distinct=True))
                return _more_counts(draft, start + 1, column) if distinct else start + 1
            return start + 1
    if item.values and draft.table(start + 1):
        return _count_later(draft, start)
    if item.lower in GENDERS and item.values and draft.main in (0, item.values[0].field.relation):
        draft.mention(item.values[0].field.relation)
        draft.select.append(Agg("count", None, draft.main, distinct))
        return start  # the word itself becomes the condition
    if (
        item.lemma in PEOPLE
        or item.lower in ("times", "of", "are", "is", "were", "was", "do", "does", "did", "have", "there", "per", "in")
        or item.lower in UNITS
    ):
        if item.lemma in PEOPLE - ANYONE and draft.main and not draft.entity(draft.main).person:
            draft.evidence.unknown.append(item.text)  # "how many tenants live in the flats": flats are none
        draft.select.append(Agg("count", None, 0, distinct))
        return start + (1 if item.lemma in PEOPLE or item.lower == "times" else 0)
    return _count_later(draft, start)


def _is_flag(draft: Draft, item: Item, table: int) -> bool:
    """Whether an adjective before a table names one of its yes/no columns."""
    return any(link.relation == table and draft.attribute(link.field).kind == "bool" for link in item.columns)


def _more_counts(draft: Draft, position: int, first: Field) -> int:
    """ "how many different names and contents": each is counted."""
    while draft.is_word(position, "and", ","):
        item = draft.item(position + 1)
        if item is None or not draft.has_column(item, first.relation, 0.8) or draft.table(position + 1):
            return position
        column = draft.column(item, first.relation)
        if column is None:
            return position
        show(draft, Agg("count", Col(column), distinct=True))
        position += 2
    return position


def _count_later(draft: Draft, start: int) -> int | None:
    """ "how many active users": adjectives stand before what is counted."""
    if draft.items[start].lemma in UNITS and draft.is_word(start + 1, "of") and not draft.items[start].named:
        draft.evidence.unknown.append(draft.items[start].text)  # "how many minutes of calls": no number of calls
    for ahead in range(start + 1, min(start + 5, len(draft.items))):
        table = draft.table(ahead)
        if table:
            draft.mention(table)
            show(draft, Agg("count", None, table))
            draft.items[ahead].used = True
            return start
    item = draft.items[start]
    if item.named and max(item.table_score(), item.column_score()) < 0.7 and not item.values:
        draft.evidence.ambiguous.append(f"{item.text}: no table is called just so")
    draft.select.append(Agg("count", None, 0))
    return start


def _adjacent_break(draft: Draft, position: int) -> bool:
    return draft.items[position + 1].start != draft.items[position].end


def _count_words(draft: Draft, position: int) -> int | None:
    if draft.is_word(position, "how") and draft.is_word(position + 1, "many"):
        return position + 2
    at = draft.skip(position, "total", "overall")
    if draft.is_word(at, "number", "count", "amount", "numbers", "counts") and draft.is_word(at + 1, "of"):
        target = draft.skip(at + 2, *DETERMINERS)
        item = draft.item(target)
        table = draft.table(target)
        if draft.is_word(at, "amount") and item is not None:
            return None if not table or draft.has_column(draft.items[at], table, 0.6) else at + 2
        return at + 2
    if (
        draft.table(position)
        and draft.is_word(position + 1, "count", "counts")
        and draft.projecting
        and not draft.items[position + 1].used
    ):
        draft.items[position + 1].used = True
        return position
    if position == 0 and draft.is_word(position, "count") and not draft.is_word(position + 1, ","):
        return draft.skip(position + 1, "the", "number", "of")
    item = draft.item(at)
    if at > position and draft.table(at) and draft.is_word(at + 1, "count", "counts"):
        draft.items[at + 1].used = True
        return at
    if at > position and draft.table(at) and amount_of(draft, draft.table(at), named=True) is not None:
        return None
    if at > position and item is not None and draft.table(at) and not draft.has_column(item, draft.table(at), 0.9):
        following = draft.item(at + 1)
        if following is None or not following.columns or following.start != item.end:
            return at
        if draft.is_word(at + 1, "count"):
            return at
    return None


def _stored_count(draft: Draft, item: Item, position: int) -> Expr | None:
    """A column that already holds the number asked for (number_products), where the thing counted is no table."""
    if draft.table(position):
        return None
    words = tuple(t.lemma for t in item.tokens)
    links = [
        *draft.index.columns(("number", *words)),
        *draft.index.columns(("count", *words)),
        *draft.index.columns(("quantity", *words)),
    ]
    links = [link for link in links if link.score >= 0.9 and draft.attribute(link.field).kind == "number"]
    if not links:
        return None
    best = max(links, key=lambda link: link.score + draft.nearness(link.relation, 0))
    return Col(best.field)
