"""Order and extremes: sorted by, top 5, the youngest, with the most X, most common."""

from __future__ import annotations

from pgwarden.language.draft import Draft
from pgwarden.language.forms import Agg, Bucket, Col, Expr, Length, has_aggregate
from pgwarden.language.index import Field
from pgwarden.language.lexicon import AGGREGATES, SUPERLATIVE_HIGH, SUPERLATIVE_LOW, SUPERLATIVES
from pgwarden.language.linking import Item
from pgwarden.language.projection import money_column

_SORT = ("order", "ordered", "sort", "sorted", "ordering", "arrange", "arranged", "rank", "ranked", "sorting", "listed", "starting")
_DOWN = ("descending", "desc", "decreasing", "reverse", "largest", "highest", "most", "newest", "latest", "oldest", "greatest", "biggest",
         "longest", "best")  # fmt: skip
_UP = ("ascending", "asc", "increasing", "alphabetical", "alphabetically", "chronological", "chronologically", "lexicographical",
       "lexicographically", "smallest", "lowest", "least", "earliest", "youngest", "shortest", "fewest")  # fmt: skip


def ordering(draft: Draft, position: int) -> int | None:
    """ordered by X descending; in ascending order of X; alphabetically; from the oldest to the youngest."""
    at = position
    if draft.is_word(at, "in") and draft.is_word(at + 1, *_DOWN, *_UP) and draft.is_word(draft.skip(at + 2, "alphabetical", "numerical"), "order"):
        return _keys(draft, at, None)
    if draft.is_word(at, "alphabetically", "chronologically"):
        return _keys(draft, at, None)
    if draft.is_word(at, "newest", "oldest", "latest", "highest", "lowest", "largest", "smallest") and draft.is_word(at + 1, "first"):
        return _first(draft, at)
    if not draft.is_word(at, *_SORT) or (draft.item(at) is not None and draft.items[at].tables and position and not draft.is_word(at + 1, "by")):
        return None
    starting = draft.is_word(at, "starting", "listed", "ranked", "rank", "arrange", "arranged") or (position > 0 and draft.is_word(at, "order", "ordered", "sorted"))
    if starting and not draft.is_word(at + 1, "from", "with", "by", "in", "alphabetically", "according", "on", "descending", "ascending", "the", "results", "result", "them", "it", "chronologically", "based") or (draft.is_word(at, "listed", "arranged", "arrange") and draft.is_word(at + 1, "in", "on", "the") and not draft.is_word(at + 2, *_DOWN, *_UP, "order", "reverse")):
        return None
    if draft.is_word(at, "starting") and draft.item(at + 2) is not None and not draft.is_word(draft.skip(at + 2, "the"), *_DOWN, *_UP):
        return None
    return _keys(draft, at + 1, None)


def _first(draft: Draft, at: int) -> int | None:
    word = draft.word(at)
    key: Expr | None = None
    aggregates = [e for e in draft.select if has_aggregate(e)]
    if word in ("highest", "lowest", "largest", "smallest"):
        key = aggregates[-1] if aggregates else _last_number(draft)
    if key is None:
        key = _graded(draft, word, draft.main)
    if key is None:
        return None
    draft.order.append((key, word in ("newest", "latest", "highest", "largest")))
    return at + 2


def _last_number(draft: Draft) -> Expr | None:
    for expression in reversed(draft.select):
        if isinstance(expression, Col) and draft.attribute(expression.field).kind == "number":
            return expression
    return None


_NOISE = ("the", "results", "result", "them", "it", "by", "in", "order", "of", "according", "to", "on", "based", "their", "its", "his", "her", "list", "output",
          "with", "from", "using", "values", "value", "a", "and", "rows", "records", "names", "all", "major")  # fmt: skip


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
        elif (key_end := _key(draft, at)) is not None:
            key, at = key_end
            if key not in keys:
                keys.append(key)
        elif draft.is_word(at, *_NOISE) or draft.is_word(at, ","):
            at += 1
        else:
            break
    if not keys and superlative and (key_ := _graded(draft, superlative, draft.main) or _aggregate_shown(draft) or _last_number(draft)):
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


def _key(draft: Draft, at: int) -> tuple[Expr, int] | None:
    if draft.is_word(at, "length") and draft.is_word(at + 1, "of"):
        inner = draft.skip(at + 2, "the")
        found = _key(draft, inner)
        return (Length(found[0]), found[1]) if found else None
    counted = _counted(draft, at)
    if counted is not None:
        return counted
    if draft.is_word(at, *AGGREGATES):
        inner = draft.skip(at + 1, "of", "the", "number")
        item = draft.item(inner)
        owner = draft.table(inner)
        if owner and draft.is_word(inner + 1, "count", "counts"):
            return Agg("count", None, owner), inner + 2
        if owner and draft.is_word(inner + 1, "amount", "revenue", "value", "volume") and not draft.has_column(draft.items[inner + 1], owner, 0.6):
            worth = money_column(draft, within=owner)
            if worth is not None:
                draft.focus = owner
                return Agg(AGGREGATES[draft.word(at)], worth), inner + 2
        if item is not None and draft.table(inner) and draft.item(inner + 1) is not None and draft.items[inner + 1].columns:
            item, inner = draft.items[inner + 1], inner + 1
        if item is not None and item.columns:
            column = draft.column(item, 0, "number")
            if column is not None and draft.attribute(column).kind == "number":
                draft.focus = column.relation
                return Agg(AGGREGATES[draft.word(at)], Col(column)), inner + 1
        if item is not None and item.lemma in ("revenue", "turnover", "earning", "income", "spending") and (earned := money_column(draft)) is not None:
            draft.focus = earned.field.relation
            return Agg(AGGREGATES[draft.word(at)], earned), inner + 1
        return None
    if draft.is_word(at, "count", "counts", "frequency", "total", "sum", "amount", "ratio", "difference", "number") and not (draft.item(at) and draft.items[at].columns and draft.items[at].column_score() > 0.95):
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
    if table and following is not None and following.columns and draft.has_column(following, table, 0.7) and following.start == draft.items[at].end:
        column = draft.column(following, table)
        return (Col(column), at + 2) if column is not None else None
    shown_unit = next((e for e in (*draft.group, *draft.select) if isinstance(e, Bucket) and e.unit == item.lemma), None)
    if shown_unit is not None:
        return shown_unit, at + 1
    if item.columns and (not table or draft.has_column(item, draft.main, 0.9)):
        column = draft.column(item, draft.main if draft.is_word(at - 1, "their", "its", "his", "her") else 0)
        if column is not None:
            shown = next((e for e in draft.select if isinstance(e, Agg) and e.over == Col(column)), None)
            return shown or Col(column), at + 1
    if table:
        fields = draft.displays(table)
        return Col(fields[0]), at + 1
    return None


def _counted(draft: Draft, at: int) -> tuple[Expr, int] | None:
    start = draft.skip(at, "total")
    if not (draft.is_word(start, "number", "count") and draft.is_word(start + 1, "of")):
        return None
    inner = draft.skip(start + 2, "the", "different", "distinct", "unique", "all", "their", "its")
    table = draft.table(inner)
    if table:
        shown = next((e for e in draft.select if isinstance(e, Agg) and e.function == "count" and e.entity == table), None)
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


def superlative(draft: Draft, position: int) -> int | None:
    """the youngest X; with the highest Y; the most Zs; most common W; top 3 Xs."""
    top = _top(draft, position)
    if top is not None:
        return top
    word = draft.word(position)
    number = draft.item(position)
    if number is not None and number.number and draft.is_word(position + 1, *SUPERLATIVE_HIGH, *SUPERLATIVE_LOW, *SUPERLATIVES):
        draft.limit, draft.bare_limit = int(float(number.tokens[0].value)), True
        return position + 1
    at = position
    if word in ("most", "least", "more") and draft.word(at + 1) in SUPERLATIVES and draft.word(at + 1) not in ("paid",):
        return _adjective(draft, at + 1, word == "least")
    if word in ("most", "least") and draft.is_word(at + 1, "common", "popular", "frequent", "frequently", "commonly", "often", "used"):
        return _most_common(draft, at, word == "least")
    if number is None or word in ("highly",):
        return None
    if word in ("most", "least") and draft.is_word(at + 1, "highly", "highest") and draft.word(at + 2) in SUPERLATIVES:
        return _adjective(draft, at + 2, word == "least")
    if word in ("highest", "lowest", "best", "worst", "top") and draft.is_word(at + 1, "rated", "paid", "ranked", "scoring", "selling", "priced", "scored", "grossing"):
        return _adjective(draft, at + 1, word in ("lowest", "worst"))
    if word in SUPERLATIVE_HIGH or word in SUPERLATIVE_LOW:
        found = _most_of(draft, at, word in SUPERLATIVE_LOW)
        if found is not None:
            return found
    if word in SUPERLATIVES and word not in ("rated", "paid", "ranked", "recent", "recently", "expensive", "populous"):
        return _adjective(draft, at, False)
    return None


def _top(draft: Draft, position: int) -> int | None:
    if draft.is_word(position, "top", "first", "bottom", "last") and (item := draft.item(position + 1)) is not None and item.number:
        draft.limit, draft.bare_limit = int(float(item.tokens[0].value)), True
        if draft.word(position) in ("bottom", "last"):
            draft.evidence.guesses.append("bottom")
        return position + 2
    if draft.bare_limit and draft.is_word(position, "by") or (draft.bare_limit and draft.is_word(position, "in") and draft.is_word(position + 1, "terms")):
        found = _key(draft, draft.skip(position + 1, "terms", "of", "the", "their", "by", "its", "highest", "most"))
        if found is not None:
            draft.order.append((found[0], "bottom" not in draft.evidence.guesses))
            draft.bare_limit = False
            return found[1]
    return None


def _settle(draft: Draft, key: Expr, descending: bool) -> None:
    draft.order.append((key, descending))
    if draft.limit is None:
        draft.limit = 1
    draft.bare_limit = False


def _graded(draft: Draft, word: str, oid: int) -> Expr | None:
    entry = SUPERLATIVES.get(word)
    if entry is None or not oid:
        return None
    found = [a for a in draft.index.columns_like(oid, entry[0]) if not a.identifier and a.kind in ("number", "time", "text")]
    found = [a for a in found if a.kind != "text" or any(w in a.words for w in ("age", "year", "price", "rating", "date", "cost", "length", "weight", "height"))]
    return Col(found[0].field) if found else None


def _adjective(draft: Draft, at: int, low: bool) -> int | None:
    """"the youngest dog": the table is named after, or is the one spoken of."""
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
    key = _graded(draft, word, owner)
    if key is None and owner and draft.main and owner != draft.main:
        key = _graded(draft, word, draft.main)
    if key is None and item is not None and item.columns and not table:
        column = draft.column(item, 0, "number")
        key = Col(column) if column is not None else None
        end = at + 2
    if key is None:
        key = _related_grade(draft, word, owner)
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
    _settle(draft, key, descending)
    if table and table != draft.main and not draft.projecting:
        draft.focus = table
    if table and draft.projecting and not draft.select:
        return end
    return end


def _related_grade(draft: Draft, word: str, owner: int) -> Expr | None:
    if not owner or word not in ("rated", "highest", "best"):
        return None
    for edge in draft.graph.edges.get(owner, ()):
        found = _graded(draft, word, edge.right.relation)
        if isinstance(found, Col):
            return Agg("avg", found)
    return None


def _most_common(draft: Draft, at: int, low: bool) -> int | None:
    end = draft.skip(at + 2, "used", "occurring")
    item = draft.item(end)
    table = draft.table(end)
    if item is not None and table and draft.item(end + 1) is not None and draft.items[end + 1].columns and draft.items[end + 1].start == item.end:
        draft.mention(table)
        item, end, table = draft.items[end + 1], end + 1, 0
    if item is None or not item.columns:
        return None
    from pgwarden.language.projection import owner_after

    owner = owner_after(draft, end)
    if table and not owner and not draft.main:
        return None
    column = draft.column(item, owner)
    if column is None:
        return None
    if not draft.main:
        draft.mention(owner or column.relation)
    _group_by(draft, column)
    _settle(draft, Agg("count", None, owner or column.relation), not low)
    return end + 1


def _group_by(draft: Draft, column: Field) -> None:
    if Col(column) not in draft.select:
        draft.select.append(Col(column))
    if Col(column) not in draft.group:
        draft.group.append(Col(column))


def _most_of(draft: Draft, at: int, low: bool) -> int | None:
    """"the most dogs", "the highest number of authors", "the largest net worth", "the highest average rating"."""
    start = draft.skip(at + 1, "number", "amount", "count", "of", "the", "total", "numbers", "different", "distinct", "quantity", "share")
    said_number = any(draft.is_word(p, "number", "amount", "count", "total") for p in range(at + 1, start))
    function = ""
    if draft.is_word(start, *AGGREGATES):
        function, start = AGGREGATES[draft.word(start)], draft.skip(start + 1, "of", "the", "number")
    elif draft.is_word(start - 1, "total") or (said_number and draft.is_word(start - 1, "total")):
        function = ""
    item = draft.item(start)
    while item is not None and start < at + 4 and not item.linked and item.lower not in ("in", "on", "of", "for", "with", "that", "and", "rated", "paid"):
        start += 1
        item = draft.item(start)
    if item is None:
        return _alone(draft, at, low)
    table = draft.table(start)
    following = draft.item(start + 1)
    if table and following is not None and following.columns and following.start == item.end and draft.has_column(following, table, 0.8):
        column = draft.column(following, table, "number")
        if column is not None and draft.attribute(column).kind in ("number", "time"):
            _settle(draft, Agg(function, Col(column)) if function else Col(column), not low)
            return start + 2
    if table and not function and not _measures(draft, item):
        if table == draft.main and not draft.projecting and not draft.group:
            return None
        if table != draft.main or said_number or draft.word(at) in ("most", "fewest", "least"):
            known = draft.main and draft.main != table
            if not known and not draft.group and draft.select:
                _group_columns(draft)
            draft.mentioned.append(table)
            _settle(draft, Agg("count", None, table), not low)
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
    if not function and draft.main and column.relation != draft.main and _many(draft, column.relation):
        function = "sum" if "total" in [draft.word(p) for p in range(at, start)] else function
    _settle(draft, Agg(function, Col(column)) if function else Col(column), not low)
    return start + 1


def _measures(draft: Draft, item: Item) -> bool:
    return any(link.relation == draft.main and link.score >= 0.9 and draft.attribute(link.field).kind == "number"
               and not draft.attribute(link.field).identifier for link in item.columns)  # fmt: skip


def _many(draft: Draft, relation: int) -> bool:
    path = draft.graph.path(draft.main, relation, draft.index)
    return bool(path) and any(not edge.to_one for edge in path or ())


def _group_columns(draft: Draft) -> None:
    """"which year has the most concerts": the column shown is the group."""
    for expression in draft.select:
        if isinstance(expression, Col) and expression not in draft.group:
            draft.group.append(expression)


def _alone(draft: Draft, at: int, low: bool) -> int | None:
    """"who is worth the most": the column stands before the superlative."""
    for back in range(at - 1, max(-1, at - 4), -1):
        item = draft.item(back)
        if item is not None and item.columns and not draft.table(back):
            column = draft.column(item, draft.focus, "number", note=False)
            if column is not None and draft.attribute(column).kind == "number":
                _settle(draft, Col(column), not low)
                return at + 1
    return None


def stated(draft: Draft, position: int) -> int | None:
    """A measure that "is the largest": "whose number of products is the largest", "total cost is the lowest"."""
    at = position
    function = ""
    if draft.is_word(at, *AGGREGATES):
        function, at = AGGREGATES[draft.word(at)], draft.skip(at + 1, "of", "the")
    expression: Expr | None = None
    item = draft.item(at)
    if item is None:
        return None
    if draft.is_word(at, "number", "count") and draft.is_word(at + 1, "of"):
        found = _counted(draft, at)
        if found is None:
            return None
        expression, end = found
    elif item.columns and not draft.table(at):
        end = at + 1
        if not (draft.is_word(end, "is", "are", "was", "were") and _superlative_at(draft, draft.skip(end + 1, "the"))):
            return None
        column = draft.column(item, draft.focus, "number")
        if column is None:
            return None
        expression = Agg(function, Col(column)) if function else Col(column)
    else:
        return None
    start = draft.skip(end, "is", "are", "was", "were")
    if start == end or not _superlative_at(draft, draft.skip(start, "the")):
        return None
    word = draft.word(draft.skip(start, "the"))
    _settle(draft, expression, word in SUPERLATIVE_HIGH or word in ("latest", "oldest", "longest"))
    draft.projecting = False
    return draft.skip(start, "the") + 1


def _superlative_at(draft: Draft, position: int) -> bool:
    return draft.is_word(position, *SUPERLATIVE_HIGH, *SUPERLATIVE_LOW, *SUPERLATIVES) and not draft.is_word(position + 1, "than")


_MONEY = ("cost", "price", "amount", "payment", "salary", "fee", "charge", "revenue", "sale", "total", "income", "spend", "balance", "value")


def money(draft: Draft, position: int) -> int | None:
    """"spent the most (money)", "costs the least in total": the sum of a money column near by."""
    if not draft.is_word(position, "most", "least", "largest", "highest", "lowest"):
        return None
    at = draft.skip(position + 1, "amount", "of")
    said = draft.is_word(at, "money")
    end = at + 1 if said else position + 1
    verb = any(p.lemma in ("spend", "cost", "pay", "earn", "charge") for p in draft.items[max(0, position - 3) : position])
    following = draft.item(end)
    if not said and (not verb or not draft.is_word(end, "on", "for", "in", "money") and following is not None):
        return None
    in_total = any(draft.is_word(p, "total", "overall") for p in range(end, min(end + 3, len(draft.items))))
    expression = _money_column(draft)
    if expression is None:
        return None
    grouped = in_total or verb or _many(draft, expression.field.relation)
    _settle(draft, Agg("sum", expression) if grouped and expression.field.relation != draft.main else expression, draft.is_word(position, "most", "largest", "highest"))
    return draft.skip(end, "in", "total", "overall")


def _money_column(draft: Draft) -> Col | None:
    later = [draft.table(p) for p in range(len(draft.items)) if draft.table(p)]
    near = [e.right.relation for t in (draft.focus, draft.main) for e in draft.graph.edges.get(t, ()) if e.cost < 1.5]
    two = [e.right.relation for t in near for e in draft.graph.edges.get(t, ()) if e.cost < 1.5]
    for oid in dict.fromkeys([draft.focus, *later, draft.main, *near, *two]):
        if not oid:
            continue
        found = [a for a in draft.index.columns_like(oid, _MONEY) if a.kind == "number" and not a.identifier]
        if found:
            return Col(found[0].field)
    return None


def times(draft: Draft, position: int) -> int | None:
    """"was awarded the most times": how often the related thing happened."""
    if not (draft.is_word(position, "most", "least") and draft.is_word(position + 1, "times", "often", "frequently")):
        return None
    later = [draft.table(p) for p in range(position + 2, len(draft.items))]
    target = next((t for t in later if t and t != draft.main), 0) or next((t for t in reversed(draft.related) if t), 0)
    if not target:
        return None
    _settle(draft, Agg("count", None, target), draft.is_word(position, "most"))
    return position + 2
