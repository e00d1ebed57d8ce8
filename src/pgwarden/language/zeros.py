"""Groups that count nothing are shown when the wording asks about each: "how many loans does each member have?"."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from pgwarden.language.draft import Draft
from pgwarden.language.forms import Agg, Block, Expr, fields_of


def keep_zeros(draft: Draft, block: Block) -> Block:
    """The block with LEFT JOINs where each row of the grouped table is asked about; else the block as it is."""
    fewest = _fewest(draft, block)
    if not (fewest or _asks_about_each(draft)) or block.having or block.combine is not None:
        return block
    grouped = draft.grouped_entities or ([block.entity] if fewest and block.hidden_group else [])
    if len(grouped) != 1:
        return block
    each = grouped[0]
    counts = [e for e in (*block.select, *(e for e, _ in block.order)) if isinstance(e, Agg)]
    if not counts or any(e.function != "count" or e.over is not None or e.entity == each for e in counts):
        return block
    if len({e.entity for e in counts}) != 1 or draft.index.bases.get(each):
        return block
    counted = counts[0].entity
    inner = tuple(c for c in block.where if {f.relation for f in fields_of(c)} == {counted})
    rest = tuple(c for c in block.where if c not in inner)
    if any({f.relation for f in fields_of(c)} != {each} for c in rest):
        return block

    def filtered(node: Expr) -> Expr:
        return replace(node, where=(*node.where, *inner)) if isinstance(node, Agg) else node

    select = tuple(filtered(e) for e in block.select)
    order = tuple((filtered(e), d) for e, d in block.order)
    return block.with_(entity=each, select=select, order=order, where=rest, outer=True)


def _fewest(draft: Draft, block: Block) -> bool:
    """ "which course has the fewest pupils": one without any has the fewest."""
    return any(i.lower == "fewest" for i in draft.first_items) and bool(block.order) and not block.order[0][1]


def _asks_about_each(draft: Draft) -> bool:
    words = [i.lower for i in draft.first_items]
    asked = any(a == "how" and b == "many" for a, b in pairwise(words))
    does = any(a in ("do", "does") and b in ("each", "every") for a, b in pairwise(words))
    return asked and does
