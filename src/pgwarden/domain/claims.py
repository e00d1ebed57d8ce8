"""What a statement says on its own account: the values written in it, and the columns that they stand beside."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import nan

Place = tuple[int, int]
"""(relation oid, attnum)."""


class LiteralKind(StrEnum):
    """What kind of constant it is; a date or an interval is written as a text."""

    TEXT = "text"
    NUMBER = "number"
    TRUTH = "truth"
    NULL = "null"


class Role(StrEnum):
    """How a literal is used."""

    VALUE = "value"
    """Compared with its columns as it is, or written into them."""
    PATTERN = "pattern"
    """LIKE, ILIKE, SIMILAR TO and regular expressions."""
    PERIOD = "period"
    """A text that is cast to an interval."""
    UNIT = "unit"
    """The field or unit of EXTRACT, date_part and date_trunc."""
    COUNT = "count"
    """How many rows are shown, or left out before them: LIMIT, FETCH and OFFSET."""
    PART = "part"
    """A part of a larger expression, an argument of any other function."""


@dataclass(frozen=True, slots=True)
class Literal:
    """One constant of a statement."""

    text: str
    """As PostgreSQL reads it; of a truth ``true`` or ``false``, of a null ``null``."""
    kind: LiteralKind
    role: Role = Role.PART
    columns: frozenset[Place] = frozenset()
    """The base columns that it is compared with or written into; empty where it stands alone."""
    written: bool = False
    """Whether it is written, rather than compared."""
    exact: bool = False
    """Whether it is compared with the bare column, letter by letter."""
    bound: str = ""
    """``<``, ``<=``, ``>`` or ``>=`` where it bounds what it is compared with, as if it stood on the right. Of a period
    that is taken from a moment, it bounds how long ago that is. '' for any other use, and where a NOT or an EXCEPT
    around a sub-select may turn it."""

    @property
    def number(self) -> float:
        """A number's value; not a number for anything else, and for one that is written in another base."""
        try:
            return float(self.text) if self.kind is LiteralKind.NUMBER else nan
        except ValueError:
            return nan


@dataclass(frozen=True, slots=True)
class Claims:
    """Everything that a statement states and that somebody must have meant."""

    literals: tuple[Literal, ...]
    written: frozenset[Place] = frozenset()
    """Columns that INSERT names or fills, and that UPDATE and MERGE assign."""
    every_row: bool = False
    """Whether an UPDATE or DELETE in it has no condition, or one that is true by its form."""
    averages: tuple[str, ...] = ()
    """How values are compared with an average that a sub-select makes: as a literal's ``bound``."""
    names: frozenset[str] = frozenset()
    """The tables and columns that it writes out."""
