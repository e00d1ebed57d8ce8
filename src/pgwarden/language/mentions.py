"""Tables and columns named plainly: asked for, owner of what was asked for, or related."""

from __future__ import annotations

from pgwarden.language.conditions import add, negate
from pgwarden.language.draft import Draft
from pgwarden.language.forms import Agg, Col, Compare, Has
from pgwarden.language.index import Field
from pgwarden.language.lexicon import ANTONYMS, UNITS
from pgwarden.language.linking import Item
from pgwarden.language.morphology import lemma
from pgwarden.language.outputs import note_table, owner_after, owner_before, show, show_entity, verbal


def mention(draft: Draft, position: int) -> int | None:
    """A table or a column named plainly: asked for, owner of what was asked for, or related."""
    item = draft.item(position)
    if item is None or not item.named:
        return None
    if item.lemma in UNITS and draft.is_word(position - 1, "in") and draft.select:
        return position + 1
    table = draft.table(position)
    following = draft.item(position + 1)
    after = position + 1
    if following is not None and following.lower == "'s":
        after, following = position + 2, draft.item(position + 2)
    if table and following is not None and following.columns and following.start == draft.items[after - 1].end:
        noun = not verbal(following)
        if (
            noun
            and draft.has_column(following, table, 0.75)
            and not (draft.table(after) and following.table_score() > 0.95)
        ):
            note_table(draft, table)
            return after
    column_here = item.columns and (not table or _prefers_column(draft, item, table, position))
    if column_here:
        return _mention_column(draft, position, item)
    if table:
        return _mention_table(draft, position, item, table)
    return None


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
            show(draft, Col(field_))
        draft.owned_output = draft.owned_output or bool(owner)
        note_table(draft, named[0].relation)
        return position + 1
    if (
        item.lemma == "name"
        and not owner
        and position
        and draft.items[position - 1].end == item.start
        and draft.items[position - 1].columns
    ):
        return position + 1
    if verbal(item) and not _stored_participle(draft, item):
        return None
    column = draft.column(item, owner)
    if column is None:
        return None
    beside = draft.items[position + 1].start == item.end if draft.table(position + 1) else False
    loose = max((c.score for c in item.columns if c.field == column), default=0.0) < 0.65
    if beside and loose and draft.table(position + 1) != column.relation:
        draft.evidence.unknown.append(item.text)  # an adjective that only another table's comment knows
        return position + 1
    if draft.focus and column.relation != draft.focus and item.lemma in draft.entity(draft.focus).words:
        return position + 1  # "litres of fuel" of the fuel purchases: their name, not another table's column
    if draft.table(position + 1) == column.relation and draft.items[position + 1].start == item.end:
        draft.focus = column.relation
        if not draft.main:
            draft.main = column.relation
        if (flag := flagged(draft, column)) is not None:
            projecting = draft.projecting
            add(draft, flag)
            draft.projecting = projecting
            return position + 1
    if (
        draft.negated
        and not draft.projecting
        and draft.is_word(position - 1, "without", "no", "any", "a", "an", "lacking", "have")
    ):
        draft.negated = False
        add(draft, Compare(Col(column), "null"))
        return position + 1
    if draft.projecting and draft.select and draft.is_word(position - 1, "is", "are", "was", "were"):
        flag = flagged(draft, column)
        if flag is not None:
            add(draft, flag)
            return position + 1
    if not draft.projecting or _counts_rows(draft, column):
        if (flag := flagged(draft, column)) is not None:
            add(draft, flag)
            return position + 1
        draft.evidence.unused += 1
        return position + 1
    show(draft, Col(column))
    if owner:
        draft.owned_output = True
        note_table(draft, owner)
    return position + 1


def _counts_rows(draft: Draft, column: Field) -> bool:
    """ "how many members get the newsletter": a yes/no column beside a count is a condition."""
    counted = bool(draft.select) and all(isinstance(e, Agg) and e.function == "count" for e in draft.select)
    return counted and column.relation == draft.main and draft.attribute(column).kind == "bool"


def _named(draft: Draft, item: Item, owner: int) -> list[Field]:
    """What "name" means for a table that has no column of that name: the columns it is displayed by."""
    target = owner or draft.main
    if not target or draft.has_column(item, target, 0.9):
        return []
    fields = draft.displays(target)
    return fields if fields and draft.attribute(fields[0]).kind == "text" else []


def _stored_participle(draft: Draft, item: Item) -> bool:
    """ "founded" alone may be asked for when the table spoken of holds it."""
    near = {draft.main, draft.focus, *draft.mentioned}
    said = item.tokens[-1].lower
    position = draft.items.index(item)
    if position and not draft.is_word(
        position - 1, "the", "and", ",", "their", "its", "'s", "show", "list", "is", "are"
    ):
        return False
    return draft.projecting and any(
        link.relation in near and link.score > 0.75 and said in draft.attribute(link.field).name.lower()
        for link in item.columns
    )


_TRUE = ("yes", "y", "t", "true", "1")


_FALSE = frozenset({"no", "n", "f", "false", "0"})


def flagged(draft: Draft, column: Field) -> Compare | None:
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
    """ "closed shops" where the column is is_open."""
    word = ANTONYMS.get(draft.word(position))
    if word is None:
        return None
    near = [draft.table(position + 1), draft.focus, draft.main]
    for link in draft.index.columns((lemma(word),)):
        if link.relation in near and link.score > 0.6:
            kept, draft.main = draft.main, draft.main or link.relation
            flag = flagged(draft, link.field) if link.relation in (draft.main, draft.focus) else None
            draft.main = kept
            if flag is not None:
                projecting = draft.projecting
                add(draft, negate(flag))
                draft.projecting = projecting
                if (
                    flag.operator == "="
                    and isinstance(draft.where[-1], Compare)
                    and draft.attribute(link.field).kind == "number"
                ):
                    draft.where[-1] = Compare(Col(link.field), "=", ("0",))
                return position + 1
    return None


def _mention_table(draft: Draft, position: int, item: Item, table: int) -> int:
    if not draft.main and draft.select and not draft.projecting:
        shown = next((e.field.relation for e in draft.select if isinstance(e, Col)), 0)
        if shown and shown != table:
            draft.main = shown
            draft.mentioned.append(shown)
    if table in draft.index.bases and (not draft.main or draft.projecting):
        return _mention_role(draft, position, table)
    first = not draft.main
    owned = draft.is_word(draft.skip(position, "the") - 1, "of", "for", "from", "by") or _after_preposition(
        draft, position
    )
    draft.evidence.weak.append(min(1.0, item.table_score()))
    if item.used:
        return position + 1
    if first:
        draft.mention(table)
        if draft.projecting and not draft.select and not owned:
            show_entity(draft, table)
        return position + 1
    if table == draft.main:
        if draft.negated and draft.is_word(position - 1, "no", "without", "any"):
            draft.evidence.unknown.append("no " + item.text)  # "but no books under …": another set of the same rows
        draft.focus = table
        return position + 1
    if draft.negated:
        draft.negated = False
        draft.where.append(Has(table, negated=True))
        draft.open_negation = len(draft.where)
        draft.projecting = False
        note_table(draft, table)
        return position + 1
    if (
        draft.projecting
        and (draft.is_word(position - 1, "and", ",") or draft.is_word(position - 2, "and", ","))
        and not owned
    ):
        show_entity(draft, table)
        note_table(draft, table)
        return position + 1
    note_table(draft, table)
    if draft.open_negation:
        return position + 1
    if not (draft.projecting and owned):
        draft.related.append(table)
    return position + 1


def _mention_role(draft: Draft, position: int, role: int) -> int:
    """ "employees and their managers", "the manager of X": the role's name is shown."""
    draft.distinct = draft.distinct or not draft.main
    show_entity(draft, role)
    draft.default_display = False
    draft.mention(role)
    draft.focus = draft.main
    return position + 1


def _after_preposition(draft: Draft, position: int) -> bool:
    at = position - 1
    while draft.is_word(
        at,
        "the",
        "all",
        "each",
        "every",
        "a",
        "an",
        "any",
        "different",
        "distinct",
        "those",
        "our",
        "both",
        "'s",
        "some",
    ):
        at -= 1
    return draft.is_word(at, "of", "for", "from", "by", "in", "on", "at", "to", "with", "across")
