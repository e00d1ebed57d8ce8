"""Numbers compared: "more than 5 orders", "older than 30", "above the average", "order 3", "at least two"."""

from __future__ import annotations

from pgwarden.language.comparators import after_number, comparator
from pgwarden.language.conditions import add
from pgwarden.language.draft import Draft
from pgwarden.language.forms import Agg, Block, Col, Compare, Expr, Has, Period, Scalar
from pgwarden.language.lexicon import COMPARATIVES, MEASURES, RELATION_VERBS, UNITS, VERB_ATTRIBUTES
from pgwarden.language.morphology import is_plural
from pgwarden.language.sums import amount_of
from pgwarden.language.worth import money_column


def comparison(draft: Draft, position: int) -> int | None:
    """A comparison that starts with its operator: "more than 5 orders", "above age 20", "older than 30"."""
    found = comparator(draft, position)
    item = draft.item(position)
    if found is None and item is not None and item.number and (later := after_number(draft, position + 1)) is not None:
        return _with_number(draft, later.operator, item.tokens[0].value, later.position, None)
    if (
        found is None
        and item is not None
        and item.number
        and draft.table(position + 1) not in (0, draft.main)
        and not draft.projecting
    ):
        return _with_number(draft, "=", item.tokens[0].value, position + 1, None)
    if found is None and item is not None and item.number and not draft.projecting and not item.tokens[0].unit:
        return _number_then_column(draft, position)
    if found is None:
        return None
    graded = compared_attribute(draft, found.word)
    average = _average(draft, found.operator, found.position, graded)
    if average is not None:
        return average
    target = draft.skip(found.position, "the", "a", "an", "age", "value", "year", "of", "equal", "to")
    number = draft.item(target)
    said = draft.number(target)
    if (
        said is not None
        and draft.item(target + 1) is not None
        and draft.items[target + 1].lemma in UNITS
        and graded is None
        and not draft.table(target + 1)
    ):
        return None
    if number is not None and said is not None:
        explicit = _between_words(draft, found.position, target)
        if explicit is None and (aged := _age(draft, found.operator, said, target, graded)) is not None:
            return aged
        end = (
            draft.skip(target + 1, "years", "year", "old", "dollars", "usd", "euros", "percent", "points")
            if graded is not None
            else target + 1
        )
        return _with_number(draft, found.operator, said, end, explicit or graded)
    if number is not None and number.columns and (following := draft.item(target + 1)) is not None and following.number:
        column = draft.column(number, draft.focus)
        if column is not None:
            add(draft, Compare(Col(column), found.operator, (following.tokens[0].value,)))
            return target + 2
    return None


def _number_then_column(draft: Draft, position: int) -> int | None:
    """ "with 5 stars", "having 3 bedrooms": the number a column holds."""
    item = draft.item(position + 1)
    if item is None or not item.columns or draft.table(position + 1):
        return None
    if not draft.is_word(position - 1, "with", "have", "has", "having", "had", "of", "exactly"):
        return None
    column = draft.column(item, draft.focus, "number")
    if column is None or draft.attribute(column).kind != "number" or draft.attribute(column).identifier:
        return None
    add(draft, Compare(Col(column), "=", (draft.items[position].tokens[0].value,)))
    return position + 2


def _age(draft: Draft, operator: str, years: str, position: int, graded: Expr | None) -> int | None:
    """ "older than 30" where the date of birth is kept: born before this day 30 years ago."""
    if not isinstance(graded, Col) or draft.attribute(graded.field).kind != "time":
        return None
    unit = draft.item(position + 1)
    if not years.isdigit() or (unit is not None and unit.lemma in UNITS and unit.lemma != "year"):
        return None
    clock = f"DATE '{draft.today.isoformat()}'" if draft.today else "current_date"
    day = f"{clock} - interval '{years} years'"
    older = operator in (">", ">=")
    add(draft, Period(graded, None if older else day, day if older else None))
    return draft.skip(position + 1, "years", "year", "old", "of", "age")


def _between_words(draft: Draft, start: int, end: int) -> Expr | None:
    for position in range(start, end):
        item = draft.item(position)
        if item is not None and item.columns:
            column = draft.column(item, draft.focus, "number", note=False)
            return Col(column) if column is not None else None
    return None


def compared_attribute(draft: Draft, word: str) -> Expr | None:
    """The column that an adjective grades: older → age."""
    entry = COMPARATIVES.get(word)
    if entry is None:
        return None
    for oid in (draft.focus, draft.main):
        if oid:
            found = [
                a
                for a in draft.index.columns_like(oid, entry[0])
                if a.kind in ("number", "time", "text") and not a.identifier
            ]
            if found:
                return Col(found[0].field)
    return None


def _average(draft: Draft, operator: str, position: int, graded: Expr | None) -> int | None:
    """Compared with the average: "above the average age", "older than average"."""
    start = draft.skip(position, "the", "overall")
    if not draft.is_word(start, "average", "mean"):
        return None
    end = start + 1
    column = graded
    item = draft.item(draft.skip(end, "of", "the"))
    if item is not None and item.columns and not draft.table(draft.skip(end, "of", "the")):
        found = draft.column(item, draft.focus, "number")
        if found is not None:
            column, end = Col(found), draft.skip(end, "of", "the") + 1
    noun = draft.skip(end, "of", "the")
    if draft.table(noun) and end == start + 1:  # "larger than the average claim"
        column, end = column or amount_of(draft, draft.table(noun)), noun + 1
    if column is None:
        column = last_column(draft, position - 1) or said_by_verb(draft, position - 1)
    if not isinstance(column, Col):
        return None
    if (
        draft.select
        and column in draft.select
        and isinstance(draft.select[-1], Col)
        and len(draft.select) == 1
        and column == draft.select[-1]
    ):
        draft.select.pop()
    inner = Block(column.field.relation, (Agg("avg", column),))
    add(draft, Compare(column, operator, right=Scalar(inner)))
    return end


def last_column(draft: Draft, position: int) -> Expr | None:
    for back in range(position, max(-1, position - 6), -1):
        item = draft.item(back)
        spoken = item is not None and item.tokens[-1].lower != item.lemma and item.lemma in RELATION_VERBS
        if item is not None and item.columns and not draft.table(back) and not spoken:
            column = draft.column(item, draft.focus, "number", note=False)
            if (
                column is not None
                and draft.attribute(column).kind == "number"
                and not draft.attribute(column).identifier
            ):
                return Col(column)
    return None


def _with_number(draft: Draft, operator: str, value: str, end: int, column: Expr | None) -> int | None:
    """A number compared with a column or with how many related rows there are."""
    target = draft.skip(end, "of", "different", "distinct", "the", "unique", "types", "kinds", "type", "total", "such")
    item = draft.item(target)
    if column is None and item is not None and (kept := _of_a_kind(draft, target, operator, value)) is not None:
        return kept
    if column is None and item is not None and (item.tables or item.columns):
        table = draft.table(target)
        if table and not draft.main and any(isinstance(e, Col) and e.field.relation == table for e in draft.select):
            draft.main = table
        if table and table == draft.main and not draft.group and _group_shown(draft):
            draft.having.append(Compare(Agg("count", None, table), operator, (value,)))
            draft.projecting = False
            return _same(draft, target + 1)
        if table and table != draft.main and not draft.has_column(item, draft.main, 0.95):
            related_count(draft, table, operator, value)
            return target + 1
        if table and table == draft.main and draft.group:
            draft.having.append(Compare(Agg("count", None, table), operator, (value,)))
            return target + 1
        if item.columns and not table:
            found = draft.column(item, draft.focus, "number")
            if found is not None and draft.attribute(found).kind == "number":
                add(draft, Compare(Col(found), operator, (value,)))
                return target + 1
    if column is None:
        column = last_column(draft, end - 2)
    priced = draft.item(end - 1)
    if column is None and priced is not None and priced.number and priced.tokens[0].unit == "$":
        worth = money_column(draft, within=draft.focus or draft.main)
        column = worth if isinstance(worth, Col) else None
    if column is None:
        column = said_by_verb(draft, end - 1) or _worth_of(draft, end - 2) or _implied(draft)
    if column is None:
        return None
    end = draft.skip(end, *MEASURES)
    if draft.projecting and draft.select and draft.select[-1] == column and len(draft.select) > 1:
        draft.select.pop()
    add(draft, Compare(column, operator, (value,)))
    return end


def _worth_of(draft: Draft, position: int) -> Expr | None:
    """ "an invoice over 300", "fines above 5": the amount that each of them is."""
    at = position
    while at > 0 and not draft.table(at) and not draft.items[at].linked and position - at < 3:
        at -= 1
    table = draft.table(at)
    worth = amount_of(draft, table) if table else None
    scaled = worth is not None and {"million", "thousand"} & set(draft.attribute(worth.field).words)
    if worth is None or scaled:
        return None
    draft.evidence.guesses.append(f"the amount is {draft.qualified(worth.field)}")
    return worth


def _of_a_kind(draft: Draft, target: int, operator: str, value: str) -> int | None:
    """ "at least 5 open tickets": only those rows are counted that the adjective speaks of."""
    item, table = draft.items[target], draft.table(target + 1)
    if not table or table == draft.main or draft.group or draft.table(target):
        return None
    hit = next((v for v in item.values if v.field.relation == table and v.score >= 0.9), None)
    if hit is None:
        return None
    draft.mention(table)
    add(draft, Has(table, (Compare(Col(hit.field), "=", (hit.value,)),), operator=operator, count=value))
    return target + 2


def said_by_verb(draft: Draft, position: int) -> Expr | None:
    """ "earning more than 7000": the attribute that the verb speaks of."""
    for back in range(position - 1, max(-1, position - 6), -1):
        words = VERB_ATTRIBUTES.get(draft.items[back].lemma)
        if words is None:
            continue
        for oid in dict.fromkeys(t for t in (draft.focus, draft.main) if t):
            found = [a for a in draft.index.columns_like(oid, words) if a.kind == "number" and not a.identifier]
            if found:
                return Col(found[0].field)
    return None


def by_key(draft: Draft, position: int) -> int | None:
    """ "order 3", "product #123", "customer number 7": the row with that key."""
    item = draft.item(position)
    table = draft.table(position)
    if item is None or not table or is_plural(item.tokens[-1].lower):
        return None
    at = draft.skip(position + 1, "number", "no", "#", "nr")
    number = draft.item(at)
    if number is None or not number.number or number.tokens[0].unit or not number.tokens[0].value.isdigit():
        return None
    following = draft.item(at + 1)
    if following is not None and (following.lemma in UNITS or draft.table(at + 1) or after_number(draft, at + 1)):
        return None
    key = draft.key(table)
    shown = draft.displays(table)
    if len(shown) == 1 and draft.attribute(shown[0]).words == ("number",):
        stored = draft.linker.values.values(*shown[0])
        key = shown[0] if number.tokens[0].value in stored else key  # "room 112" is called so
    elif key is None or draft.attribute(key).kind != "number":
        return None
    if key is None:
        return None
    kept = draft.main
    draft.mention(table)
    if kept and kept != table:
        draft.focus = table
    projecting = draft.projecting
    add(draft, Compare(Col(key), "=", (number.tokens[0].value,)))
    draft.projecting = projecting and not draft.select
    return at + 1


def out_of(draft: Draft, position: int) -> int | None:
    """ "out of stock": none left."""
    if not (draft.is_word(position, "out") and draft.is_word(position + 1, "of")):
        return None
    item = draft.item(position + 2)
    if item is None or not item.columns:
        return None
    column = draft.column(item, draft.focus, "number")
    if column is None or draft.attribute(column).kind != "number" or draft.attribute(column).identifier:
        return None
    add(draft, Compare(Col(column), "=", ("0",)))
    return position + 3


def _group_shown(draft: Draft) -> bool:
    """ "cities that have more than one employee": the columns shown become the groups."""
    shown = [e for e in draft.select if isinstance(e, Col)]
    keys = {Col(k) for k in [draft.key(draft.main)] if k is not None}
    if not shown or keys & set(shown) or draft.default_display:
        return False
    draft.group += [e for e in shown if e not in draft.group]
    return True


def _same(draft: Draft, position: int) -> int:
    """ "… with the same name": the name joins the groups."""
    if not (
        draft.is_word(position, "with", "of", "sharing")
        and draft.is_word(position + 1, "the")
        and draft.is_word(position + 2, "same")
    ):
        return position
    item = draft.item(position + 3)
    column = draft.column(item, draft.main) if item is not None and item.columns else None
    if column is None:
        return position
    draft.group.append(Col(column))
    return position + 4


def _implied(draft: Draft) -> Expr | None:
    """ "singers below 30" right after "singers above age 40": the same column again."""
    for condition in reversed(draft.where):
        column = condition.left if isinstance(condition, Compare) else None
        if isinstance(column, Col) and draft.attribute(column.field).kind == "number":
            return column
    numbers = [e for e in draft.shown_before if isinstance(e, Col) and draft.attribute(e.field).kind == "number"]
    return numbers[0] if len(numbers) == 1 else None


def related_count(draft: Draft, table: int, operator: str, value: str) -> None:
    """ "with at least two X": a condition on the number of related rows."""
    if draft.group and draft.main == table:
        draft.having.append(Compare(Agg("count", None, table), operator, (value,)))
        return
    draft.mention(table)
    if operator in ("=", "<=") and value == "0":
        add(draft, Has(table, negated=True))
    else:
        add(draft, Has(table, operator=operator, count=value))
