"""Stretches of time on the right column: a table has several dates, people and events differ."""

from __future__ import annotations

from pgwarden.language.conditions import add
from pgwarden.language.dates import Span, read_span
from pgwarden.language.draft import Draft
from pgwarden.language.forms import Agg, Both, Bucket, Col, Compare, Cond, Period, fields_of
from pgwarden.language.index import Attribute
from pgwarden.language.lexicon import ENDING_NOUNS, ENDING_VERBS, MONTHS, SAME_EVENT, UNITS, WEEKDAYS
from pgwarden.language.morphology import root
from pgwarden.language.tokens import Kind


def period(draft: Draft, position: int) -> int | None:
    """A stretch of time: on a time column, or on plain year and month columns."""
    item = draft.item(position)
    if (
        item is None
        or item.quoted
        or (
            item.values and item.kind is Kind.WORD and item.lower not in MONTHS and item.tokens[0].kind is not Kind.DATE
        )
    ):
        return None
    start = item.start
    span = read_span(draft.tokens, start, draft.today)
    if span is None:
        return None
    target = time_column(draft, position, span)
    if target is None:
        return None
    end = position
    while end < len(draft.items) and draft.items[end].start < start + span.tokens:
        end += 1
    condition = _period_condition(draft, target, span)
    if condition is None:
        return None
    add(draft, condition)
    return end


def _period_condition(draft: Draft, target: Attribute, span: Span) -> Cond | None:
    if target.kind == "time":
        return Period(Col(target.field), span.lower, span.upper)
    if span.year is None and span.month is None:
        return None
    parts: list[Cond] = []
    if span.year is not None:
        if span.operator == "between":
            parts.append(Compare(Col(target.field), ">=", (str(span.year),)))
            parts.append(Compare(Col(target.field), "<=", (str(span.last_year),)))
        else:
            parts.append(Compare(Col(target.field), span.operator, (str(span.year),)))
    if span.month is not None:
        months = [a for a in draft.entity(target.field.relation).attributes.values() if "month" in a.words]
        if not months:
            return None
        parts.append(Compare(Col(months[0].field), "=", (_month_value(draft, months[0], span.month),)))
    return parts[0] if len(parts) == 1 else Both(tuple(parts))


def _month_value(draft: Draft, attribute: Attribute, month: int) -> str:
    names = [name for name, number in MONTHS.items() if number == month]
    if attribute.kind == "number":
        return str(month)
    stored = draft.linker.values.values(attribute.field.relation, attribute.field.column)
    return next((v for v in stored if v.strip().lower() in names), names[0].title())


def time_column(draft: Draft, position: int, span: Span) -> Attribute | None:
    """The column that a period speaks of: one named just before, else the table's own time, else its year."""
    for back in range(position - 1, max(-1, position - 5), -1):
        item = draft.item(back)
        if item is None:
            break
        if item.lemma in UNITS or item.lower in ("per", "each", "by") or draft.table(back):
            continue
        if (own := _event_of_subject(draft, back) or _ending(draft, back)) is not None:
            return own
        for _, link in draft.rank_columns(item)[:4]:
            attribute = draft.attribute(link.field)
            year = attribute.words[:1] == ("year",) or attribute.words[-1:] == ("year",)
            if (attribute.kind == "time" or (year and span.year)) and link.score >= 0.5 and _near(draft, link.relation):
                return attribute
    said = (*draft.select, *draft.shown_before, *(o for o, _ in draft.order))
    measured = [f.relation for e in said if isinstance(e, Agg) for f in fields_of(e)]
    focus = draft.focus if draft.focus != draft.main else 0
    ranked = [e.entity for e, _ in draft.order if isinstance(e, Agg) and e.entity]
    tables = dict.fromkeys(t for t in (focus, *measured, *ranked, draft.main, *draft.mentioned, *draft.related) if t)
    found_times = [(_table_rank(draft, oid, measured), -place, found) for place, oid in enumerate(tables)
                   if (found := _own_time(draft, oid, span)) is not None]  # fmt: skip
    found_times += _times_of_parents(draft, measured, span)
    if found_times:
        chosen = max(found_times, key=lambda entry: entry[:2])[2]
        return _explained(draft, chosen)
    for oid in tables:
        for edge in draft.graph.edges.get(oid, ()):
            if edge.cost < 1.5 and (found := _own_time(draft, edge.right.relation, span)) is not None:
                draft.evidence.guesses.append(
                    f"the time is that of {draft.entity(edge.right.relation).relation.name.name}"
                )
                return _explained(draft, found)
    return None


def _event_of_subject(draft: Draft, position: int) -> Attribute | None:
    """ "vehicles bought before 2016": the vehicles' own column of that event, though another table has one too."""
    item = draft.items[position]
    oid = draft.table(position - 1) or draft.table(position - 2)
    if oid != draft.main or not oid or item.tokens[0].lower == item.lemma or len(item.tokens) > 1:
        return None
    said = frozenset({item.lemma}) | SAME_EVENT.get(item.lemma, frozenset())
    found = [a for a in draft.times(oid) if said & set(a.words)]
    return found[0] if len(found) == 1 else None


def _ending(draft: Draft, position: int) -> Attribute | None:
    """ "cancelled last month", "expire next week": the one column that tells when a row came to its end."""
    if draft.items[position].lemma not in ENDING_VERBS:
        return None
    for oid in dict.fromkeys(t for t in (draft.focus, draft.main) if t):
        found = [a for a in draft.times(oid) if ENDING_NOUNS & {root(w) for w in a.words}]
        if len(found) == 1:
            return found[0]
    return None


def _times_of_parents(draft: Draft, measured: list[int], span: Span) -> list[tuple[float, int, Attribute]]:
    """The time of what is measured when its own table has none: an order's time for its lines."""
    said = (*draft.select, *(o for o, _ in draft.order))
    counted = [e.entity for e in said if isinstance(e, Agg) and e.entity]
    found: list[tuple[float, int, Attribute]] = []
    for oid in dict.fromkeys([*measured, *counted]):
        if _own_time(draft, oid, span) is not None:
            continue
        for edge in draft.graph.edges.get(oid, ()):
            time = _own_time(draft, edge.right.relation, span) if edge.to_one and edge.cost < 1.5 else None
            if time is not None:
                created = 0.2 if "create" in time.words else 0.0
                person = 0.8 if draft.entity(edge.right.relation).person else 0.0  # a goal's time is no birthday
                found.append((0.45 - created - person, -50 - edge.right.relation, time))
    return found


_JOINING = frozenset({"register", "join", "sign", "create", "hire", "bear", "add", "signup", "new", "found"})


def _table_rank(draft: Draft, oid: int, measured: list[int]) -> float:
    """Events date themselves; people are dated only when the question says how (registered, hired, born)."""
    counted = {e.entity for e in (*draft.select, *(o for o, _ in draft.order)) if isinstance(e, Agg)}
    score = 0.4 * (oid in counted or oid in measured) + 0.3 * (oid == draft.focus) + 0.2 * (oid == draft.main)
    if oid in draft.events:
        score += 0.6  # "products sold per category last month": when they were sold
    if oid in draft.related:
        score += 0.5 if oid == draft.focus else 0.3  # "cars sold last month": when they were sold
    if oid in draft.grouped_entities and measured and oid not in measured:
        score -= 0.6  # "distance per vehicle in the last month": when it was driven
    if draft.entity(oid).person and not {t.lemma for t in draft.tokens} & _JOINING:
        score -= 0.8
    return score


def _near(draft: Draft, relation: int) -> bool:
    return not draft.main or draft.graph.path(draft.main, relation, draft.index) is not None


def main_time(draft: Draft, oid: int) -> Attribute | None:
    """The column that says when a table's rows happened, of those that hold dates or times."""
    span = Span(None, None, 1, "day")
    time = _own_time(draft, oid, span)
    return _explained(draft, time) if time is not None and time.kind == "time" else None


_BOOKKEEPING = frozenset({"update", "delete", "modify", "expire", "end", "birth", "termination", "due", "last"})


def _own_time(draft: Draft, oid: int, span: Span) -> Attribute | None:
    """The time of a table's rows, or the year or month that they hold instead."""
    entity = draft.entity(oid)
    times = draft.times(oid)
    if span.year is not None:
        years = [a for a in entity.attributes.values() if "year" in a.words and a.kind in ("number", "text")]
        if years and (not times or span.words.lower().startswith("from ")):  # "cars from 2020"
            return years[0]
    if span.month is not None and not times:
        return next((a for a in entity.attributes.values() if "year" in a.words or "month" in a.words), None)
    return _ranked_times(draft, oid)[0][1] if times else None


def _ranked_times(draft: Draft, oid: int) -> list[tuple[float, Attribute]]:
    """The times of a table, the likeliest meant first."""
    own = set(draft.entity(oid).words)
    asked = {t.lemma for t in draft.tokens} - {"date", "time", "day"} - own

    def rank(attribute: Attribute) -> float:
        words = set(attribute.words)
        score = 1.0 if {root(w) for w in words} & {root(w) for w in own} else 0.0
        score += 0.8 if words & _HAPPENING and not words & {"create"} else 0.0
        score += 0.5 if words & {"create"} else 0.0
        score -= 1.0 if words & _BOOKKEEPING else 0.0
        score += 0.2 if attribute.not_null else 0.0
        return score + (1.2 if words & asked else 0.0)

    return sorted(((rank(a), a) for a in draft.times(oid)), key=lambda entry: (-entry[0], entry[1].field.column))


_HAPPENING = frozenset({"date", "happen", "occur", "start", "time", "snapshot", "order"})


def _explained(draft: Draft, chosen: Attribute) -> Attribute:
    """The time chosen, with a note of the other that it could have been."""
    ranked = _ranked_times(draft, chosen.field.relation)
    if chosen.kind == "time" and len(ranked) > 1:
        if ranked[0][0] - ranked[1][0] < 0.15:
            draft.evidence.ambiguous.append(f"date: {ranked[0][1].name} or {ranked[1][1].name}")
        draft.evidence.guesses.append(f"the time meant is {draft.qualified(chosen.field)}")
    return chosen


_WEEKEND = ("weekend", "weekends")


def weekday(draft: Draft, position: int) -> int | None:
    """on weekends, on weekdays, on Mondays: the day of the week of a time column, or a column that holds its name."""
    at = draft.skip(position, "on", "at", "during", "the")
    word = draft.word(at)
    singular_word = word.removesuffix("s")
    if word in _WEEKEND:
        days, negated = [6, 0], False
    elif word in ("weekday", "weekdays") and not draft.is_word(position, "each", "per", "by"):
        days, negated = [6, 0], True
    elif singular_word in WEEKDAYS and at > position:
        days, negated = [WEEKDAYS[singular_word]], False
    else:
        return None
    condition = _on_days(draft, at, days, negated)
    if condition is None:
        return None
    add(draft, condition)
    return at + 1


def _on_days(draft: Draft, position: int, days: list[int], negated: bool) -> Cond | None:
    names = [name.title() for name, number in WEEKDAYS.items() if number in days]
    for oid in dict.fromkeys(t for t in (draft.focus, draft.main) if t):
        for attribute in draft.entity(oid).attributes.values():
            stored = draft.linker.values.values(oid, attribute.field.column) if attribute.kind == "text" else ()
            if stored and {v.lower() for v in stored} <= set(WEEKDAYS):
                return Compare(Col(attribute.field), "<>" if negated else "=", tuple(names))
    target = time_column(draft, position, Span(None, None, 1, "day"))
    if target is None or target.kind != "time":
        return None
    day = Bucket("dow", Col(target.field), part=True)
    return Compare(day, "<>" if negated else "=", tuple(str(d) for d in days))
