"""each X, per X, for every X, by month."""

from __future__ import annotations

from pgwarden.language.dates import Span, read_span
from pgwarden.language.draft import Draft
from pgwarden.language.forms import Agg, Bucket, Col, has_aggregate
from pgwarden.language.index import Field
from pgwarden.language.lexicon import PEOPLE, RELATION_VERBS, UNITS, VERB_NOUNS
from pgwarden.language.linking import Item
from pgwarden.language.outputs import note_table, owner_after
from pgwarden.language.periods import period, time_column
from pgwarden.language.sums import added_up


def grouping(draft: Draft, position: int) -> int | None:
    """each X, per X, for every X, by X, grouped by X: a group, when something is aggregated."""
    at = draft.skip(
        position,
        "for",
        "in",
        "of",
        "from",
        "at",
        "on",
        "to",
        "with",
        "within",
        "into",
        "across",
        "among",
        "using",
        "by",
    )
    if draft.bare_limit and draft.is_word(position, "by"):
        return None  # "top 5 … by": what they are ranked by
    by = draft.is_word(position, "by", "per") or (at > position and draft.is_word(at - 1, "by"))
    if draft.is_word(position, "grouped", "group", "split", "broken", "organized"):
        at = draft.skip(position + 1, "down", "by", "into", "the", "up", "results", "result", "them")
        by = True
    if by and not _aggregated(draft):
        _sum_of_shown(draft, position)
    if draft.is_word(at, "each", "every", "per"):
        if draft.is_word(at + 1, "of") and draft.is_word(draft.skip(at + 2, "the"), "last", "past", "previous", "next"):
            return _each_of_last(draft, draft.skip(at + 2, "the"))
        at = draft.skip(
            at + 1,
            "of",
            "the",
            "different",
            "distinct",
            "unique",
            "possible",
            "calendar",
            "individual",
            "single",
            "corresponding",
            "type",
        )
    elif draft.is_word(at, "different", "various") and at > position and _aggregated(draft):
        at += 1
    elif draft.is_word(position, "over", "across") and draft.is_word(
        draft.skip(position + 1, "the"), "years", "months", "weeks", "days", "quarters"
    ):
        at = draft.skip(position + 1, "the")
    elif not (
        by
        and (
            _aggregated(draft)
            or draft.is_word(position, "per", "grouped", "group", "split", "broken")
            or _rows_by(draft, position)
        )
    ) or (draft.is_word(position, "by") and not _by_group(draft, position)):
        return None
    if by and draft.is_word(at, "the", "their", "its"):
        at = draft.skip(at, "the", "their", "its")
    return _group_keys(draft, at, by)


def _each_of_last(draft: Draft, at: int) -> int | None:
    """ "in each of the last 3 weeks": a period, grouped by its unit."""
    for ahead in range(at, min(at + 5, len(draft.items))):
        if draft.items[ahead].lemma in UNITS:
            grouped = _time_group(draft, ahead, draft.items[ahead])
            return period(draft, at) if grouped is not None else None
    return None


def _rows_by(draft: Draft, position: int) -> bool:
    """ "orders by customer", with nothing before or after: how many for each."""
    key = draft.item(position + 1)
    dated = key is not None and read_span(draft.tokens, key.end, draft.today) is not None
    alone = key is not None and (dated or draft.item(position + 2) is None or draft.is_word(position + 2, "?", "."))
    rows = draft.table(position - 1) == draft.main != 0 and (draft.default_display or not draft.select)
    opened = position == 1 or bool(draft.where)
    return opened and alone and rows


def _sum_of_shown(draft: Draft, position: int) -> None:
    """ "revenue by month": the amount said just before is summed for each group."""
    said, key = draft.item(position - 1), draft.item(draft.skip(position + 1, "the", "calendar"))
    if said is not None and not said.columns and said.lemma in VERB_NOUNS:
        said = draft.item(position - 2)  # "tickets sold per event"
    shown = draft.select[-1] if draft.select else None
    if said is None or key is None or not said.columns or not isinstance(shown, Col) or len(draft.select) > 1:
        return
    attribute = draft.attribute(shown.field)
    grouped = key.lower in UNITS or bool(key.columns or key.tables)
    if grouped and added_up(attribute):
        draft.select[-1] = Agg("sum", shown)


def _by_group(draft: Draft, position: int) -> bool:
    item = draft.item(draft.skip(position + 1, "the", "their", "its"))
    previous = draft.item(position - 1)
    noun = previous is not None and previous.lower.endswith("s") and draft.table(position - 1)  # "orders by month"
    verb = (
        previous is not None
        and not noun
        and not (item is not None and item.lower in UNITS)
        and (previous.lemma in RELATION_VERBS or (previous.lower.endswith("ed") and not previous.named))
    )
    return item is not None and (item.named or item.lower in UNITS) and not item.values and not verb


def _aggregated(draft: Draft) -> bool:
    return (
        draft.part_of_ratio
        or any(has_aggregate(e) for e in draft.select)
        or any(draft.is_word(p, "how", "number", "average", "total", "count") for p in range(len(draft.items)))
    )


def _group_keys(draft: Draft, at: int, by: bool) -> int | None:
    end = None
    while True:
        following = _group_key(draft, at)
        if following is None:
            return end
        end = following
        joined = draft.is_word(end, "and", ",")
        start = draft.skip(end, "and", ",", "the", "each", "per", "every", "by")
        item = draft.item(start)
        if not joined or item is None or not by or not (item.columns or item.lower in UNITS) or draft.table(start):
            return end
        at = start


def _group_key(draft: Draft, at: int) -> int | None:
    item = draft.item(at)
    if item is None:
        return None
    if item.lower in (*UNITS, "weekday", "months", "years", "days") and not (
        item.columns and draft.main and draft.has_column(item, draft.main, 0.9)
    ):
        return _time_group(draft, at, item)
    table = draft.table(at)
    following = draft.item(at + 1)
    if (
        table
        and following is not None
        and following.start == item.end
        and following.columns
        and draft.has_column(following, table, 0.8)
        and not draft.table(at + 1)
    ):
        column = draft.column(following, table)
        if column is not None:
            draft.mentioned.append(table)
            draft.group.append(Col(column))
            return at + 2
    if (
        item.columns
        and draft.main
        and (not table or (draft.has_column(item, draft.main, 0.95) and table != draft.main))
    ):
        column = draft.column(item, 0 if table else owner_after(draft, at))
        if column is not None:
            attribute = draft.attribute(column)
            if attribute.kind == "time":
                return _named_time_group(draft, at, column)
            if not (attribute.identifier and not _asks_id(item)) or not table:
                draft.group.append(Col(column))
                return at + 1
    if table and following is not None and following.start == item.end and draft.table(at + 1) not in (0, table):
        note_table(draft, table)
        draft.mentioned.append(table)
        table, at = draft.table(at + 1), at + 1
    if table:
        draft.mention(table)
        if table not in draft.grouped_entities:
            draft.grouped_entities.append(table)
        return at + 1
    if item.columns:
        column = draft.column(item, owner_after(draft, at))
        if column is not None:
            draft.group.append(Col(column))
            if not draft.main:
                draft.mention(column.relation)
            return at + 1
    if item.lemma in PEOPLE and draft.main:
        return at + 1
    return None


def _asks_id(item: Item) -> bool:
    return any(t.lower in ("id", "ids", "code", "codes") for t in item.tokens)


def _named_time_group(draft: Draft, at: int, column: Field) -> int:
    draft.group.append(Col(column))
    return at + 1


def _time_group(draft: Draft, at: int, item: Item) -> int | None:
    unit = item.lemma if item.lemma in UNITS else "day"
    weekday = draft.is_word(at + 1, "of") and draft.is_word(draft.skip(at + 2, "the"), "week")
    end = draft.skip(at + 2, "the") + 1 if weekday else at + 1
    for oid in dict.fromkeys(t for t in (draft.focus, draft.main, *draft.mentioned) if t):
        own = [
            a
            for a in draft.entity(oid).attributes.values()
            if unit in a.words and a.kind != "time" and not a.identifier
        ]
        if own:
            draft.group.append(Col(own[0].field))
            return end
    target = time_column(draft, at, Span(None, None, 1, unit))
    if target is None or target.kind != "time":
        return None
    key = Bucket("dow", Col(target.field), part=True) if weekday else Bucket(unit, Col(target.field))
    if key not in draft.group:
        draft.group.append(key)
    return end
