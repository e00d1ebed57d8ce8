"""What is added up though nobody says "sum": total fines, how much was paid, fuel cost per vehicle, how many seats."""

from __future__ import annotations

from pgwarden.language.abbreviations import abbreviates, is_word
from pgwarden.language.draft import Draft
from pgwarden.language.forms import Agg, Col, Expr, fields_of
from pgwarden.language.index import Attribute, Field
from pgwarden.language.lexicon import RELATION_VERBS
from pgwarden.language.linking import Item
from pgwarden.language.morphology import is_plural, lemma
from pgwarden.language.outputs import DETERMINERS, show
from pgwarden.language.synonyms import ABBREVIATIONS
from pgwarden.language.worth import money_column

_MONEY_NOUNS = frozenset(
    {"payment", "fee", "fine", "refund", "donation", "expense", "cost", "charge", "sale", "bill", "salary", "bonus",
     "deposit", "withdrawal", "spending", "earning", "discount", "penalty", "tax", "tip", "contribution", "grant",
     "loss", "debt", "due", "premium", "toll", "rebate", "reimbursement", "commission", "wage", "allowance"}
)  # fmt: skip
"""Tables so called hold amounts: "total fines" is money, while "total orders" is a number of them."""
_AMOUNTS = ("amount", "total", "value", "sum", "price", "cost", "fee", "paid")
_PAYING = frozenset({"pay", "spend", "owe", "charge", "donate", "bill", "invoice", "collect", "refund", "receive"})
_ADDED = frozenset(
    {
        "revenue",
        "sale",
        "amount",
        "total",
        "turnover",
        "quantity",
        "profit",
        "spending",
        "earning",
        "cost",
        "expense",
        "fee",
        "payment",
        "distance",
        "volume",
        "spend",
        "consumption",
        "usage",
        "income",
        "budget",
        "donation",
        "refund",
    }
)
"""Measures of which a group has the sum; of a price, an age or a rating it has none."""


def amount_of(draft: Draft, oid: int, *, named: bool = False) -> Col | None:
    """The column that holds how much each row of a table is worth; with ``named``, only of tables called after it."""
    entity = draft.entity(oid)
    if named and not (entity.words and _is_money(entity.words[-1])):
        return None
    found = [a for a in draft.index.columns_like(oid, _AMOUNTS) if a.kind == "number" and not a.identifier]
    return Col(found[0].field) if found else None


def _is_money(word: str) -> bool:
    return word in _MONEY_NOUNS or (not is_word(word) and any(abbreviates(word, noun) for noun in _MONEY_NOUNS))


def total_of(draft: Draft, at: int, functions: list[str]) -> int | None:
    """ "total of unpaid invoices", "average fine", "total fines": of the amounts that the rows hold."""
    of = draft.is_word(at - 1, "of") or draft.is_word(at, "of")
    start = draft.skip(at, *DETERMINERS)
    for ahead in range(start, min(start + 4, len(draft.items))):
        item = draft.items[ahead]
        table = draft.table(ahead)
        following = draft.item(ahead + 1)
        compound = following is not None and following.start == item.end
        if table and following is not None and compound and draft.has_column(following, table, 0.6):
            return None
        if table and draft.is_word(ahead + 1, "amount", "amounts", "revenue", "value", "volume", "count", "number"):
            return None
        if table:
            single = set(functions) <= {"avg", "min", "max", "median"} and not is_plural(item.tokens[-1].lower)
            amount = amount_of(draft, table, named=not (of or single))
            if amount is None:
                return None
            for function in dict.fromkeys(functions):
                show(draft, Agg(function, amount))
            draft.mention(table)
            item.used = True
            draft.evidence.guesses.append(f"{item.text} add up {draft.qualified(amount.field)}")
            return ahead + 1 if ahead == start else start
        if item.columns and (item.tokens[-1].lower == item.lemma or item.column_score() > 0.8):
            return None
        if draft.is_word(ahead, "per", "each", "by", "for", "in", "number"):
            return None
    return None


def how_much(draft: Draft, position: int) -> None:
    """ "how much did we spend on …": the sum of the amounts near by, when a verb of paying follows."""
    for ahead in range(position, len(draft.items)):
        item = draft.items[ahead]
        earned = item.lemma in ("earn", "make") and draft.is_word(ahead - 1, "we")
        if not (earned or item.lemma in _PAYING) or draft.table(ahead):
            continue
        amount = _paid(draft)
        if amount is None:
            return
        item.tables, item.columns = (), ()
        draft.select.append(Agg("sum", amount))
        draft.mention(min(f.relation for f in fields_of(amount)))
        draft.evidence.guesses.append("the amount is " + " × ".join(draft.qualified(f) for f in fields_of(amount)))
        return
    if not any(i.named for i in draft.items[position:]):
        draft.evidence.unknown.append("how much")


def spent_on(draft: Draft, at: int) -> int | None:
    """ "total spent on repairs", "total paid by customers": the amounts of what is named there."""
    item = draft.item(at)
    if item is None or item.lemma not in _PAYING or item.tokens[0].lower == item.lemma:
        return None
    amount = _paid(draft)
    if amount is None:
        return None
    show(draft, Agg("sum", amount))
    draft.mention(min(f.relation for f in fields_of(amount)))
    draft.evidence.guesses.append("the amount is " + " × ".join(draft.qualified(f) for f in fields_of(amount)))
    return draft.skip(at + 1, "on", "for")


def _paid(draft: Draft) -> Expr | None:
    ahead = [oid for oid in sorted(draft.ahead) if amount_of(draft, oid) is not None]
    return amount_of(draft, ahead[0]) if len(ahead) == 1 else money_column(draft)


def is_paid(draft: Draft) -> bool:
    """Whether amounts are spoken of: "fees paid per month"."""
    return any(i.lemma in _PAYING and i.tokens[0].lower != i.lemma for i in draft.first_items)


def added_up(attribute: Attribute) -> bool:
    """Whether the sum over a group is what a measure said beside it means."""
    plain = attribute.kind == "number" and not attribute.identifier
    words = {e for w in attribute.words for e in ABBREVIATIONS.get(w, (w,))}
    return plain and (bool(words & _ADDED) or _plural_name(attribute))


def _plural_name(attribute: Attribute) -> bool:
    """``seats``, ``litres``: a column called by a plural holds a number of them."""
    parts = attribute.name.lower().replace("-", "_").split("_")
    done = len(parts) > 1 and (parts[-1].endswith("ed") or lemma(parts[-1]) in RELATION_VERBS)  # copies_owned
    last = parts[-2] if done else parts[-1]
    return is_plural(last) and last not in ("years", "status")


def counted_in(draft: Draft, column: Field, item: Item) -> Expr | None:
    """ "how many seats": the sum of a column that holds how many there are, None when values are to be counted."""
    attribute = draft.attribute(column)
    amounts = _plural_name(attribute) or bool({"quantity", "qty"} & set(attribute.words))
    plain = attribute.kind == "number" and not attribute.identifier
    plural = any(is_plural(t.lower) for t in item.tokens)
    return Agg("sum", Col(column)) if plain and amounts and plural else None
