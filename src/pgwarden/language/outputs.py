"""What is shown, and whose column a listed name is."""

from __future__ import annotations

from pgwarden.language.draft import Draft
from pgwarden.language.forms import Col, Expr
from pgwarden.language.lexicon import PEOPLE, RELATION_VERBS
from pgwarden.language.linking import Item

DETERMINERS = ("the", "a", "an", "all", "any", "of", "each", "every", "different", "distinct", "unique", "their",
               "his", "her", "its",
                "our", "these", "those", "such", "various", "'s", "total", "overall", "both")  # fmt: skip


DISTINCT = ("different", "distinct", "unique")


def verbal(item: Item) -> bool:
    """Whether a word is said as a verb ("written by"), though a column is named after it."""
    token = item.tokens[-1]
    if len(item.tokens) != 1 or token.lower == token.lemma or token.lower.endswith("s"):
        return False
    return token.lemma in RELATION_VERBS or (
        token.lower.endswith(("ed", "ing", "en")) and not token.lower.endswith("ting")
    )


def show(draft: Draft, expression: Expr) -> None:
    if expression not in draft.select:
        draft.select.append(expression)


def owner_after(draft: Draft, position: int) -> int:
    """The table whose columns are being listed: "name, age and state OF all customers"."""
    at = position + 1
    while at < len(draft.items):
        if draft.is_word(at, "of", "for", "from", "by", "in", "on"):
            inner = draft.skip(at + 1, "the", "all", "each", "every", "a", "an", "any", "different", "distinct",
            "those", "these", "our", "both", "every", "their", "its", "his", "her",
                               "one", "top", "youngest", "oldest")  # fmt: skip
            table = draft.table(inner)
            if table and draft.word(at) != "in":
                following = draft.item(inner + 1)
                compound = (
                    following is not None
                    and following.columns
                    and following.start == draft.items[inner].end
                    and draft.has_column(following, table, 0.9)
                )
                return 0 if compound else table
            if table:
                return 0
            item = draft.item(inner)
            if item is not None and item.values and not item.tables and item.lemma in PEOPLE:
                return item.values[0].field.relation
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
        listing = draft.is_word(at, ",", "and", "the", "as", "well", "or", "his", "her", "their", "its",
        "corresponding", "different", "distinct",
                                "maximum", "minimum", "average", "total", "of", "values", "value", "along")  # fmt: skip
        if not listing and not (item.columns and not draft.table(at)):
            return 0
        at += 1
    return 0


def owner_before(draft: Draft, position: int) -> int:
    """ "singer names", "the owner's first name", "each conductor's age": the table right before."""
    before = position - 1
    if draft.is_word(before, "'s"):
        before -= 1
    item = draft.item(before)
    if item is None:
        return 0
    if before == position - 1 and item.end != draft.items[position].start:
        return 0
    return draft.table(before)


def note_table(draft: Draft, table: int) -> None:
    if not draft.main:
        draft.main = table
    if table not in draft.mentioned:
        draft.mentioned.append(table)
    draft.focus = table


def show_entity(draft: Draft, table: int) -> None:
    draft.default_display = not draft.select
    for field_ in draft.displays(table):
        show(draft, Col(field_))
