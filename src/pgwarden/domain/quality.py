"""What is odd about a table's data, told from counts. Each check is a function over one column's facts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from pgwarden.domain.catalog import Column, Relation
from pgwarden.domain.inference import singular, table_words
from pgwarden.domain.profile import Finding, TopValue
from pgwarden.domain.sensitive import name_words

ENOUGH_ROWS = 20
"""Fewer rows tell nothing about a column."""
FUTURE_NAMES = frozenset(
    ["due", "expire", "expires", "expiry", "until", "to", "end", "ends", "next", "scheduled", "planned", "valid", "eta"]
)
NEVER_NEGATIVE = frozenset(
    ["price", "quantity", "qty", "age", "stock", "amount", "count", "weight", "height", "salary"]
)
PLACEHOLDERS = frozenset(["n/a", "na", "none", "null", "unknown", "test", "tbd", "-", "?", "xxx", "undefined", "nan"])
KEY_NAMES = frozenset(
    ["email", "code", "sku", "isbn", "slug", "username", "login", "uuid", "guid", "ean", "vin", "barcode"]
)


@dataclass(frozen=True, slots=True)
class ColumnFacts:
    """Counts over the rows looked at."""

    column: Column
    rows: int
    nulls: int
    distinct: int
    minimum: str | None = None
    maximum: str | None = None
    top: tuple[TopValue, ...] = ()
    is_number: bool = False
    future: int = 0
    """Dates later than tomorrow."""
    ancient: int = 0
    """Dates before 1900."""
    negative: int = 0
    empty: int = 0
    """Empty or blank texts."""
    padded: int = 0
    """Texts with blanks at an end."""
    folded: int = 0
    """Different texts when case and blanks at the ends are ignored; 0 when not counted."""
    shapes: tuple[tuple[str, int], ...] = field(default=())
    """Forms of the texts (9 for digits, a for letters) and how often each occurs, most common first."""
    sensitive: bool = False

    @property
    def filled(self) -> int:
        return self.rows - self.nulls


def findings(relation: Relation, facts: tuple[ColumnFacts, ...]) -> tuple[Finding, ...]:
    """Everything odd, column by column."""
    return tuple(finding for fact in facts for finding in _of_column(relation, fact))


def orphan_finding(column: str, target: str, orphans: int, looked_at: int) -> Finding | None:
    """Values of an undeclared reference that the other side does not have."""
    if not orphans or not looked_at:
        return None
    return Finding(
        "orphans",
        column,
        f"{orphans} of {looked_at} values looked at are not in {target}",
        f"The column seems to refer to {target}, and no foreign key keeps that true.",
    )


def _of_column(relation: Relation, fact: ColumnFacts) -> Iterator[Finding]:
    if fact.rows < ENOUGH_ROWS:
        return
    for code, why, check in CHECKS:
        what = check(relation, fact)
        if what:
            yield Finding(code, fact.column.name, what, why)


def _share(part: int, whole: int) -> str:
    share = part / whole if whole else 0.0
    return "less than 1%" if 0 < share < 0.01 else f"{share:.0%}"


def _constant(_: Relation, fact: ColumnFacts) -> str:
    return "every row has the same value" if fact.distinct == 1 and not fact.nulls else ""


def _mostly_null(_: Relation, fact: ColumnFacts) -> str:
    if not fact.filled:
        return "every value is null"
    return f"{_share(fact.nulls, fact.rows)} of the values are null" if fact.nulls >= 0.95 * fact.rows else ""


def _duplicates(relation: Relation, fact: ColumnFacts) -> str:
    """A column that is called like a key, or is nearly one, with the odd repeated value."""
    if any(i.unique and i.columns == (fact.column.number,) and not i.predicate for i in relation.indexes):
        return ""
    repeated = fact.filled - fact.distinct
    nearly = 0 < repeated <= 0.02 * fact.filled
    words = tuple(singular(word) for word in name_words(fact.column.name))
    key_like = bool(words) and (words[-1] in KEY_NAMES or words in (("id",), (*table_words(relation), "id")))
    return f"{repeated} repeated values" if key_like and nearly else ""


def _future(_: Relation, fact: ColumnFacts) -> str:
    expected = FUTURE_NAMES & set(name_words(fact.column.name))
    return f"{fact.future} dates lie in the future" if 0 < fact.future < fact.filled / 2 and not expected else ""


def _ancient(_: Relation, fact: ColumnFacts) -> str:
    return f"{fact.ancient} dates lie before 1900" if 0 < fact.ancient < fact.filled / 2 else ""


def _negative(_: Relation, fact: ColumnFacts) -> str:
    named = NEVER_NEGATIVE & {singular(word) for word in name_words(fact.column.name)}
    return f"{fact.negative} values are negative" if named and 0 < fact.negative < fact.filled / 10 else ""


def _blank(_: Relation, fact: ColumnFacts) -> str:
    return f"{fact.empty} values are empty texts" if 0 < fact.empty < fact.filled else ""


def _padded(_: Relation, fact: ColumnFacts) -> str:
    return f"{fact.padded} values begin or end with a blank" if fact.padded else ""


def _variants(_: Relation, fact: ColumnFacts) -> str:
    variants = fact.distinct - fact.folded if fact.folded else 0
    few = variants > 0 and fact.distinct < fact.filled / 2
    return f"{variants} values differ from another only in case or blanks" if few else ""


def _placeholder(_: Relation, fact: ColumnFacts) -> str:
    found = [f"“{top.value}”" for top in fact.top if top.value.strip().lower() in PLACEHOLDERS]
    return f"{', '.join(found)} stands where a null may be meant" if found and not fact.sensitive else ""


def _mixed(_: Relation, fact: ColumnFacts) -> str:
    """Structured texts (dates, codes, phone numbers) written in more than one form."""
    common = [(shape, count) for shape, count in fact.shapes if count >= 0.05 * fact.filled]
    structured = len(common) > 1 and all("9" in shape for shape, _ in common)
    covered = sum(count for _, count in common) >= 0.9 * fact.filled
    if not (structured and covered and 2 <= len(common) <= 4):
        return ""
    return "written in several forms: " + ", ".join(f"{s} ({_share(n, fact.filled)})" for s, n in common)


CHECKS: tuple[tuple[str, str, Callable[[Relation, ColumnFacts], str]], ...] = (
    ("constant-column", "It tells nothing about a row.", _constant),
    ("mostly-null", "Averages and filters on it speak of a small part of the rows.", _mostly_null),
    ("duplicates-in-key", "Joins and look-ups by it return a row more than once.", _duplicates),
    ("future-dates", "They fall out of, or into, reports by period unexpectedly.", _future),
    ("implausible-dates", "They are often a stand-in for an unknown date.", _ancient),
    ("negative-values", "Sums and averages shrink by them.", _negative),
    ("empty-texts", "They are neither null nor a value, and filters treat them differently.", _blank),
    ("padded-texts", "An exact comparison misses them.", _padded),
    ("case-variants", "Grouping by it splits what belongs together.", _variants),
    ("placeholders", "Counts of non-null values include it.", _placeholder),
    ("mixed-formats", "Comparing and sorting the texts gives wrong results.", _mixed),
)
