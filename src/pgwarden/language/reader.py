"""A question's sentences → one block: the main loop over the items, and what is settled at the end."""

from __future__ import annotations

from collections.abc import Sequence

from pgwarden.language import filters, projection, ranking
from pgwarden.language.assemble import assemble
from pgwarden.language.draft import Draft
from pgwarden.language.forms import Block
from pgwarden.language.lexicon import FILLER, OPENERS, PEOPLE, RELATION_VERBS
from pgwarden.language.linking import Item
from pgwarden.language.tokens import Kind, Token

_RELATIVE = ("that", "which", "who", "whose", "whom", "where", "with", "having", "without", "when", "if")
_REPROJECT = ("their", "his", "her", "its", "what", "corresponding", "along", "respective")
_ACTIONS = ("list", "show", "give", "return", "find", "tell", "display", "get", "provide", "include", "report", "output", "select", "print")


def read_sentence(draft: Draft) -> None:
    """Reads every item of the draft's sentence in order."""
    position = _opening(draft)
    while position < len(draft.items):
        position = _step(draft, position)


def _opening(draft: Draft) -> int:
    """Past "please show me the …", unless the words count or group."""
    position = 0
    while position < len(draft.items):
        item = draft.items[position]
        if draft.is_word(position, "how") and draft.is_word(position + 1, "many", "much"):
            if draft.is_word(position + 1, "much"):
                position += 2
                continue
            break
        if draft.is_word(position, "count") or item.lower not in OPENERS:
            break
        if draft.is_word(position, "list") and draft.is_word(position + 1, "of"):
            position += 2
            continue
        if item.linked and position and not draft.is_word(position, "name", "list", "show"):
            break
        if item.lower == "name" and (position or draft.is_word(position + 1, "of", ",")):
            break
        position += 1
    return position


_STEPS = (
    ranking.stated,
    projection.counting,
    ranking.ordering,
    projection.grouping,
    filters.inverted_pattern,
    projection.aggregate,
    filters.period,
    filters.on_column,
    ranking.money,
    ranking.times,
    ranking.superlative,
    filters.comparison,
    filters.negation,
    filters.value,
    projection.mention,
)
"""What is tried at each item, in this order."""


def _step(draft: Draft, position: int) -> int:
    marker = _marker(draft, position)
    if marker is not None:
        return marker
    for attempt in _STEPS:
        if attempt is filters.on_column and not _condition_may_start(draft, position):
            continue
        end = attempt(draft, position)
        if end is not None and end > position:
            return end
    _unknown(draft, draft.items[position])
    return position + 1


def _condition_may_start(draft: Draft, position: int) -> bool:
    """In a list of wanted columns, "name of 'X'" would not be a condition; after "whose" it is."""
    item = draft.item(position)
    if item is None or not item.columns:
        return False
    return not (item.table_score() > item.column_score() + 0.1 and draft.table(position))


def _marker(draft: Draft, position: int) -> int | None:
    """Words that only change what the next ones are read as."""
    if draft.is_word(position, "or"):
        draft.pending_or = not draft.projecting or bool(draft.where)
        return position + 1
    if draft.is_word(position, "both"):
        draft.both = True
        return position + 1
    if draft.is_word(position, "and", ","):
        return position + 1
    if draft.is_word(position, "distinct", "different", "unique") and draft.projecting:
        draft.distinct = True
        return position + 1
    if draft.is_word(position, *_RELATIVE) and position:
        if draft.main or draft.select:
            draft.projecting = False
        return position + 1 if not draft.is_word(position, "without") else None
    if draft.is_word(position, *_REPROJECT) and draft.main:
        if draft.is_word(position - 1, "and", ",") or draft.is_word(position, "along", "corresponding") or draft.is_word(position - 1, "with"):
            draft.projecting = True
        return position + 1
    return None


def _unknown(draft: Draft, item: Item) -> None:
    lemma, lower = item.lemma, item.lower
    if item.kind is Kind.MARK or lower in FILLER or lemma in FILLER or lower in OPENERS:
        return
    if lemma in RELATION_VERBS:
        if draft.main and draft.projecting and draft.select:
            draft.projecting = False
        return
    if lemma in PEOPLE:
        return
    if item.number:
        draft.evidence.unused += 1
        return
    if item.named:
        draft.evidence.unused += 1
        return
    draft.evidence.unknown.append(item.text)


def read(draft: Draft, sentences: Sequence[tuple[Token, ...]]) -> Block | None:
    """The block that all sentences mean together, or None when no table was found."""
    for number, sentence in enumerate(sentences):
        if number:
            _follow(draft, sentence)
        else:
            _start(draft, sentence)
            if not draft.main and not draft.select:
                _guess_main(draft)
            read_sentence(draft)
    return assemble(draft)


def _start(draft: Draft, sentence: tuple[Token, ...]) -> None:
    draft.tokens = sentence
    draft.items = draft.linker.link(sentence)
    for item in draft.items:
        if len(item.tokens) == 1 and item.kind is Kind.WORD and item.lower in _ACTIONS and not item.values and item is draft.items[0]:
            item.tables, item.columns = (), ()
    early = _head_table(draft)
    if early:
        draft.main = early
        draft.focus = early
        draft.mentioned.append(early)


def _head_table(draft: Draft) -> int:
    """The table the sentence is about, when it can be told before reading: helps every later choice of columns."""
    best, best_score = 0, 0.0
    for position in range(len(draft.items)):
        table = draft.table(position)
        if table:
            return 0
    for position, item in enumerate(draft.items):
        if item.columns and not item.tables:
            continue
    scores: dict[int, float] = {}
    for item in draft.items:
        seen: dict[int, float] = {}
        for link in item.columns:
            seen[link.relation] = max(seen.get(link.relation, 0.0), link.score)
        for value in item.values:
            seen[value.field.relation] = max(seen.get(value.field.relation, 0.0), value.score)
        for relation, score in seen.items():
            scores[relation] = scores.get(relation, 0.0) + score
    for relation, score in sorted(scores.items()):
        if score > best_score + 0.01:
            best, best_score = relation, score
    if best:
        close = [r for r, s in scores.items() if s > best_score - 0.1 and r != best]
        if close:
            draft.evidence.ambiguous.append("the table is not named")
    return best


def _guess_main(draft: Draft) -> None:
    return None


def _follow(draft: Draft, sentence: tuple[Token, ...]) -> None:
    """A further sentence: sorts, names the outputs, or restricts."""
    items = draft.linker.link(sentence)
    first = items[0].lower if items else ""
    outputs = first in (*_ACTIONS, "please", "also", "what")
    draft.tokens, draft.items = sentence, items
    draft.pending_or = draft.both = draft.negated = False
    draft.open_negation = 0
    if first in ("only", "do", "exclude", "don't", "ignore", "consider"):
        draft.projecting = False
        if first == "exclude":
            draft.negated = True
        read_sentence(draft)
        return
    if not outputs or first == "include":
        draft.projecting = False
        read_sentence(draft)
        return
    _outputs(draft, items)


def _outputs(draft: Draft, items: list[Item]) -> None:
    added = any(t.lower in ("well", "also") for i in items for t in i.tokens)
    earlier, draft.select = draft.select, []
    draft.focus = draft.main
    distinct, draft.distinct = draft.distinct, False
    draft.projecting = True
    order_before = list(draft.order)
    draft.items = items
    for item in items:
        if item.lower in _ACTIONS and len(item.tokens) == 1:
            item.tables, item.columns = (), ()
            break
    read_sentence(draft)
    draft.distinct = draft.distinct or distinct
    if added:
        draft.select = [*(e for e in draft.select if e not in earlier), *earlier]
    if not draft.select:
        draft.select = earlier
