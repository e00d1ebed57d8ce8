"""A question's sentences → one block: what the first asks, what the others add, and what is settled at the end."""

from __future__ import annotations

from collections.abc import Sequence

from pgwarden.language.assemble import assemble, relate
from pgwarden.language.contrasts import Contrast, contrasted, find_contrast
from pgwarden.language.draft import Draft
from pgwarden.language.events import told_of_different
from pgwarden.language.forms import Agg, Block, Col, Period, Ratio, fields_of, has_aggregate
from pgwarden.language.lexicon import PEOPLE, PLACE_WORDS
from pgwarden.language.linking import Item
from pgwarden.language.ratios import combine, count_of, divide, each_once, find_ratio, share_of_total
from pgwarden.language.sentences import read_sentence
from pgwarden.language.subjects import note_closed, settle_verbs, subject
from pgwarden.language.tokens import Kind, Token

__all__ = ["prepare", "read", "read_sentence", "read_side"]

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


def _whoever(draft: Draft) -> None:
    """ "who …" with no people found to answer with: the question is not understood."""
    words = [i.lower for i in draft.first_items[:2]]
    opened = words[:1] == ["who"] and words[1:] not in (["is"], ["are"], ["was"], ["were"])
    shown = {f.relation for e in draft.select for f in fields_of(e)} | {draft.main}
    named = [e.field for e in draft.select if isinstance(e, Col)]
    told = any({*draft.attribute(f).words} & (PEOPLE | {"name", "by"}) for f in named)
    if opened and draft.main and not told and not any(draft.entity(t).person for t in shown):
        draft.evidence.unknown.append("who")


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
        elif (contrast := find_contrast(sentence, draft.today)) is not None:
            _read_contrast(draft, contrast)
        else:
            _start(draft, sentence)
            read_sentence(draft)
            told_of_different(draft)
            _whoever(draft)
            _place_or_time(draft)
            _information(draft)
    return assemble(draft)


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
        own = [c for c in upper.where if not isinstance(c, Period)] if not second else []
        within = combine((Agg("count", None, upper.main), tuple(own)), (Agg("count", None, upper.main), ()), factor, 0)
        if own and within is not None:  # "what share of orders is late, by region": of each region's orders
            draft.select, draft.where = [within[0]], [c for c in upper.where if c not in own]
            return True
        share = share_of_total(draft, factor, () if second else tuple(upper.where))
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
    draft.select, draft.where = [each_once(draft, made[0])], list(made[1])
    return True


def _read_contrast(draft: Draft, contrast: Contrast) -> None:
    _start(draft, contrast.sentence)
    read_sentence(draft)
    if not contrasted(draft, contrast):
        draft.evidence.unknown.append(contrast.second.words)  # what is to be compared was not found


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
    settle_verbs(draft)
    note_closed(draft)
    early = subject(draft)
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
    main = draft.main
    draft.main = draft.focus = draft.grouped_entities[0] if len(draft.grouped_entities) == 1 else main
    draft.show_measure = draft.default_display = False
    distinct, draft.distinct = draft.distinct, False
    draft.projecting = True
    draft.items = items
    for item in items:
        if item.lower in _ACTIONS and len(item.tokens) == 1:
            item.tables, item.columns = (), ()
            break
    read_sentence(draft)
    draft.main, draft.distinct = main, draft.distinct or distinct
    if added:
        draft.select = [*(e for e in draft.select if e not in earlier), *earlier]
    if not draft.select:
        draft.select = earlier
    elif not any(has_aggregate(e) for e in draft.select):
        draft.select += [e for e in earlier if has_aggregate(e)]  # "… for each region? Show the region's name."
