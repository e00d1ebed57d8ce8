"""A question's sentences → one block: the main loop over the items, and what is settled at the end."""

from __future__ import annotations

from collections.abc import Sequence

from pgwarden.language import (
    attributes,
    comparisons,
    counting,
    grouping,
    measures,
    mentions,
    ordering,
    periods,
    superlatives,
    values,
)
from pgwarden.language.assemble import assemble, relate
from pgwarden.language.draft import Draft
from pgwarden.language.forms import Agg, Block, Col, Ratio, Window, has_aggregate
from pgwarden.language.lexicon import FILLER, MEASURES, OPENERS, PEOPLE, PLACE_WORDS, RELATION_VERBS, VERB_NOUNS
from pgwarden.language.linking import Item
from pgwarden.language.outputs import show_entity, verbal
from pgwarden.language.ratios import combine, count_of, divide, find_ratio, share_of_total
from pgwarden.language.tokens import Kind, Token

_RELATIVE = ("that", "which", "who", "whose", "whom", "where", "with", "having", "without", "when", "if")
_REPROJECT = ("their", "his", "her", "its", "what", "corresponding", "along", "respective")
_ACTIONS = (
    "list",
    "show",
    "give",
    "return",
    "find",
    "tell",
    "display",
    "get",
    "provide",
    "include",
    "report",
    "output",
    "select",
    "print",
)


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


def _metric(draft: Draft, position: int) -> int | None:
    """A word that stands for a defined metric."""
    expression = draft.metrics.get(draft.word(position))
    if expression is None:
        return None
    if expression not in draft.select:
        draft.select.append(expression)
    return position + 1


_STEPS = (
    _metric,
    superlatives.stated,
    measures.periodic,
    counting.counting,
    ordering.ordering,
    grouping.grouping,
    attributes.inverted_pattern,
    measures.aggregate,
    comparisons.by_key,
    comparisons.out_of,
    periods.period,
    periods.weekday,
    attributes.on_column,
    superlatives.money,
    superlatives.times,
    superlatives.superlative,
    comparisons.comparison,
    attributes.negation,
    values.value,
    mentions.opposite,
    mentions.mention,
)
"""What is tried at each item, in this order."""


def _step(draft: Draft, position: int) -> int:
    marker = _marker(draft, position)
    if marker is not None:
        return marker
    for attempt in _STEPS:
        if attempt is attributes.on_column and not _condition_may_start(draft, position):
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
    if draft.is_word(position, "("):
        draft.projecting = draft.projecting or draft.table(position - 1) == draft.main != 0
        return position + 1
    if draft.is_word(position, "and", ","):
        return position + 1
    if draft.is_word(position, "distinct", "different", "unique") and draft.projecting:
        draft.distinct = True
        return position + 1
    if draft.is_word(position, "with") and draft.main and _names_of_related(draft, position + 1):
        draft.projecting = True
        if not draft.select:
            show_entity(draft, draft.main)
        return position + 1
    if draft.is_word(position, *_RELATIVE) and position:
        if draft.main or draft.select:
            draft.projecting = False
        return position + 1 if not draft.is_word(position, "without") else None
    if draft.is_word(position, *_REPROJECT) and draft.main:
        if (
            draft.is_word(position - 1, "and", ",")
            or draft.is_word(position, "along", "corresponding")
            or draft.is_word(position - 1, "with")
        ):
            draft.projecting = True
        return position + 1
    return None


def _names_of_related(draft: Draft, position: int) -> bool:
    """ "… with customer name and product name" ends the sentence: outputs, not conditions."""
    found = False
    while (item := draft.item(position)) is not None:
        if not draft.is_word(position, "and", ",", "the", "a", "?", "."):
            table = draft.table(position)
            following = draft.item(position + 1)
            if not table or table == draft.main or following is None or not following.columns or verbal(following):
                return False
            if not draft.has_column(following, table, 0.75) and following.lower not in ("name", "names"):
                return False
            found, position = True, position + 1
        position += 1
    return found and item is None


def _place_or_time(draft: Draft) -> None:
    """ "where is …" asks for a place column, "when did …" for a time column of what was shown by default."""
    word = draft.first_items[0].lower if draft.first_items else ""
    if word not in ("where", "when") or not (draft.default_display or not draft.select) or not draft.main:
        return
    attributes = [a for a in draft.entity(draft.main).attributes.values() if not a.identifier]
    if word == "when":
        found = [a for a in attributes if a.kind == "time"] or [
            a for a in attributes if {"date", "year", "time"} & set(a.words)
        ]
        said = {t.lemma for i in draft.first_items for t in i.tokens}
        found.sort(key=lambda a: -len(set(a.words) & said))
        found = found[:1]
    else:
        found = [a for a in attributes if set(a.words) & PLACE_WORDS][:4]
        if "from" in {i.lower for i in draft.first_items}:
            found = [
                a for a in found if set(a.words) & {"hometown", "country", "nationality", "city", "state", "origin"}
            ][:1] or found[:1]
    if found:
        draft.select = [Col(a.field) for a in found]
        draft.default_display = False


def _information(draft: Draft) -> None:
    """ "all information about X", "show all customers": whole rows."""
    words = [i.lower for i in draft.first_items[:9]]
    if draft.default_display and any(w in ("information", "details", "everything", "info") for w in words):
        draft.everything = True
    opened = [
        w
        for w in words
        if w not in ("please", "me", "us", "can", "you", "could", "the", "of", "to", "i", "want", "see")
    ]
    if (
        draft.default_display
        and len(opened) > 2
        and opened[0] in ("show", "display", "get", "give", "fetch", "retrieve", "select")
        and opened[1] == "all"
    ):
        third = next((i for i in draft.first_items if i.tables), None)
        draft.everything = draft.everything or (third is not None and third.lower == opened[2])


def _unknown(draft: Draft, item: Item) -> None:
    lemma, lower = item.lemma, item.lower
    if lemma == "have" and draft.main and draft.select:
        draft.projecting = False
    if item.kind is Kind.MARK or lower in FILLER or lemma in FILLER or lower in OPENERS:
        return
    if lower in ("rank", "ranking") and any(has_aggregate(e) for e in draft.select):
        measure = next(e for e in reversed(draft.select) if has_aggregate(e))
        draft.select.append(Window("rank", None, (), ((measure, True),)))
        return
    if lemma in VERB_NOUNS and draft.main:
        _event(draft, lemma)
    if lemma in RELATION_VERBS or lemma in VERB_NOUNS:
        if draft.main and draft.projecting and draft.select:
            draft.projecting = False
        return
    if lemma in PEOPLE:
        return
    if item.number or lower in MEASURES:
        if item.number:
            draft.evidence.unknown.append(item.text)
        return
    if item.named:
        draft.evidence.unused += 1
        return
    draft.evidence.unknown.append(item.text)


def prepare(draft: Draft, sentences: Sequence[tuple[Token, ...]]) -> None:
    """Links the first sentence ahead of reading, so that definitions can be read near the tables it names."""
    if sentences:
        _start(draft, sentences[0])


def read(draft: Draft, sentences: Sequence[tuple[Token, ...]]) -> Block | None:
    """The block that all sentences mean together, or None when no table was found."""
    for number, sentence in enumerate(sentences):
        if number:
            _follow(draft, sentence)
        elif (quotient := find_ratio(sentence)) is not None and _read_ratio(draft, sentence, *quotient):
            continue
        else:
            _start(draft, sentence)
            read_sentence(draft)
            _place_or_time(draft)
            _information(draft)
    return assemble(draft)


def _event(draft: Draft, verb: str) -> None:
    """ "cars sold last month": the table of such events is spoken of."""
    for noun in VERB_NOUNS[verb]:
        for link in draft.index.tables((noun,)):
            near = link.score >= 0.75 and draft.entity(link.relation).relation.is_table
            if (
                near
                and link.relation != draft.main
                and draft.graph.path(draft.main, link.relation, draft.index) is not None
            ):
                if draft.open_negation or draft.negated:
                    draft.focus = link.relation
                    return
                draft.focus = link.relation
                draft.related.append(link.relation)
                return


def read_side(draft: Draft, tokens: tuple[Token, ...], main: int) -> Draft:
    """One side of a ratio, read like a count of its own."""
    side = Draft(draft.index, draft.graph, draft.linker, (), [], draft.today, exact_text=draft.exact_text)
    side.part_of_ratio = True
    _start(side, tokens)
    side.main = side.main or (main if not any(i.tables and i.table_score() > 0.8 for i in side.items) else 0)
    side.focus = side.focus or side.main
    read_sentence(side)
    relate(side)
    draft.evidence.unknown += side.evidence.unknown
    draft.evidence.ungrounded += side.evidence.ungrounded
    draft.evidence.ambiguous += side.evidence.ambiguous
    draft.evidence.weak += side.evidence.weak
    draft.evidence.unused += side.evidence.unused
    return side


def _read_ratio(draft: Draft, sentence: tuple[Token, ...], start: int, factor: int) -> bool:
    first, second = divide(sentence[start:])
    if not second and any(t.lower == "ratio" for t in sentence[:start]):
        return False
    upper = read_side(draft, first, 0)
    lower = read_side(draft, second, upper.main)
    if not upper.main:
        return False
    draft.tokens, draft.items = sentence, [*upper.items, *lower.items]
    draft.first_items = draft.items
    draft.main = draft.focus = upper.main
    draft.mentioned = list(dict.fromkeys([*upper.mentioned, *lower.mentioned]))
    draft.group = list(dict.fromkeys([*upper.group, *lower.group]))
    draft.grouped_entities = list(dict.fromkeys([*upper.grouped_entities, *lower.grouped_entities]))
    draft.order = [*upper.order, *lower.order]
    draft.projecting = False
    if upper.group and not lower.group and upper.main == (lower.main or upper.main) and not lower.where:
        share = share_of_total(draft)
        draft.select = [share] if share is not None else []
        draft.where = upper.where
        return bool(draft.select)
    grouped = bool(draft.group or draft.grouped_entities)
    if grouped and second and lower.main and lower.main != upper.main:
        counts = (Agg("count", None, upper.main, True), Agg("count", None, lower.main, True))
        draft.select, draft.where = [Ratio(*counts, factor)], [*upper.where, *lower.where]
        return True
    second_side = count_of(lower) if second else (Agg("count", None, upper.main), ())
    made = combine(count_of(upper), second_side, factor, upper.main)
    if made is None:
        return False
    draft.select, draft.where = [made[0]], list(made[1])
    return True


def _start(draft: Draft, sentence: tuple[Token, ...]) -> None:
    draft.tokens = sentence
    draft.items = draft.linker.link(sentence)
    for item in draft.items:
        if (
            len(item.tokens) == 1
            and item.kind is Kind.WORD
            and item.lower in _ACTIONS
            and not item.values
            and item is draft.items[0]
        ):
            item.tables, item.columns = (), ()
    draft.first_items = draft.items
    draft.ahead = frozenset(
        i.tables[0].relation
        for i in draft.items
        if i.tables and i.tables[0].score > 0.9 and i.tables[0].score >= i.column_score()
    )
    _distribute(draft)
    early = _head_table(draft)
    if early:
        draft.main = early
        draft.focus = early
        draft.mentioned.append(early)


def _distribute(draft: Draft) -> None:
    """ "first and last name": the noun belongs to both adjectives."""
    for position in range(len(draft.items) - 2):
        left, right = draft.items[position], draft.items[position + 2]
        if (
            not draft.is_word(position + 1, "and", "or")
            or len(right.tokens) < 2
            or left.kind is not Kind.WORD
            or not right.columns
        ):
            continue
        noun = right.tokens[-1].lemma
        links = draft.index.columns((left.lemma, noun))
        if links and links[0].score >= 0.85 and not left.tables and left.column_score() < 0.95:
            left.columns = links


def _head_table(draft: Draft) -> int:
    """The table the sentence is about, when it can be told before reading: helps every later choice of columns."""
    best, best_score = 0, 0.0
    for position in range(len(draft.items)):
        table = draft.table(position)
        if table:
            return 0
    scores: dict[int, float] = {}
    for item in draft.items:
        seen: dict[int, float] = {}
        for link in item.columns:
            if link.score >= 0.6:
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
    draft.show_measure = draft.default_display = False
    distinct, draft.distinct = draft.distinct, False
    draft.projecting = True
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
