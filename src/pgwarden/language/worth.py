"""What is earned or spent: the money column near the tables spoken of."""

from __future__ import annotations

from pgwarden.language.draft import Draft
from pgwarden.language.forms import Binary, Col

REVENUE_WORDS = ("revenue", "turnover", "earning", "spending", "proceeds", "income", "sale")
_SELLING = ("sale", "order", "transaction", "invoice", "payment", "purchase", "booking", "rental")


def money_column(draft: Draft, within: int = 0) -> Col | Binary | None:
    """The column that holds what is earned or spent, near the tables named."""
    near = dict.fromkeys([draft.focus, *draft.mentioned, *sorted(draft.ahead), draft.main])
    wide = [e.right.relation for t in near if t for e in draft.graph.edges.get(t, ()) if e.cost < 1.6]
    wide += [e.right.relation for t in wide for e in draft.graph.edges.get(t, ()) if e.cost < 1.6]
    if not within and not any(near):
        wide = [e.oid for e in draft.index.entities.values() if e.oid > 0]
    best: tuple[float, Col] | None = None
    for oid in [within] if within else dict.fromkeys([*near, *wide]):
        if not oid or not draft.entity(oid).relation.is_table:
            continue
        for attribute in draft.entity(oid).attributes.values():
            words = set(attribute.words)
            if (
                attribute.kind != "number"
                or attribute.identifier
                or not words & {"price", "amount", "total", "revenue", "paid", "value", "cost"}
            ):
                continue
            score = (
                0.4 * (oid in near)
                + 0.6 * bool(set(draft.entity(oid).words) & set(_SELLING[:2]))
                + 0.3 * bool(set(draft.entity(oid).words) & set(_SELLING))
            )
            score += (
                0.3 * bool(words & {"total", "revenue", "sale"})
                + 0.2 * bool(words & {"amount"})
                - 0.3 * bool(words & {"cost", "unit", "discount", "tax", "min", "max"})
            )
            if best is None or score > best[0]:
                best = (score, Col(attribute.field))
    return _times_quantity(draft, best[1]) if best is not None and best[0] >= 0.5 else None


def _times_quantity(draft: Draft, price: Col) -> Col | Binary:
    """A price per piece beside a quantity is worth their product."""
    attributes = draft.entity(price.field.relation).attributes
    if "price" not in attributes[price.field.column].words or "total" in attributes[price.field.column].words:
        return price
    quantity = next(
        (a for a in attributes.values() if {"quantity", "qty", "units"} & set(a.words) and a.kind == "number"), None
    )
    stock = {"stock", "reorder", "available"}
    return (
        Binary("*", Col(quantity.field), price) if quantity is not None and not stock & set(quantity.words) else price
    )
