"""A statement without its values: what two statements have in common that differ in their literals only."""

from __future__ import annotations

import re
from functools import lru_cache

import postgast

LONGEST = 100_000
"""Characters of a statement whose shape is looked for; longer ones have none."""
PLACEHOLDER = re.compile(r"%(?:\(\w+\))?[sbt]")
"""As psycopg writes a parameter."""
_FIRST = re.compile(
    r"(?:\s|--[^\n]*\n|/\*.*?\*/|\()*"
    r"(select|with|values|insert|update|delete|merge|copy|begin|commit|rollback|savepoint|release|set|show|explain|declare"
    r"|fetch|close|lock|create|alter|drop|truncate|analyze|vacuum|discard|prepare|execute|call|do|grant|revoke|notify)\b",
    re.IGNORECASE | re.DOTALL,
)


@lru_cache(maxsize=1024)
def fingerprint(sql: str) -> str:
    """The parser's hash of a statement's shape, 16 hexadecimal digits; '' where it cannot be parsed.

    Literals, parameters and comments are not in it, so it cannot be guessed back to a value.
    """
    if len(sql) > LONGEST:
        return ""
    try:
        return postgast.fingerprint(PLACEHOLDER.sub("$1", sql)).hex
    except postgast.PgQueryError:
        return ""


def normalised(sql: str) -> str:
    """The statement with ``$n`` for each literal, without comments; '' where it cannot be parsed."""
    if len(sql) > LONGEST:
        return ""
    try:
        return postgast.deparse(postgast.parse(postgast.normalize(sql)))
    except postgast.PgQueryError:
        return ""


def verb(sql: str) -> str:
    """Its first word in capitals, one of a closed list; ``OTHER`` else."""
    found = _FIRST.match(sql)
    return found[1].upper() if found else "OTHER"
