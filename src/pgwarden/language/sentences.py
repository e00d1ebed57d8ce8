"""One sentence → the draft: the main loop over its items, and what is tried at each."""

from __future__ import annotations

from pgwarden.language import (
    attributes,
    comparing_columns,
    comparing_roles,
    comparisons,
    counting,
    differences,
    events,
    grouping,
    measured_extremes,
    measures,
    mentions,
    ordering,
    periods,
    series,
    spans,
    states,
    superlatives,
    values,
)
from pgwarden.language.comparing_roles import beside
from pgwarden.language.draft import Draft
from pgwarden.language.events import note_event
from pgwarden.language.forms import Agg, Compare, Has, Ratio, Scalar, Window, has_aggregate
from pgwarden.language.lexicon import (
    AGGREGATES,
    ANYONE,
    FILLER,
    MEASURES,
    OPENERS,
    PEOPLE,
    RELATION_VERBS,
    VERB_NOUNS,
)
from pgwarden.language.linking import Item
from pgwarden.language.morphology import is_plural
from pgwarden.language.outputs import show_entity, verbal
from pgwarden.language.sums import how_much
from pgwarden.language.tokens import Kind
from pgwarden.language.value_counts import counted_each

_RELATIVE = ("that", "which", "who", "whose", "whom", "where", "with", "having", "without", "when", "if")
_POSSESSIVE = ("their", "his", "her", "its")
_REPROJECT = ("their", "his", "her", "its", "what", "corresponding", "along", "respective")


def read_sentence(draft: Draft) -> None:
    """Reads every item of the draft's sentence in order."""
    position = _opening(draft)
    while position < len(draft.items):
        position = _step(draft, position)
    if draft.negated and draft.denied:
        draft.where.append(Has(draft.denied, negated=True))  # "who never reserved"
        draft.negated = False
    series.settle(draft)
    counted_each(draft)
    _unsaid_aggregate(draft)
    _unsaid_superlative(draft)
    if draft.negated:
        draft.evidence.unknown.append("not")  # something was denied, and it is not known what


def _unsaid_aggregate(draft: Draft) -> None:
    """ "worth in total", "on average" with nothing that was aggregated: the word was not understood."""
    expressions = (*draft.select, *(e for e, _ in draft.order), *(p for c in draft.having for p in [c]))
    done = any(isinstance(e, Agg | Ratio | Window) or has_aggregate(e) for e in draft.select)
    done = done or any(has_aggregate(e) for e, _ in draft.order) or bool(draft.having or draft.where)
    for item in draft.items if not done and expressions else ():
        if item.lower in AGGREGATES and not item.named and not draft.part_of_ratio:
            draft.evidence.unknown.append(item.text)


_RUNNING = ("running", "cumulative", "rolling", "moving")


def _unsaid_superlative(draft: Draft) -> None:
    """ "the most active ones", "a running total" of which nothing came: the word was not understood."""
    ranked = bool(draft.order or draft.having or draft.limit or draft.bare_limit)
    ranked = ranked or any(
        isinstance(e, Window) or (isinstance(e, Agg) and e.function in ("max", "min")) for e in draft.select
    )
    ranked = ranked or any(isinstance(c, Compare) and isinstance(c.right, Scalar) for c in draft.where)
    for position, item in enumerate(draft.items):
        running = item.lower in _RUNNING and not item.linked and not any(isinstance(e, Window) for e in draft.select)
        superlative = item.lower in ("most", "fewest", "least") and not draft.is_word(position - 1, "at", "the", "than")
        superlative = superlative or (
            draft.is_word(position, "most", "fewest", "least") and draft.is_word(position - 1, "the")
        )
        of = draft.is_word(position + 1, "of")
        if running or (superlative and not ranked and not of and not draft.part_of_ratio):
            draft.evidence.unknown.append(item.text)


def _opening(draft: Draft) -> int:
    """Past "please show me the …", unless the words count or group."""
    position = 0
    while position < len(draft.items):
        item = draft.items[position]
        if draft.is_word(position, "how") and draft.is_word(position + 1, "many", "much"):
            if draft.is_word(position + 1, "much"):
                position += 2
                how_much(draft, position)
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
    events.most_happened,
    events.units,
    series.lead,
    spans.between_times,
    differences.difference,
    measured_extremes.stated,
    measures.periodic,
    counting.counting,
    ordering.ranking,
    ordering.ordering,
    grouping.grouping,
    attributes.inverted_pattern,
    measures.aggregate,
    comparisons.by_key,
    comparisons.out_of,
    spans.lasting,
    periods.period,
    periods.weekday,
    comparing_columns.columns_compared,
    attributes.on_column,
    measured_extremes.money,
    measured_extremes.times,
    superlatives.superlative,
    comparing_roles.than_role,
    comparing_roles.role_is,
    comparing_columns.than_column,
    comparisons.comparison,
    events.nobody,
    attributes.negation,
    states.state,
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
        if draft.is_word(position, "and") and draft.main and _of_related(draft, position + 1):
            draft.projecting = True
        return position + 1
    if draft.is_word(position, "distinct", "different", "unique") and draft.projecting:
        draft.distinct = True
        return position + 1
    related = draft.is_word(position, "with") and draft.main
    if related and (
        beside(draft, position + 1) or _names_of_related(draft, position + 1) or _of_related(draft, position + 1)
    ):
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


def _of_related(draft: Draft, position: int) -> bool:
    """ "… and the name of its owner", "with the name of their team" at the end: to be shown, no condition."""
    at = draft.skip(position, "the")
    item = draft.item(at)
    if item is None or not item.columns or not draft.is_word(at + 1, "of"):
        return False
    at = draft.skip(at + 2, *_POSSESSIVE, "the")
    table = draft.table(at)
    return bool(table) and table != draft.main and (draft.item(at + 1) is None or draft.is_word(at + 1, "?", "."))


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
    noun = draft.is_word(draft.items.index(item) - 1, "many", "of", "the", "all", "any", "no", "which", "what")
    if noun and is_plural(lower) and lemma in VERB_NOUNS:
        draft.evidence.unknown.append(item.text)  # "how many books": things, not the verb
        return
    before = draft.item(draft.items.index(item) - 1)
    verb = is_plural(lower) and lemma in RELATION_VERBS and not item.used
    if verb and before is not None and before.columns and not before.tables and before.end == item.start:
        draft.evidence.unknown.append(item.text)  # "phone calls": a thing of its own
        return
    if lemma in VERB_NOUNS and draft.main:
        note_event(draft, lemma)
    if lemma in RELATION_VERBS or lemma in VERB_NOUNS:
        if draft.main and draft.projecting and draft.select:
            draft.projecting = False
        return
    if item.used or (lemma in PEOPLE and (lemma in ANYONE or not draft.main or draft.entity(draft.main).person)):
        return
    if lower == "address" and {"email", "mail"} & set(draft.items[draft.items.index(item) - 1].lemma.split()):
        return
    if item.number or lower in MEASURES:
        if item.number:
            draft.evidence.unknown.append(item.text)
        return
    if item.named:
        draft.evidence.unused += 1
        return
    draft.evidence.unknown.append(item.text)
