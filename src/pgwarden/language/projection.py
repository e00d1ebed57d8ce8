"""What is asked for: columns, aggregates, counts, and the groups they are for."""

from __future__ import annotations

from pgwarden.language.draft import Draft
from pgwarden.language.filters import add, negate, period
from pgwarden.language.forms import Agg, Bucket, Col, Compare, Duration, Expr, Has, has_aggregate
from pgwarden.language.index import Field
from pgwarden.language.lexicon import AGGREGATES, ANTONYMS, PEOPLE, RELATION_VERBS, UNITS
from pgwarden.language.linking import Item
from pgwarden.language.morphology import lemma

_DETERMINERS = ("the", "a", "an", "all", "any", "of", "each", "every", "different", "distinct", "unique", "their", "his", "her", "its",
                "our", "these", "those", "such", "various", "'s", "total", "overall", "both")  # fmt: skip
_DISTINCT = ("different", "distinct", "unique")


def counting(draft: Draft, position: int) -> int | None:
    """how many X, number of X, count of X."""
    if draft.item(position) is not None and draft.items[position].used and draft.is_word(position, "count", "counts"):
        return position + 1
    if draft.is_word(position, "count", "counts", "frequency", "frequencies") and position and not draft.is_word(position + 1, "of"):
        ranked = next((e for e, _ in draft.order if isinstance(e, Agg) and e.function == "count"), None)
        if ranked is not None or draft.group or draft.grouped_entities:
            _select(draft, ranked or Agg("count", None, 0))
            return position + 1
    start = _count_words(draft, position)
    if start is None:
        return None
    distinct = False
    while draft.is_word(start, *_DETERMINERS):
        distinct = distinct or draft.is_word(start, *_DISTINCT)
        start += 1
    while draft.is_word(start, "type", "types", "kinds", "kind") and draft.is_word(start + 1, "of") and draft.item(start) and not draft.items[start].named:
        start, distinct = start + 2, True
    item = draft.item(start)
    if item is None:
        return None
    stored = _stored_count(draft, item, start)
    if stored is not None and not distinct:
        _select(draft, stored)
        return start + 1
    table = draft.table(start) or next((t.relation for t in item.tables if t.relation in draft.mentioned), 0)
    if table and not (draft.main and draft.main != table and draft.has_column(item, draft.main, 0.97) and distinct):
        following = draft.item(start + 1)
        if following is not None and following.columns and draft.has_column(following, table, 0.8) and not following.tables and not verbal(following) and not _adjacent_break(draft, start):
            column = draft.column(following, table)
            if column is not None:
                draft.mention(table)
                _select(draft, Agg("count", Col(column), distinct=True))
                return start + 2
        draft.mention(table)
        _select(draft, Agg("count", None, table, distinct))
        return start + 1
    if item.columns and item.column_score() >= 0.6:
        owner = owner_after(draft, start)
        column = draft.column(item, owner)
        if column is not None:
            attribute = draft.attribute(column)
            if attribute.kind == "number" and not attribute.identifier and not distinct and set(attribute.words) & {"number", "count"}:
                _select(draft, Col(column))
            else:
                _select(draft, Agg("count", Col(column), distinct=True))
                return _more_counts(draft, start + 1, column) if distinct else start + 1
            return start + 1
    if item.values and draft.table(start + 1):
        return _count_later(draft, start)
    if item.lemma in PEOPLE or item.lower in ("times", "of", "are", "is", "were", "was", "do", "does", "did", "have", "there", "per", "in") or item.lower in UNITS:
        draft.select.append(Agg("count", None, 0, distinct))
        return start + (1 if item.lemma in PEOPLE or item.lower == "times" else 0)
    return _count_later(draft, start)


def _more_counts(draft: Draft, position: int, first: Field) -> int:
    """"how many different names and contents": each is counted."""
    while draft.is_word(position, "and", ","):
        item = draft.item(position + 1)
        if item is None or not draft.has_column(item, first.relation, 0.8) or draft.table(position + 1):
            return position
        column = draft.column(item, first.relation)
        if column is None:
            return position
        _select(draft, Agg("count", Col(column), distinct=True))
        position += 2
    return position


def _count_later(draft: Draft, start: int) -> int | None:
    """"how many active users": adjectives stand before what is counted."""
    for ahead in range(start + 1, min(start + 5, len(draft.items))):
        table = draft.table(ahead)
        if table:
            draft.mention(table)
            _select(draft, Agg("count", None, table))
            draft.items[ahead].used = True
            return start
    draft.select.append(Agg("count", None, 0))
    return start


def verbal(item: Item) -> bool:
    """Whether a word is said as a verb ("written by"), though a column is named after it."""
    token = item.tokens[-1]
    if len(item.tokens) != 1 or token.lower == token.lemma or token.lower.endswith("s"):
        return False
    return token.lemma in RELATION_VERBS or (token.lower.endswith(("ed", "ing", "en")) and not token.lower.endswith("ting"))


def _adjacent_break(draft: Draft, position: int) -> bool:
    return draft.items[position + 1].start != draft.items[position].end


def _count_words(draft: Draft, position: int) -> int | None:
    if draft.is_word(position, "how") and draft.is_word(position + 1, "many"):
        return position + 2
    at = draft.skip(position, "total", "overall")
    if draft.is_word(at, "number", "count", "amount", "numbers", "counts") and draft.is_word(at + 1, "of"):
        target = draft.skip(at + 2, *_DETERMINERS)
        item = draft.item(target)
        if draft.is_word(at, "amount") and item is not None and not draft.table(target):
            return None
        return at + 2
    if position == 0 and draft.is_word(position, "count") and not draft.is_word(position + 1, ","):
        return draft.skip(position + 1, "the", "number", "of")
    item = draft.item(at)
    if at > position and draft.table(at) and draft.is_word(at + 1, "count", "counts"):
        draft.items[at + 1].used = True
        return at
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
    links = [*draft.index.columns(("number", *words)), *draft.index.columns(("count", *words)), *draft.index.columns(("quantity", *words))]
    links = [link for link in links if link.score >= 0.9 and draft.attribute(link.field).kind == "number"]
    if not links:
        return None
    best = max(links, key=lambda link: link.score + draft._nearness(link.relation, 0))
    return Col(best.field)


def _select(draft: Draft, expression: Expr) -> None:
    if expression not in draft.select:
        draft.select.append(expression)


def aggregate(draft: Draft, position: int) -> int | None:
    """average age; minimum and maximum price; total sales of …"""
    functions: list[str] = []
    at = position
    while draft.is_word(at, *AGGREGATES) or (functions and draft.is_word(at, "and", ",", "as", "well", "the", "value", "values", "of", "all", "or")):
        if draft.is_word(at, *AGGREGATES):
            functions.append(AGGREGATES[draft.word(at)])
        at += 1
    if not functions and draft.is_word(position, "highest", "largest", "lowest", "smallest", "greatest", "biggest", "earliest", "latest"):
        return _extreme(draft, position)
    if not functions:
        return None
    at = draft.skip(at, *_DETERMINERS, "number" if functions[-1] != "sum" else "the", "combined")
    if draft.is_word(at, "amount", "value", "sum") and draft.is_word(at + 1, "of", "in", "for"):
        at = draft.skip(at + 1, *_DETERMINERS)
    revenue = _earned(draft, at, functions)
    if revenue is not None:
        return revenue
    span = _timespan(draft, at, functions)
    if span is not None:
        return span
    if functions == ["sum"] and draft.is_word(at, "number", "count"):
        return None
    item = draft.item(at)
    if item is None:
        return None
    if draft.is_word(at, "count", "number") and draft.is_word(at + 1, "of"):
        return None
    owner = draft.table(at)
    following = draft.item(at + 1)
    if owner and functions and draft.is_word(at + 1, "amount", "revenue", "value", "volume", "amounts") and not (following and draft.has_column(following, owner, 0.6)):
        worth = money_column(draft, within=owner)
        if worth is not None:
            draft.mention(owner)
            for function in dict.fromkeys(functions):
                _select(draft, Agg(function, worth))
            return at + 2
    if owner and following is not None and following.columns and following.start == item.end:
        draft.mention(owner)
        item, at = following, at + 1
    elif owner and not draft.has_column(item, draft.main or owner, 0.8):
        if functions == ["sum"]:
            draft.mention(owner)
            _select(draft, Agg("count", None, owner))
            return at + 1
        return None
    if not item.columns:
        return None
    owner = owner or owner_after(draft, at)
    columns = [draft.column(item, owner, "" if set(functions) <= {"min", "max"} else "number")]
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
            if function in ("avg", "sum", "median") and not _numeric(draft, column):
                return None
            _select(draft, Agg(function, Col(column)))
        draft.focus = column.relation
    return end if chosen else None


def _earned(draft: Draft, at: int, functions: list[str]) -> int | None:
    """"total revenue": the sum of the money column of the sales, orders or payments spoken of."""
    item = draft.item(at)
    if item is None or item.lemma not in ("revenue", "turnover", "earning", "spending", "proceeds", "income") or draft.table(at):
        return None
    if any(link.score > 0.9 for link in item.columns):
        return None
    column = money_column(draft)
    if column is None:
        return None
    for function in dict.fromkeys(functions):
        _select(draft, Agg(function, column))
    draft.focus = column.field.relation
    if not draft.main:
        draft.mention(column.field.relation)
    draft.evidence.guesses.append(f"{item.text} is {draft._qualified(column.field)}")
    return draft.skip(at + 1, "amount", "amounts")


_SELLING = ("sale", "order", "transaction", "invoice", "payment", "purchase", "booking", "rental")


def money_column(draft: Draft, within: int = 0) -> Col | None:
    """The column that holds what is earned or spent, near the tables named."""
    near = dict.fromkeys([draft.focus, *draft.mentioned, *sorted(draft.ahead), draft.main])
    wide = [e.right.relation for t in near if t for e in draft.graph.edges.get(t, ()) if e.cost < 1.6]
    best: tuple[float, Col] | None = None
    for oid in [within] if within else dict.fromkeys([*near, *wide]):
        if not oid or not draft.entity(oid).relation.is_table:
            continue
        for attribute in draft.entity(oid).attributes.values():
            words = set(attribute.words)
            if attribute.kind != "number" or attribute.identifier or not words & {"price", "amount", "total", "revenue", "paid", "value", "cost"}:
                continue
            score = 0.4 * (oid in near) + 0.6 * bool(set(draft.entity(oid).words) & set(_SELLING[:2])) + 0.3 * bool(set(draft.entity(oid).words) & set(_SELLING))
            score += 0.3 * bool(words & {"total", "revenue", "sale"}) + 0.2 * bool(words & {"amount"}) - 0.3 * bool(words & {"cost", "unit", "discount", "tax", "min", "max"})
            if best is None or score > best[0]:
                best = (score, Col(attribute.field))
    return best[1] if best is not None and best[0] >= 0.5 else None


def _timespan(draft: Draft, position: int, functions: list[str]) -> int | None:
    """"average session duration": the time between a start and an end column."""
    at = position
    while at < position + 3 and not draft.is_word(at, "duration", "length"):
        at += 1
    item = draft.item(at)
    if item is None or not draft.is_word(at, "duration", "length") or any(link.score > 0.9 for link in item.columns):
        return None
    tables = [draft.table(p) for p in range(position, at + 2) if draft.table(p)]
    for oid in dict.fromkeys([*tables, draft.focus, draft.main, *sorted(draft.ahead)]):
        pair = _start_and_end(draft, oid) if oid else None
        if pair is None:
            continue
        draft.mention(oid)
        unit = next((lemma(draft.word(at + 2)) for _ in (0,) if draft.is_word(at + 1, "in")), "seconds")
        unit = {"second": "seconds", "minute": "minute", "hour": "hour", "day": "day"}.get(unit, "seconds")
        for function in dict.fromkeys(functions):
            _select(draft, Agg(function, Duration(*pair, unit)))
        return at + 3 if draft.is_word(at + 1, "in") else at + 1
    return None


def _start_and_end(draft: Draft, oid: int) -> tuple[Field, Field] | None:
    times = draft.times(oid)
    start = next((a.field for a in times if set(a.words) & {"start", "begin", "open", "pickup", "departure", "admission"}), None)
    end = next((a.field for a in times if set(a.words) & {"end", "finish", "stop", "close", "dropoff", "arrival", "discharge"}), None)
    return (start, end) if start is not None and end is not None else None


_PERIODIC = {"daily": "day", "weekly": "week", "monthly": "month", "quarterly": "quarter", "yearly": "year", "annual": "year"}


def periodic(draft: Draft, position: int) -> int | None:
    """"monthly revenue", "total quarterly sales": grouped by that unit."""
    unit = _PERIODIC.get(draft.word(position))
    item = draft.item(position)
    if unit is None or item is None or any(link.score > 0.6 and draft.attribute(link.field).kind == "number" for link in item.columns):
        return None
    draft.units.append(unit)
    return position + 1


def _numeric(draft: Draft, column: Field) -> bool:
    """A number, or a text whose known values are all numbers."""
    attribute = draft.attribute(column)
    if attribute.kind == "number":
        return not attribute.identifier
    stored = draft.linker.values.values(column.relation, column.column) if attribute.kind == "text" else ()
    return bool(stored) and all(v.replace(".", "", 1).lstrip("-").isdigit() for v in stored[:50])


def _extreme(draft: Draft, position: int) -> int | None:
    """"what is the highest salary": a maximum, when no row of something is asked for."""
    if not draft.projecting or draft.is_word(position - 1, "with", "has", "have", "having", "had") or draft.is_word(position - 2, "with", "has", "have", "having", "had"):
        return None
    at = draft.skip(position + 1, "total")
    item = draft.item(at)
    if item is None or not item.columns or draft.table(at):
        return None
    if draft.select and not all(has_aggregate(e) for e in draft.select):
        return None
    column = draft.column(item, owner_after(draft, at), "", note=False)
    if column is None or draft.attribute(column).kind not in ("number", "time") or draft.attribute(column).identifier:
        return None
    low = draft.word(position) in ("lowest", "smallest", "earliest")
    _select(draft, Agg("min" if low else "max", Col(column)))
    return at + 1


def owner_after(draft: Draft, position: int) -> int:
    """The table whose columns are being listed: "name, age and state OF all customers"."""
    at = position + 1
    while at < len(draft.items):
        if draft.is_word(at, "of", "for", "from", "by", "in", "on"):
            inner = draft.skip(at + 1, "the", "all", "each", "every", "a", "an", "any", "different", "distinct", "those", "these", "our", "both", "every",
                               "one", "top", "youngest", "oldest")  # fmt: skip
            table = draft.table(inner)
            if table and draft.word(at) != "in":
                following = draft.item(inner + 1)
                compound = following is not None and following.columns and following.start == draft.items[inner].end and draft.has_column(following, table, 0.9)
                return 0 if compound else table
            if table:
                return 0
            item = draft.item(inner)
            if item is not None and item.values and not item.named and draft.table(inner + 1):
                return draft.table(inner + 1)
            if draft.word(at) in ("of",) and item is not None and item.columns:
                at = inner + 1
                continue
            return 0
        item = draft.items[at]
        if draft.is_word(at, "number", "count") and draft.is_word(at + 1, "of"):
            at = draft.skip(at + 2, "the", "different", "distinct") + 1
            continue
        listing = draft.is_word(at, ",", "and", "the", "as", "well", "or", "his", "her", "their", "its", "corresponding", "different", "distinct",
                                "maximum", "minimum", "average", "total", "of", "values", "value", "along")  # fmt: skip
        if not listing and not (item.columns and not draft.table(at)):
            return 0
        at += 1
    return 0


def owner_before(draft: Draft, position: int) -> int:
    """"singer names", "the owner's first name", "each conductor's age": the table right before."""
    before = position - 1
    if draft.is_word(before, "'s"):
        before -= 1
    item = draft.item(before)
    if item is None:
        return 0
    if before == position - 1 and item.end != draft.items[position].start:
        return 0
    return draft.table(before)


def grouping(draft: Draft, position: int) -> int | None:
    """each X, per X, for every X, by X, grouped by X: a group, when something is aggregated."""
    at = draft.skip(position, "for", "in", "of", "from", "at", "on", "to", "with", "within", "into", "across", "among", "using", "by")
    by = draft.is_word(position, "by", "per") or (at > position and draft.is_word(at - 1, "by"))
    if draft.is_word(position, "grouped", "group", "split", "broken", "organized"):
        at = draft.skip(position + 1, "down", "by", "into", "the", "up", "results", "result", "them")
        by = True
    if draft.is_word(at, "each", "every", "per"):
        if draft.is_word(at + 1, "of") and draft.is_word(draft.skip(at + 2, "the"), "last", "past", "previous", "next"):
            return _each_of_last(draft, draft.skip(at + 2, "the"))
        at = draft.skip(at + 1, "of", "the", "different", "distinct", "unique", "possible", "calendar", "individual", "single", "corresponding", "type")
    elif draft.is_word(at, "different", "various") and at > position and _aggregated(draft):
        at += 1
    elif draft.is_word(position, "over", "across") and draft.is_word(draft.skip(position + 1, "the"), "years", "months", "weeks", "days", "quarters"):
        at = draft.skip(position + 1, "the")
    elif not (by and (_aggregated(draft) or draft.is_word(position, "per", "grouped", "group", "split", "broken"))):
        return None
    elif draft.is_word(position, "by") and not _by_group(draft, position):
        return None
    if by and draft.is_word(at, "the", "their", "its"):
        at = draft.skip(at, "the", "their", "its")
    return _group_keys(draft, at, by)


def _each_of_last(draft: Draft, at: int) -> int | None:
    """"in each of the last 3 weeks": a period, grouped by its unit."""
    for ahead in range(at, min(at + 5, len(draft.items))):
        if draft.items[ahead].lemma in UNITS:
            grouped = _time_group(draft, ahead, draft.items[ahead])
            return period(draft, at) if grouped is not None else None
    return None


def _by_group(draft: Draft, position: int) -> bool:
    item = draft.item(draft.skip(position + 1, "the", "their", "its"))
    previous = draft.item(position - 1)
    verb = previous is not None and (previous.lemma in RELATION_VERBS or (previous.lower.endswith("ed") and not previous.named))
    return item is not None and (item.named or item.lower in UNITS) and not item.values and not verb


def _aggregated(draft: Draft) -> bool:
    return draft.part_of_ratio or any(has_aggregate(e) for e in draft.select) or any(draft.is_word(p, "how", "number", "average", "total", "count") for p in range(len(draft.items)))


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
    if item.lower in (*UNITS, "weekday", "months", "years", "days") and not (item.columns and draft.main and draft.has_column(item, draft.main, 0.9)):
        return _time_group(draft, at, item)
    table = draft.table(at)
    following = draft.item(at + 1)
    if table and following is not None and following.start == item.end and following.columns and draft.has_column(following, table, 0.8) and not draft.table(at + 1):
        column = draft.column(following, table)
        if column is not None:
            draft.mentioned.append(table)
            draft.group.append(Col(column))
            return at + 2
    if item.columns and draft.main and (not table or (draft.has_column(item, draft.main, 0.95) and table != draft.main)):
        column = draft.column(item, 0 if table else owner_after(draft, at))
        if column is not None:
            attribute = draft.attribute(column)
            if attribute.kind == "time":
                return _named_time_group(draft, at, column)
            if not (attribute.identifier and not _asks_id(item)) or not table:
                draft.group.append(Col(column))
                return at + 1
    if table and following is not None and following.start == item.end and draft.table(at + 1) not in (0, table):
        _note(draft, table)
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
        own = [a for a in draft.entity(oid).attributes.values() if unit in a.words and a.kind != "time" and not a.identifier]
        if own:
            draft.group.append(Col(own[0].field))
            return end
    from pgwarden.language.dates import Span
    from pgwarden.language.filters import time_column

    target = time_column(draft, at, Span(None, None, 1, unit))
    if target is None or target.kind != "time":
        return None
    key = Bucket("dow", Col(target.field), part=True) if weekday else Bucket(unit, Col(target.field))
    if key not in draft.group:
        draft.group.append(key)
    return end


def mention(draft: Draft, position: int) -> int | None:
    """A table or a column named plainly: asked for, owner of what was asked for, or related."""
    item = draft.item(position)
    if item is None or not item.named:
        return None
    table = draft.table(position)
    following = draft.item(position + 1)
    after = position + 1
    if following is not None and following.lower == "'s":
        after, following = position + 2, draft.item(position + 2)
    if table and following is not None and following.columns and following.start == draft.items[after - 1].end:
        noun = not verbal(following)
        if noun and draft.has_column(following, table, 0.75) and not (draft.table(after) and following.table_score() > 0.95):
            _note(draft, table)
            return after
    column_here = item.columns and (not table or _prefers_column(draft, item, table, position))
    if column_here:
        return _mention_column(draft, position, item)
    if table:
        return _mention_table(draft, position, item, table)
    return None


def _note(draft: Draft, table: int) -> None:
    if not draft.main:
        draft.main = table
    if table not in draft.mentioned:
        draft.mentioned.append(table)
    draft.focus = table


def _prefers_column(draft: Draft, item: Item, table: int, position: int) -> bool:
    """A word that names both: the column of the table already spoken of, when it is said as an attribute."""
    owner = owner_after(draft, position) or owner_before(draft, position)
    if owner and owner != table and draft.has_column(item, owner, 0.8):
        return True
    if item.column_score() > item.table_score() + 0.1 and owner:
        return True
    if draft.main and table != draft.main and draft.has_column(item, draft.main, 0.95):
        field_ = next(link.field for link in item.columns if link.relation == draft.main and link.score >= 0.95)
        return not draft.attribute(field_).identifier
    return False


def _mention_column(draft: Draft, position: int, item: Item) -> int | None:
    owner = owner_before(draft, position) or owner_after(draft, position)
    if draft.projecting and item.lemma in ("name", "title") and (named := _named(draft, item, owner)):
        for field_ in named:
            _select(draft, Col(field_))
        _note(draft, named[0].relation)
        return position + 1
    if item.lemma == "name" and not owner and position and draft.items[position - 1].end == item.start and draft.items[position - 1].columns:
        return position + 1
    if verbal(item) and not _stored_participle(draft, item):
        return None
    column = draft.column(item, owner)
    if column is None:
        return None
    if draft.table(position + 1) == column.relation and draft.items[position + 1].start == item.end:
        draft.focus = column.relation
        if not draft.main:
            draft.main = column.relation
        if (flag := _flag(draft, column)) is not None:
            projecting = draft.projecting
            add(draft, flag)
            draft.projecting = projecting
            return position + 1
    attribute = draft.attribute(column)
    if not draft.projecting:
        if (flag := _flag(draft, column)) is not None:
            add(draft, flag)
            return position + 1
        draft.evidence.unused += 1
        return position + 1
    _select(draft, Col(column))
    if owner:
        draft.owned_output = True
        _note(draft, owner)
    return position + 1


def _named(draft: Draft, item: Item, owner: int) -> list[Field]:
    """What "name" means for a table that has no column of that name: the columns it is displayed by."""
    target = owner or draft.main
    if not target or draft.has_column(item, target, 0.9):
        return []
    fields = draft.displays(target)
    return fields if fields and draft.attribute(fields[0]).kind == "text" else []


def _stored_participle(draft: Draft, item: Item) -> bool:
    """"founded" alone may be asked for when the table spoken of holds it."""
    near = {draft.main, draft.focus, *draft.mentioned}
    said = item.tokens[-1].lower
    return draft.projecting and any(
        link.relation in near and link.score > 0.75 and said in draft.attribute(link.field).name.lower() for link in item.columns
    )


_TRUE = ("yes", "y", "t", "true", "1")
_FALSE = frozenset({"no", "n", "f", "false", "0"})


def _flag(draft: Draft, column: Field) -> Compare | None:
    """A yes/no column named as a property: "that are active", "with parking"."""
    attribute = draft.attribute(column)
    if column.relation not in (draft.main, draft.focus):
        return None
    if attribute.kind == "bool":
        return Compare(Col(column), "true")
    stored = draft.linker.values.values(column.relation, column.column) if attribute.kind == "text" else ()
    if 0 < len(stored) <= 2 and {v.lower() for v in stored} <= {*_TRUE, *_FALSE}:
        yes = next((v for v in stored if v.lower() in _TRUE), None)
        return Compare(Col(column), "=", (yes,)) if yes is not None else None
    if attribute.kind == "number" and attribute.words[:1] in (("be",), ("is",), ("have",)):
        return Compare(Col(column), "=", ("1",))
    return None


def opposite(draft: Draft, position: int) -> int | None:
    """"closed shops" where the column is is_open."""
    word = ANTONYMS.get(draft.word(position))
    if word is None:
        return None
    near = [draft.table(position + 1), draft.focus, draft.main]
    for link in draft.index.columns((lemma(word),)):
        if link.relation in near and link.score > 0.6:
            kept, draft.main = draft.main, draft.main or link.relation
            flag = _flag(draft, link.field) if link.relation in (draft.main, draft.focus) else None
            draft.main = kept
            if flag is not None:
                projecting = draft.projecting
                add(draft, negate(flag))
                draft.projecting = projecting
                if flag.operator == "=" and isinstance(draft.where[-1], Compare) and draft.attribute(link.field).kind == "number":
                    draft.where[-1] = Compare(Col(link.field), "=", ("0",))
                return position + 1
    return None


def _mention_table(draft: Draft, position: int, item: Item, table: int) -> int:
    if not draft.main and draft.select and not draft.projecting:
        shown = next((e.field.relation for e in draft.select if isinstance(e, Col)), 0)
        if shown and shown != table:
            draft.main = shown
            draft.mentioned.append(shown)
    first = not draft.main
    owned = draft.is_word(draft.skip(position, "the") - 1, "of", "for", "from", "by") or _after_preposition(draft, position)
    draft.evidence.weak.append(min(1.0, item.table_score()))
    if item.used:
        return position + 1
    if first:
        draft.mention(table)
        if draft.projecting and not draft.select and not owned:
            _select_entity(draft, table)
        return position + 1
    if table == draft.main:
        draft.focus = table
        return position + 1
    if draft.negated:
        draft.negated = False
        draft.where.append(Has(table, negated=True))
        draft.open_negation = len(draft.where)
        draft.projecting = False
        _note(draft, table)
        return position + 1
    if draft.projecting and (draft.is_word(position - 1, "and", ",") or draft.is_word(position - 2, "and", ",")) and not owned:
        _select_entity(draft, table)
        _note(draft, table)
        return position + 1
    _note(draft, table)
    if draft.open_negation:
        return position + 1
    if not (draft.projecting and owned):
        draft.related.append(table)
    return position + 1


def _after_preposition(draft: Draft, position: int) -> bool:
    at = position - 1
    while draft.is_word(at, "the", "all", "each", "every", "a", "an", "any", "different", "distinct", "those", "our", "both", "'s", "some"):
        at -= 1
    return draft.is_word(at, "of", "for", "from", "by", "in", "on", "at", "to", "with", "across")


def _select_entity(draft: Draft, table: int) -> None:
    draft.default_display = not draft.select
    for field_ in draft.displays(table):
        _select(draft, Col(field_))
