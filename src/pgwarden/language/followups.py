"""Follow-up questions: "and in Texas?", "by month?", "only the first three", "sort by total descending"."""

from __future__ import annotations

from dataclasses import replace

from pgwarden.language.assemble import in_time
from pgwarden.language.draft import Draft
from pgwarden.language.forms import Agg, Block, Col, Compare, Cond, Expr, Period, fields_of, has_aggregate
from pgwarden.language.lexicon import AGGREGATES, FILLER
from pgwarden.language.reader import prepare, read_sentence
from pgwarden.language.tokens import Kind, Token
from pgwarden.language.worth import money_column

_STARTS = frozenset(
    [
        "most",
        "least",
        "highest",
        "lowest",
        "newest",
        "oldest",
        "cheapest",
        "largest",
        "smallest",
        "and",
        "or",
        "but",
        "only",
        "just",
        "now",
        "also",
        "then",
        "sort",
        "order",
        "by",
        "in",
        "for",
        "from",
        "with",
        "without",
        "same",
        "instead",
        "what",
        "how",
        "per",
        "group",
        "top",
        "first",
        "last",
        "them",
        "those",
        "these",
        "it",
        "their",
        "count",
        "limit",
        "exclude",
        "except",
        "include",
        "since",
        "before",
        "after",
        "between",
        "on",
        "during",
        "show",
        "add",
        "remove",
        "drop",
    ]
)
_ADDING = ("too", "also", "well", "add", "additionally")


def is_follow_up(draft: Draft, tokens: tuple[Token, ...], known: Block) -> bool:
    """Whether a short sentence leans on the turn before: it opens like one and names no other table as its subject."""
    words = [t for t in tokens if t.kind is not Kind.MARK]
    if not words or len(words) > 12:
        return False
    tables = {draft.table(p) for p in range(len(draft.items))} - {0}
    about = any(t.lower in ("them", "those", "these", "it", "they") for t in words)
    if words[0].lower in ("what", "how"):
        leaning = words[0].lower in ("what", "how") and len(words) > 1 and words[1].lower == "about"
        many = words[0].lower == "how" and len(words) <= 4 and not tables
        return leaning or about or many
    if (
        words[0].lower in ("show", "add", "remove", "drop", "count", "first", "last")
        and tables - {known.entity}
        and not about
    ):
        return False
    if words[0].lower == "show" and tables and not about:
        return False
    return words[0].lower in _STARTS or (len(words) <= 4 and not tables and _all_known(draft))


def _all_known(draft: Draft) -> bool:
    return all(i.linked or i.number or i.lower in FILLER or i.kind is not Kind.WORD for i in draft.items)


def follow_up(draft: Draft, sentence: tuple[Token, ...], known: Block) -> Block | None:
    """The earlier block changed as the sentence says; None when it says nothing that can be understood."""
    prepare(draft, (sentence,))
    counted = next((e.entity for e in known.select if isinstance(e, Agg) and e.entity), 0)
    if known.outer and counted:
        known = known.with_(entity=counted, outer=False)  # of those that are there
    draft.evidence.ambiguous.clear()  # the table is known
    draft.main = draft.focus = known.entity
    draft.mentioned = [known.entity, *(t for t in draft.mentioned if t in draft.ahead and t != known.entity)]
    draft.projecting = any(t.lower in ("show", "their", "its", "add") for t in sentence)
    draft.part_of_ratio = True
    draft.shown_before = known.select
    measured = _other_function(draft, known)
    if measured is not None:
        return measured
    read_sentence(draft)
    changed = _conditions(draft, known)
    changed = _groups(draft, changed)
    changed = _outputs(draft, changed, {t.lower for t in sentence})
    changed = in_time(_ranking(draft, changed))
    draft.bare_limit = False
    if changed == known.with_(limit=changed.limit):
        draft.evidence.ambiguous.clear()  # no column came of the words: "first" was a number of rows, not a name
    return changed if changed != known else None


def _other_function(draft: Draft, block: Block) -> Block | None:
    """ "and the average?": the same measure with another function; of rows or counts, what they are worth."""
    said = [i.lower for i in draft.items if i.kind is not Kind.MARK and i.lower not in _LEAD]
    if len(said) != 1 or said[0] not in AGGREGATES:
        return None
    function = AGGREGATES[said[0]]
    old = next((e for e in block.select if isinstance(e, Agg) and e.over is not None and not e.distinct), None)
    numbers = [e for e in block.select if isinstance(e, Col) and draft.attribute(e.field).kind == "number"]
    measures = [e for e in numbers if isinstance(e, Col) and not draft.attribute(e.field).identifier]
    over = old.over if old is not None else measures[0] if measures else money_column(draft, within=block.entity)
    if over is None:
        return None
    new = Agg(function, over)
    if not any(has_aggregate(e) for e in block.select):
        return Block(block.entity, (new,), block.where)
    select = tuple(dict.fromkeys(new if has_aggregate(e) else e for e in block.select))
    order = tuple((new if has_aggregate(e) else e, d) for e, d in block.order)
    return block.with_(select=select, order=order)


_LEAD = ("and", "what", "about", "the", "how", "is", "now", "its", "their", "of", "that", "them", "show", "me")


def _conditions(draft: Draft, block: Block) -> Block:
    where = list(block.where)
    spans = [old for old in where if isinstance(old, Period)]
    for condition in draft.where:
        if isinstance(condition, Period) and len(spans) == 1:
            condition = replace(condition, column=spans[0].column)  # "what about last year?": of the same events
        where = [old for old in where if not _same_subject(old, condition)] + [condition]
    return block.with_(where=tuple(where))


def _same_subject(old: Cond, new: Cond) -> bool:
    """A condition on the same column is replaced, "and in Texas?" after "in Ohio"."""
    if not isinstance(old, Compare | Period) or not isinstance(new, Compare | Period):
        return False
    return bool(fields_of(old)) and fields_of(old) == fields_of(new)


def _groups(draft: Draft, block: Block) -> Block:
    keys: list[Expr] = list(draft.group)
    hidden: list[Expr] = []
    for oid in draft.grouped_entities:
        keys += [Col(f) for f in draft.displays(oid)]
        key = draft.key(oid)
        if key is not None and Col(key) not in keys:
            hidden.append(Col(key))
    if not keys:
        return block
    measures = [e for e in block.select if has_aggregate(e)] or [Agg("count", None, block.entity)]
    added = any(t.lower in _ADDING for t in draft.tokens)
    if added:
        keys = [*block.group, *(k for k in keys if k not in block.group)]
        hidden = [*block.hidden_group, *hidden]
    order = tuple((e, d) for e, d in block.order if has_aggregate(e))
    return block.with_(
        select=(*keys, *measures), group=tuple(keys), hidden_group=tuple(hidden), order=order, distinct=False
    )


def _outputs(draft: Draft, block: Block, words: set[str]) -> Block:
    shown = [
        e
        for e in draft.select
        if not (isinstance(e, Agg) and e.function == "count" and not e.entity and e.over is None)
    ]
    counted = len(shown) != len(draft.select) or "count" in words
    if counted and not shown and not draft.group and not draft.grouped_entities and not draft.order:
        return Block(block.entity, (Agg("count", None, block.entity),), block.where)
    if not shown or draft.group or draft.grouped_entities:
        return block
    if any(has_aggregate(e) for e in shown):
        return block.with_(select=(*block.group, *shown))
    if words & set(_ADDING):
        return block.with_(select=(*block.select, *(e for e in shown if e not in block.select)))
    return block.with_(select=tuple(shown)) if not block.group else block


def _ranking(draft: Draft, block: Block) -> Block:
    if draft.order:
        order = tuple((_resolved(e, block), d) for e, d in draft.order)
        block = block.with_(order=order)
    if draft.limit is not None:
        block = block.with_(limit=draft.limit)
    return block


def _resolved(expression: Expr, block: Block) -> Expr:
    """ "by total" means the aggregate already shown."""
    shown = [e for e in block.select if has_aggregate(e)]
    if isinstance(expression, Agg) and expression not in block.select:
        same = [e for e in shown if isinstance(e, Agg) and e.function == expression.function]
        return same[0] if same else expression
    if isinstance(expression, Col) and block.group and expression not in block.group and shown:
        return shown[0]
    return expression
