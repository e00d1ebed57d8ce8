"""A measure that is said to be extreme: "total cost is the lowest", "spent the most", "the most times"."""

from __future__ import annotations

from pgwarden.language.draft import Draft
from pgwarden.language.forms import Agg, Col, Expr
from pgwarden.language.lexicon import AGGREGATES, SUPERLATIVE_HIGH, SUPERLATIVE_LOW, SUPERLATIVES, VERB_ATTRIBUTES
from pgwarden.language.ordering import counted_key, many
from pgwarden.language.superlatives import group_columns, settle
from pgwarden.language.worth import money_column


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
        found = counted_key(draft, at)
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
    settle(draft, expression, word in SUPERLATIVE_HIGH or word in ("latest", "oldest", "longest"))
    draft.projecting = False
    return draft.skip(start, "the") + 1


def _superlative_at(draft: Draft, position: int) -> bool:
    return draft.is_word(position, *SUPERLATIVE_HIGH, *SUPERLATIVE_LOW, *SUPERLATIVES) and not draft.is_word(
        position + 1, "than"
    )


_MONEY = (
    "cost",
    "price",
    "amount",
    "payment",
    "salary",
    "fee",
    "charge",
    "revenue",
    "sale",
    "total",
    "income",
    "spend",
    "balance",
    "value",
)


def money(draft: Draft, position: int) -> int | None:
    """ "spent the most (money)", "costs the least in total": the sum of a money column near by."""
    if not draft.is_word(position, "most", "least", "largest", "highest", "lowest"):
        return None
    at = draft.skip(position + 1, "amount", "of")
    said = draft.is_word(at, "money")
    end = at + 1 if said else position + 1
    verb = any(
        p.lemma in ("spend", "cost", "pay", "earn", "charge") for p in draft.items[max(0, position - 3) : position]
    )
    following = draft.item(end)
    if not said and (not verb or (not draft.is_word(end, "on", "for", "in", "money") and following is not None)):
        return None
    own = VERB_ATTRIBUTES["earn"] if draft.main and draft.entity(draft.main).person else ()
    earned = [a for a in draft.index.columns_like(draft.main, own) if a.kind == "number"] if own else []
    if not said and earned and any(p.lemma in ("earn", "make") for p in draft.items[max(0, position - 3) : position]):
        settle(draft, Col(earned[0].field), draft.is_word(position, "most", "largest", "highest"))
        return end
    in_total = any(draft.is_word(p, "total", "overall") for p in range(end, min(end + 3, len(draft.items))))
    expression = _money_column(draft)
    if expression is None:
        return None
    grouped = in_total or verb or many(draft, expression.field.relation)
    settle(
        draft,
        Agg("sum", expression) if grouped and expression.field.relation != draft.main else expression,
        draft.is_word(position, "most", "largest", "highest"),
    )
    return draft.skip(end, "in", "total", "overall")


def _money_column(draft: Draft) -> Col | None:
    earned = money_column(draft)
    if isinstance(earned, Col):
        return earned
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
    """ "was awarded the most times": how often the related thing happened."""
    if not (draft.is_word(position, "most", "least") and draft.is_word(position + 1, "times", "often", "frequently")):
        return None
    later = [draft.table(p) for p in range(position + 2, len(draft.items))]
    target = next((t for t in later if t and t != draft.main), 0) or next((t for t in reversed(draft.related) if t), 0)
    if not target and draft.select and not draft.default_display:
        group_columns(draft)
        target = draft.main or next((e.field.relation for e in draft.select if isinstance(e, Col)), 0)
    if not target:
        return None
    settle(draft, Agg("count", None, target), draft.is_word(position, "most"))
    return position + 2
