"""Conditions: comparisons, values, periods, patterns, "without", "at least two"."""

from __future__ import annotations

from pgwarden.language.comparators import after_number, comparator
from pgwarden.language.dates import Span, read_span
from pgwarden.language.draft import Draft
from pgwarden.language.forms import (
    Agg,
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
    Period,
    Scalar,
    fields_of,
)
from pgwarden.language.index import Attribute, Field
from pgwarden.language.lexicon import COMPARATIVES, MONTHS, PLACE_WORDS, RELATION_VERBS, UNITS, WEEKDAYS
from pgwarden.language.linking import Item, ValueLink
from pgwarden.language.tokens import Kind

_COPULA = ("is", "are", "was", "were", "be", "been", "being", "of", "as", "=", "has", "have", "had", "equal", "equals", "to", "the", "a",
           "an", ":", "value", "either", "in", "that", "by", "at", "'s", "called", "named", "with", "exactly", "both")  # fmt: skip
_NEGATIONS = ("not", "isn't", "aren't", "wasn't", "weren't", "don't", "doesn't", "didn't", "never", "except", "excluding", "non",
              "haven't", "hasn't", "cannot", "nor", "neither")  # fmt: skip


def add(draft: Draft, condition: Cond) -> None:
    """One more condition: joined by OR after "or", merged into IN for values of one column, else ANDed."""
    if draft.negated:
        condition = negate(condition)
        draft.negated = False
    draft.projecting = False
    if draft.open_negation and _inside(draft, condition):
        return
    if draft.where and draft.pending_or:
        draft.where[-1] = _either(draft.where[-1], condition)
    elif draft.where and not draft.both and not _conjoined(draft, condition) and (merged := _same_column(draft.where[-1], condition)) is not None:
        draft.where[-1] = merged
    elif (draft.both or _conjoined(draft, condition)) and _on_other_table(draft, condition):
        _separate(draft, condition)
    else:
        draft.where.append(condition)
    draft.pending_or = False


def _conjoined(draft: Draft, condition: Cond) -> bool:
    """"directed by A and by B" on a table of many: two conditions, each met by some row."""
    last = draft.where[-1] if draft.where else None
    if not isinstance(last, Compare) or not isinstance(condition, Compare) or last.left != condition.left or last.operator != "=":
        return False
    return all(_multiplied(draft, f) for f in fields_of(condition))


def _separate(draft: Draft, condition: Cond) -> None:
    field_ = next(iter(fields_of(condition)))
    last = draft.where[-1] if draft.where else None
    if isinstance(last, Compare) and isinstance(condition, Compare) and last.left == condition.left:
        draft.where[-1] = Has(field_.relation, (last,))
    draft.where.append(Has(field_.relation, (condition,)))


def _on_other_table(draft: Draft, condition: Cond) -> bool:
    relations = {f.relation for f in fields_of(condition)}
    return len(relations) == 1 and bool(draft.main) and draft.main not in relations


def _inside(draft: Draft, condition: Cond) -> bool:
    """A condition on the table of an open "without X" belongs to X."""
    opened = draft.where[draft.open_negation - 1]
    assert isinstance(opened, Has)
    relations = {f.relation for f in fields_of(condition)}
    if opened.entity not in relations and (draft.main in relations or not relations):
        return False
    draft.where[draft.open_negation - 1] = Has(
        opened.entity, (*opened.where, condition), opened.negated, opened.operator, opened.count, opened.measure, opened.anchor
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


# what can be read at one position; each returns where reading goes on, or None


def negation(draft: Draft, position: int) -> int | None:
    """not, never, without, no, other than: the next condition or related table is denied."""
    if comparator(draft, position) is not None:
        return None
    if draft.is_word(position, "other") and draft.is_word(position + 1, "than"):
        draft.negated, draft.projecting = True, False
        return position + 2
    if draft.is_word(position, "without", "no", "lacking"):
        if draft.word(position) == "no" and position == 0:
            return None
        draft.negated, draft.projecting = True, False
        return draft.skip(position + 1, "any", "a", "an", "the", "single")
    if draft.is_word(position, *_NEGATIONS):
        if draft.is_word(position + 1, "only"):
            return position + 2
        draft.negated, draft.projecting = True, False
        return draft.skip(position + 1, "any", "been", "a", "the")
    return None


def comparison(draft: Draft, position: int) -> int | None:
    """A comparison that starts with its operator: "more than 5 orders", "above age 20", "older than 30"."""
    found = comparator(draft, position)
    item = draft.item(position)
    if found is None and item is not None and item.number and (later := after_number(draft, position + 1)) is not None:
        return _with_number(draft, later.operator, item.tokens[0].value, later.position, None)
    if found is None and item is not None and item.number and draft.table(position + 1) not in (0, draft.main) and not draft.projecting:
        return _with_number(draft, "=", item.tokens[0].value, position + 1, None)
    if found is None:
        return None
    graded = _graded(draft, found.word)
    average = _average(draft, found.operator, found.position, graded)
    if average is not None:
        return average
    target = draft.skip(found.position, "the", "a", "an", "age", "value", "year", "of", "equal", "to")
    number = draft.item(target)
    said = draft.number(target)
    if said is not None and draft.item(target + 1) is not None and draft.items[target + 1].lemma in UNITS and graded is None and not draft.table(target + 1):
        return None
    if number is not None and said is not None:
        explicit = _between_words(draft, found.position, target)
        end = draft.skip(target + 1, "years", "year", "old", "dollars", "usd", "euros", "percent", "points") if graded is not None else target + 1
        return _with_number(draft, found.operator, said, end, explicit or graded)
    if number is not None and number.columns and (following := draft.item(target + 1)) is not None and following.number:
        column = draft.column(number, draft.focus)
        if column is not None:
            add(draft, Compare(Col(column), found.operator, (following.tokens[0].value,)))
            return target + 2
    return _other_column(draft, found.operator, target, graded)


def _between_words(draft: Draft, start: int, end: int) -> Expr | None:
    for position in range(start, end):
        item = draft.item(position)
        if item is not None and item.columns:
            column = draft.column(item, draft.focus, "number", note=False)
            return Col(column) if column is not None else None
    return None


def _other_column(draft: Draft, operator: str, target: int, graded: Expr | None) -> int | None:
    return None


def _graded(draft: Draft, word: str) -> Expr | None:
    """The column that an adjective grades: older → age."""
    entry = COMPARATIVES.get(word)
    if entry is None:
        return None
    for oid in (draft.focus, draft.main):
        if oid:
            found = [a for a in draft.index.columns_like(oid, entry[0]) if a.kind in ("number", "time", "text") and not a.identifier]
            if found:
                return Col(found[0].field)
    return None


def _average(draft: Draft, operator: str, position: int, graded: Expr | None) -> int | None:
    """Compared with the average: "above the average age", "older than average"."""
    start = draft.skip(position, "the", "overall")
    if not draft.is_word(start, "average", "mean"):
        return None
    end = start + 1
    column = graded
    item = draft.item(draft.skip(end, "of", "the"))
    if item is not None and item.columns and not draft.table(draft.skip(end, "of", "the")):
        found = draft.column(item, draft.focus, "number")
        if found is not None:
            column, end = Col(found), draft.skip(end, "of", "the") + 1
    if column is None:
        column = _last_column(draft, position - 1)
    if not isinstance(column, Col):
        return None
    if draft.select and column in draft.select and isinstance(draft.select[-1], Col) and len(draft.select) == 1 and column == draft.select[-1]:
        draft.select.pop()
    inner = Block(column.field.relation, (Agg("avg", column),))
    add(draft, Compare(column, operator, right=Scalar(inner)))
    return end


def _last_column(draft: Draft, position: int) -> Expr | None:
    for back in range(position, max(-1, position - 6), -1):
        item = draft.item(back)
        spoken = item is not None and item.tokens[-1].lower != item.lemma and item.lemma in RELATION_VERBS
        if item is not None and item.columns and not draft.table(back) and not spoken:
            column = draft.column(item, draft.focus, "number", note=False)
            if column is not None and draft.attribute(column).kind == "number" and not draft.attribute(column).identifier:
                return Col(column)
    return None


def _with_number(draft: Draft, operator: str, value: str, end: int, column: Expr | None) -> int | None:
    """A number compared with a column or with how many related rows there are."""
    target = draft.skip(end, "of", "different", "distinct", "the", "unique", "types", "kinds", "type", "total", "such")
    item = draft.item(target)
    if column is None and item is not None and (item.tables or item.columns):
        table = draft.table(target)
        if table and not draft.main and any(isinstance(e, Col) and e.field.relation == table for e in draft.select):
            draft.main = table
        if table and table == draft.main and not draft.group and _group_shown(draft):
            draft.having.append(Compare(Agg("count", None, table), operator, (value,)))
            draft.projecting = False
            return _same(draft, target + 1)
        if table and table != draft.main and not draft.has_column(item, draft.main, 0.95):
            related_count(draft, table, operator, value)
            return target + 1
        if table and table == draft.main and draft.group:
            draft.having.append(Compare(Agg("count", None, table), operator, (value,)))
            return target + 1
        if item.columns and not table:
            found = draft.column(item, draft.focus, "number")
            if found is not None and draft.attribute(found).kind == "number":
                add(draft, Compare(Col(found), operator, (value,)))
                return target + 1
    if column is None:
        column = _last_column(draft, end - 2)
    if column is None:
        column = _implied(draft)
    if column is None:
        return None
    if draft.projecting and draft.select and draft.select[-1] == column and len(draft.select) > 1:
        draft.select.pop()
    add(draft, Compare(column, operator, (value,)))
    return end


def _group_shown(draft: Draft) -> bool:
    """"cities that have more than one employee": the columns shown become the groups."""
    shown = [e for e in draft.select if isinstance(e, Col)]
    keys = {Col(k) for k in [draft.key(draft.main)] if k is not None}
    if not shown or keys & set(shown) or draft.default_display:
        return False
    draft.group += [e for e in shown if e not in draft.group]
    return True


def _same(draft: Draft, position: int) -> int:
    """"… with the same name": the name joins the groups."""
    if not (draft.is_word(position, "with", "of", "sharing") and draft.is_word(position + 1, "the") and draft.is_word(position + 2, "same")):
        return position
    item = draft.item(position + 3)
    column = draft.column(item, draft.main) if item is not None and item.columns else None
    if column is None:
        return position
    draft.group.append(Col(column))
    return position + 4


def _implied(draft: Draft) -> Expr | None:
    """"singers below 30" right after "singers above age 40": the same column again."""
    for condition in reversed(draft.where):
        if isinstance(condition, Compare) and isinstance(condition.left, Col):
            if draft.attribute(condition.left.field).kind == "number":
                return condition.left
    return None


def related_count(draft: Draft, table: int, operator: str, value: str) -> None:
    """"with at least two X": a condition on the number of related rows."""
    if draft.group and draft.main == table:
        draft.having.append(Compare(Agg("count", None, table), operator, (value,)))
        return
    draft.mention(table)
    if operator in ("=", "<=") and value == "0":
        add(draft, Has(table, negated=True))
    else:
        add(draft, Has(table, operator=operator, count=value))


def period(draft: Draft, position: int) -> int | None:
    """A stretch of time: on a time column, or on plain year and month columns."""
    item = draft.item(position)
    if item is None or item.quoted or (item.values and item.kind is Kind.WORD and item.lower not in MONTHS and not item.tokens[0].kind is Kind.DATE):
        return None
    start = item.start
    span = read_span(draft.tokens, start, draft.today)
    if span is None:
        return None
    target = time_column(draft, position, span)
    if target is None:
        return None
    end = position
    while end < len(draft.items) and draft.items[end].start < start + span.tokens:
        end += 1
    condition = _period_condition(draft, target, span)
    if condition is None:
        return None
    add(draft, condition)
    return end


def _period_condition(draft: Draft, target: Attribute, span: Span) -> Cond | None:
    if target.kind == "time":
        return Period(Col(target.field), span.lower, span.upper)
    if span.year is None and span.month is None:
        return None
    parts: list[Cond] = []
    if span.year is not None:
        if span.operator == "between":
            parts.append(Compare(Col(target.field), ">=", (str(span.year),)))
            parts.append(Compare(Col(target.field), "<=", (str(span.last_year),)))
        else:
            parts.append(Compare(Col(target.field), span.operator, (str(span.year),)))
    if span.month is not None:
        months = [a for a in draft.entity(target.field.relation).attributes.values() if "month" in a.words]
        if not months:
            return None
        parts.append(Compare(Col(months[0].field), "=", (_month_value(draft, months[0], span.month),)))
    return parts[0] if len(parts) == 1 else Both(tuple(parts))


def _month_value(draft: Draft, attribute: Attribute, month: int) -> str:
    names = [name for name, number in MONTHS.items() if number == month]
    if attribute.kind == "number":
        return str(month)
    stored = draft.linker.values.values(attribute.field.relation, attribute.field.column)
    return next((v for v in stored if v.strip().lower() in names), names[0].title())


def time_column(draft: Draft, position: int, span: Span) -> Attribute | None:
    """The column that a period speaks of: one named just before, else the table's own time, else its year."""
    for back in range(position - 1, max(-1, position - 5), -1):
        item = draft.item(back)
        if item is None:
            break
        for _, link in draft.rank_columns(item)[:4]:
            attribute = draft.attribute(link.field)
            year = attribute.words[:1] == ("year",) or attribute.words[-1:] == ("year",)
            if (attribute.kind == "time" or (year and span.year)) and link.score >= 0.5 and _near(draft, link.relation):
                return attribute
    measured = [f.relation for e in (*draft.select, *(o for o, _ in draft.order)) if isinstance(e, Agg) for f in fields_of(e)]
    tables = dict.fromkeys(t for t in (draft.focus if draft.focus != draft.main else 0, *measured, draft.main, *draft.mentioned) if t)
    found_times = [(_table_rank(draft, oid, measured), -place, found) for place, oid in enumerate(tables)
                   if (found := _own_time(draft, oid, span)) is not None]  # fmt: skip
    if found_times:
        return max(found_times, key=lambda entry: entry[:2])[2]
    for oid in tables:
        for edge in draft.graph.edges.get(oid, ()):
            if edge.cost < 1.5 and (found := _own_time(draft, edge.right.relation, span)) is not None:
                draft.evidence.guesses.append(f"the time is that of {draft.entity(edge.right.relation).relation.name.name}")
                return found
    return None


_JOINING = frozenset({"register", "join", "sign", "create", "hire", "bear", "add", "signup", "new", "found"})


def _table_rank(draft: Draft, oid: int, measured: list[int]) -> float:
    """Events date themselves; people are dated only when the question says how (registered, hired, born)."""
    counted = {e.entity for e in draft.select if isinstance(e, Agg)}
    score = 0.4 * (oid in counted or oid in measured) + 0.3 * (oid == draft.focus) + 0.2 * (oid == draft.main)
    if draft.entity(oid).person and not {t.lemma for t in draft.tokens} & _JOINING:
        score -= 0.8
    return score


def _near(draft: Draft, relation: int) -> bool:
    return not draft.main or draft.graph.path(draft.main, relation, draft.index) is not None


_BOOKKEEPING = frozenset({"update", "delete", "modify", "expire", "end", "birth", "termination", "due", "last"})


def _own_time(draft: Draft, oid: int, span: Span) -> Attribute | None:
    entity = draft.entity(oid)
    times = draft.times(oid)
    if span.year is not None:
        years = [a for a in entity.attributes.values() if "year" in a.words and a.kind in ("number", "text")]
        if years and not times:
            return years[0]
    if span.month is not None and not times:
        return next((a for a in entity.attributes.values() if "year" in a.words or "month" in a.words), None)
    if not times:
        return None

    def rank(attribute: Attribute) -> float:
        words = set(attribute.words)
        score = 1.0 if words & set(entity.words) else 0.0
        score += 0.8 if words & {"date", "happen", "occur", "start", "time", "snapshot", "order"} and not words & {"create"} else 0.0
        score += 0.5 if words & {"create"} else 0.0
        score -= 1.0 if words & _BOOKKEEPING else 0.0
        score += 0.2 if attribute.not_null else 0.0
        asked = {t.lemma for t in draft.tokens}
        return score + (1.2 if words & asked - {"date", "time", "day"} - set(entity.words) else 0.0)

    ranked = sorted(times, key=lambda a: (-rank(a), a.field.column))
    if len(ranked) > 1:
        if rank(ranked[0]) - rank(ranked[1]) < 0.15:
            draft.evidence.ambiguous.append(f"date: {ranked[0].name} or {ranked[1].name}")
        draft.evidence.guesses.append(f"the time meant is {entity.relation.name.name}.{ranked[0].name}")
    return ranked[0]


def on_column(draft: Draft, position: int) -> int | None:
    """A column named first: "rating above 4", "state is not Ohio", "name contains 'x'", "age between 3 and 5"."""
    item = draft.item(position)
    if item is None or not item.columns or item.quoted:
        return None
    following = draft.skip(position + 1, *_COPULA)
    negated = False
    if draft.is_word(following, *_NEGATIONS) and not comparator(draft, following):
        negated, following = True, draft.skip(following + 1, *_COPULA, "from")
    pattern = _pattern(draft, item, following)
    if pattern is not None:
        return pattern
    found = comparator(draft, following)
    if found is not None:
        end = _compared(draft, item, found.operator, found.position)
        if end is not None:
            return end
    if draft.is_word(following, "between") and (end := _range(draft, item, following)) is not None:
        return end
    target = draft.item(following)
    if target is None or following == position:
        return None
    if draft.is_word(following, "null", "empty", "missing", "unknown"):
        column = draft.column(item, draft.focus)
        if column is not None:
            add(draft, Compare(Col(column), "not-null" if negated else "null"))
            return following + 1
    return _equal(draft, item, position, following, negated)


def _compared(draft: Draft, item: Item, operator: str, position: int) -> int | None:
    start = draft.skip(position, "the", "a", "an", "of", "to")
    if draft.is_word(start, "average", "mean"):
        return None
    number = draft.item(start)
    if number is None or not (number.number or number.kind is Kind.DATE):
        return None
    if draft.item(start + 1) is not None and draft.items[start + 1].lemma in ("day", "week", "month", "quarter", "hour") and not draft.items[start + 1].columns:
        return None
    if draft.table(start + 1) and number.number and not after_number(draft, start + 1) and draft.word(start) != "year":
        column = draft.column(item, draft.focus, "number", note=False)
        if column is None or draft.attribute(column).kind != "number":
            return None
    column = draft.column(item, draft.focus, "number" if number.number else "time")
    if column is None:
        return None
    attribute = draft.attribute(column)
    if attribute.kind == "time" and (number.number or number.kind is Kind.DATE):
        return None
    if attribute.kind not in ("number", "text"):
        return None
    later = after_number(draft, start + 1)
    add(draft, Compare(Col(column), later.operator if later else operator, (number.tokens[0].value,)))
    return later.position if later else start + 1


def _range(draft: Draft, item: Item, position: int) -> int | None:
    low, high = draft.item(position + 1), draft.item(position + 3)
    if low is None or high is None or not (low.number and high.number) or not draft.is_word(position + 2, "and", "to"):
        return None
    column = draft.column(item, draft.focus, "number")
    if column is None or draft.attribute(column).kind != "number":
        return None
    add(draft, Both((Compare(Col(column), ">=", (low.tokens[0].value,)), Compare(Col(column), "<=", (high.tokens[0].value,)))))
    return position + 4


_CONTAINS = ("contains", "contain", "containing", "include", "includes", "including", "like", "having")
_PATTERN_FILLER = ("the", "a", "an", "word", "words", "substring", "letter", "letters", "string", "text", "phrase", "character",
                   "characters", "with", "prefix", "suffix", "in")  # fmt: skip


def _pattern(draft: Draft, item: Item, position: int) -> int | None:
    """contains, starts with, ends with."""
    word = draft.word(position)
    if word in _CONTAINS:
        shape = "%{}%"
    elif word in ("start", "starts", "starting", "begin", "begins", "beginning", "started"):
        shape = "{}%"
    elif word in ("end", "ends", "ending"):
        shape = "%{}"
    else:
        return None
    at = draft.skip(position + 1, *_PATTERN_FILLER)
    value = draft.item(at)
    if value is None or not (value.quoted or value.values or (value.tokens[0].capital and not value.named)):
        return None
    column = _of_which(draft, item) or draft.column(item, draft.focus, "text")
    if column is None or draft.attribute(column).kind != "text":
        return None
    add(draft, Compare(Col(column), "ilike", (shape.format(_escaped(value.tokens[0].value or value.text)),)))
    return at + 1


def _of_which(draft: Draft, item: Item) -> Field | None:
    """"the state whose name contains": the name of a state is the state itself."""
    position = draft.items.index(item)
    if item.lemma not in ("name", "title") or not draft.is_word(position - 1, "whose", "'s"):
        return None
    before = draft.item(position - 2)
    if before is None or not before.columns or draft.table(position - 2):
        return None
    column = draft.column(before, draft.focus, "text", note=False)
    return column if column is not None and draft.attribute(column).kind == "text" else None


def inverted_pattern(draft: Draft, position: int) -> int | None:
    """"having 'Hey' in its name", "with the word 'x' in the title"."""
    item = draft.item(position)
    if item is None or not item.quoted or not draft.is_word(position + 1, "in"):
        return None
    at = draft.skip(position + 2, "its", "their", "the", "his", "her")
    column_item = draft.item(at)
    if column_item is None or not column_item.columns:
        return None
    if not draft.is_word(at - 1, "its", "their", "his", "her", "the"):
        return None
    column = draft.column(column_item, draft.focus, "text")
    if column is None or draft.attribute(column).kind != "text":
        return None
    add(draft, Compare(Col(column), "ilike", (f"%{_escaped(item.tokens[0].value)}%",)))
    return at + 1


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _equal(draft: Draft, item: Item, position: int, following: int, negated: bool) -> int | None:
    """A column and its value: "state of Indiana", "id 3", "hometown is not 'X'"."""
    target = draft.item(following)
    assert target is not None
    if target.number or target.kind is Kind.DATE:
        if target.kind is Kind.DATE or draft.table(following + 1):
            return None
        column = draft.column(item, draft.focus)
        if column is None or not _takes_number(draft, column, target.tokens[0].value):
            return None
        draft.negated = draft.negated or negated
        add(draft, Compare(Col(column), "=", (target.tokens[0].value,)))
        return _more_values(draft, column, following + 1)
    named = target.quoted or target.values or (draft.is_word(following - 1, "named", "called", "is", "=") and target.tokens[0].capital and not target.named)
    if not named or (following == position + 1 and not target.quoted and not target.values):
        return None
    owned = {link.field: link.score for link in item.columns if link.score >= 0.5}
    hits = [v for v in target.values if v.field in owned]
    generic = item.lemma in ("name", "title")
    if not hits and generic and target.values:
        near = {draft.focus, draft.main}
        hits = [v for v in target.values if v.field.relation in near and draft.attribute(v.field).words[-1:] in (("name",), ("title",))]
        owned |= {v.field: 0.5 for v in hits}
    if hits:
        best = max(hits, key=lambda v: v.score + owned[v.field] + draft._nearness(v.field.relation, draft.focus))
        if best.field.relation not in draft.mentioned:
            draft.evidence.weak.append(best.score)
        draft.negated = draft.negated or negated
        add(draft, value_condition(draft, best, target))
        return _more_values(draft, best.field, following + 1)
    elsewhere = any(v.score >= 0.97 for v in target.values)
    if elsewhere and not target.quoted and not generic:
        return None
    if not target.quoted and target.values and not draft.is_word(following - 1, "is", "named", "=", "are", "not", "be"):
        return None
    column = draft.column(item, draft.focus, "text" if not target.text.isdigit() else "")
    if column is None or draft.attribute(column).kind not in ("text", "other", "number"):
        return None
    draft.evidence.ungrounded.append(target.text)
    draft.negated = draft.negated or negated
    add(draft, Compare(Col(column), text_operator(draft), (text_pattern(draft, target.tokens[0].value if target.quoted else target.text),)))
    return _more_values(draft, column, following + 1)


def _takes_number(draft: Draft, column: Field, value: str) -> bool:
    attribute = draft.attribute(column)
    if attribute.kind == "number":
        return True
    if attribute.kind != "text":
        return False
    stored = draft.linker.values.values(column.relation, column.column)
    return attribute.identifier or value in stored or "year" in attribute.words or not stored


def _more_values(draft: Draft, column: Field, position: int) -> int:
    """Further values of the same column: "is A or B", "1948 or 1949", "in A, B and C"."""
    while True:
        at = draft.skip(position, ",")
        joined = draft.is_word(at, "or", "and")
        start = draft.skip(at + 1, "the", "a", "either", "an") if joined else at
        item = draft.item(start)
        if item is None or not (joined or at > position):
            return position
        if item.named and draft.has_column(item, column.relation, 0.9) and draft.item(start + 1) is not None:
            inner = draft.skip(start + 1, "of", "is", "the")
            nested = draft.item(inner)
            if nested is not None and any(v.field == column for v in nested.values):
                item, start = nested, inner
        hit = next((v for v in item.values if v.field == column), None)
        numeric = item.number and not draft.table(start + 1) and draft.attribute(column).kind in ("number", "text") and not comparator(draft, start + 1)
        if hit is None and not numeric and not item.quoted:
            return position
        value = hit.value if hit else item.tokens[0].value
        last = draft.where[-1] if draft.where else None
        same = isinstance(last, Compare) and last.left == Col(column) and last.operator in ("=", "<>")
        conjunct = draft.is_word(at, "and") and _multiplied(draft, column)
        if not same or ((draft.both or conjunct) and not draft.is_word(at, "or")):
            draft.both = draft.both or conjunct
            return position
        assert isinstance(last, Compare)
        draft.where[-1] = Compare(last.left, last.operator, (*last.values, value))
        position = start + 1


def _multiplied(draft: Draft, column: Field) -> bool:
    """Whether each row of the main table may meet several rows of the column's table: "A and B" then means both."""
    if not draft.main or column.relation == draft.main:
        return False
    path = draft.graph.path(draft.main, column.relation, draft.index)
    counted = any(isinstance(e, Agg) for e in draft.select)
    return bool(path) and not counted and any(not edge.to_one for edge in path or ())


def text_operator(draft: Draft) -> str:
    """How an unverified text is compared."""
    return {"ilike": "ilike", "lower": "ilike"}.get(draft.exact_text, "=")


def text_pattern(draft: Draft, text: str) -> str:
    return f"%{_escaped(text)}%" if draft.exact_text == "ilike" else text


def value_condition(draft: Draft, link: ValueLink, item: Item) -> Cond:
    """Equality with the stored value; a contained phrase matches as a pattern."""
    phrase = item.tokens[0].value if item.quoted else item.text
    inexact = link.score < 0.86 and phrase.lower() in link.value.lower() and phrase.lower() != link.value.lower()
    if draft.exact_text == "exact" and item.quoted:
        return Compare(Col(link.field), "=", (phrase if inexact else link.value,))
    if inexact or (draft.exact_text == "ilike" and phrase.lower() in link.value.lower()):
        return Compare(Col(link.field), "ilike", (f"%{_escaped(phrase)}%",))
    return Compare(Col(link.field), "=", (link.value,))


def value(draft: Draft, position: int) -> int | None:
    """A value on its own: "in Texas", "Italian restaurants", "the author 'X'"."""
    item = draft.item(position)
    if item is None or not (item.values or item.quoted):
        return None
    if item.named and not item.quoted and max(item.table_score(), item.column_score()) >= 0.95 and not item.tokens[0].capital:
        best = item.values[0].score if item.values else 0
        if best < 1.0 or draft.table(position) or not _value_context(draft, position):
            return None
    if not item.values:
        return _unknown_value(draft, position, item)
    ranked = sorted(item.values, key=lambda v: (-_value_rank(draft, position, v), v.field, v.value))
    best = ranked[0]
    if item.named and not item.quoted and not _value_context(draft, position) and best.score < 1.0:
        return None
    rivals = [v for v in ranked[1:] if v.field != best.field and _value_rank(draft, position, v) > _value_rank(draft, position, best) - 0.05]
    if rivals and rivals[0].field.relation != best.field.relation:
        draft.evidence.ambiguous.append(f"{item.text}: {draft._qualified(best.field)} or {draft._qualified(rivals[0].field)}")
    draft.evidence.weak.append(best.score)
    if draft.projecting and _restates(draft, position, best):
        pass
    add(draft, value_condition(draft, best, item))
    if best.field.relation not in draft.mentioned:
        draft.mentioned.append(best.field.relation)
    following = draft.item(position + 1)
    if following is not None and following.lower == "'s":
        draft.projecting = True
        return position + 2
    end = position + 1
    if following is not None and following.columns and any(c.field == best.field and c.score > 0.6 for c in following.columns):
        if not draft.table(position + 1) or draft.table(position + 1) == best.field.relation:
            end += 1
    return _more_values(draft, best.field, end)


def _restates(draft: Draft, position: int, link: ValueLink) -> bool:
    return False


def _value_context(draft: Draft, position: int) -> bool:
    """Whether a value is expected here: after a preposition or a copula, or before the table it qualifies."""
    before = draft.is_word(position - 1, "in", "from", "is", "are", "as", "to", "by", "at", "of", "not", "=", "or", "named", "only", "language", "with")
    return before or bool(draft.table(position + 1)) or (draft.item(position + 1) is not None and bool(draft.items[position + 1].columns))


def _value_rank(draft: Draft, position: int, link: ValueLink) -> float:
    attribute = draft.attribute(link.field)
    score = link.score + 0.6 * draft._nearness(link.field.relation, 0)
    previous = draft.items[position - 1] if position else None
    back = position - 1
    while previous is not None and previous.lower in ("the", "of", "a", "is", "named", "called", "=", "in", "by", "with", "are", "not", "'s", "either", "for", "both"):
        back -= 1
        previous = draft.item(back)
    following = draft.item(position + 1)
    for neighbour, weight in ((previous, 0.45), (following, 0.45)):
        if neighbour is None:
            continue
        if any(c.field == link.field for c in neighbour.columns):
            score += weight
        elif any(t.relation == link.field.relation and t.score > 0.8 for t in neighbour.tables[:3]):
            score += weight * (0.7 if link.field.column in draft.entity(link.field.relation).display else 0.4)
    placed = draft.is_word(position - 1, "in", "from", "at")
    if placed and set(attribute.words) & PLACE_WORDS:
        score += 0.25
    if link.field.column in draft.entity(link.field.relation).display:
        score += 0.06
    if not draft.entity(link.field.relation).relation.is_table:
        score -= 0.2
    return score


def _unknown_value(draft: Draft, position: int, item: Item) -> int | None:
    """A quoted text that the database does not show: it goes to the column or the table named beside it."""
    table = 0
    for back in range(position - 1, max(-1, position - 4), -1):
        table = draft.table(back)
        if table or draft.word(back) in ("and", "or", ","):
            break
    following = draft.item(position + 1)
    target: Field | None = None
    if following is not None and following.columns and not draft.table(position + 1):
        target = draft.column(following, draft.focus, "text")
    elif table:
        target = next((f for f in draft.displays(table) if draft.attribute(f).kind == "text"), None)
    draft.evidence.ungrounded.append(item.text)
    if target is None or draft.attribute(target).kind != "text":
        draft.evidence.unknown.append(item.text)
        return position + 1
    add(draft, Compare(Col(target), text_operator(draft), (text_pattern(draft, item.tokens[0].value),)))
    return position + 1


_WEEKEND = ("weekend", "weekends")


def weekday(draft: Draft, position: int) -> int | None:
    """on weekends, on weekdays, on Mondays: the day of the week of a time column, or a column that holds its name."""
    at = draft.skip(position, "on", "at", "during", "the")
    word = draft.word(at)
    singular_word = word.removesuffix("s")
    if word in _WEEKEND:
        days, negated = [6, 0], False
    elif word in ("weekday", "weekdays") and not draft.is_word(position, "each", "per", "by"):
        days, negated = [6, 0], True
    elif singular_word in WEEKDAYS and at > position:
        days, negated = [WEEKDAYS[singular_word]], False
    else:
        return None
    condition = _on_days(draft, at, days, negated)
    if condition is None:
        return None
    add(draft, condition)
    return at + 1


def _on_days(draft: Draft, position: int, days: list[int], negated: bool) -> Cond | None:
    names = [name.title() for name, number in WEEKDAYS.items() if number in days]
    for oid in dict.fromkeys(t for t in (draft.focus, draft.main) if t):
        for attribute in draft.entity(oid).attributes.values():
            stored = draft.linker.values.values(oid, attribute.field.column) if attribute.kind == "text" else ()
            if stored and set(v.lower() for v in stored) <= set(WEEKDAYS):
                return Compare(Col(attribute.field), "<>" if negated else "=", tuple(names))
    target = time_column(draft, position, Span(None, None, 1, "day"))
    if target is None or target.kind != "time":
        return None
    day = Bucket("dow", Col(target.field), part=True)
    return Compare(day, "<>" if negated else "=", tuple(str(d) for d in days))
