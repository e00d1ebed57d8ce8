"""SQL vouched for one question, with the values of another question that differs from it in nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable
from difflib import SequenceMatcher

Grounded = Callable[[str, str], str | None]
"""(value in the example, words in the question) → the value as a column that holds both spells it; None without one."""

_WORD = re.compile(r"'[^']*'|\"[^\"]*\"|[^\s?!,;'\"]+")
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_LITERAL = re.compile(r"'((?:[^']|'')*)'|\"(?:[^\"]|\"\")*\"|([A-Za-z_][\w$]*)|(\d+(?:\.\d+)?)")
_UNCLEAR = re.compile(r"\$|\\|--|/\*|\b[EeUuBbXx]&?'")
"""What makes telling literals apart by their marks unsure: such SQL is not changed."""


def sibling(question: str, example: str, sql: str, grounded: Grounded) -> str | None:
    """The SQL for ``question``, or None unless every difference is one literal of the SQL, once, and has ground."""
    pairs = _differences(question, example)
    if not pairs or _UNCLEAR.search(sql):
        return None
    new: dict[str, str] = {}
    for old, asked in pairs:
        if old in new or (value := _value(old, asked, sql, grounded)) is None:
            return None
        new[old] = value
    return _replaced(sql, new)


def _differences(question: str, example: str) -> list[tuple[str, str]]:
    """(old, new) runs of words, case folded for comparing only; empty where words were added or left out."""
    asked, known = (_WORD.findall(text.rstrip("?.! ")) for text in (question, example))
    before, after = ([word.casefold() for word in words] for words in (known, asked))
    found = []
    for what, start, end, first, last in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if what == "replace":
            found.append((_bare(known[start:end]), _bare(asked[first:last])))
        elif what != "equal":
            return []
    return found


def _bare(words: list[str]) -> str:
    return " ".join(words).strip("'\"")


def _value(old: str, asked: str, sql: str, grounded: Grounded) -> str | None:
    if _NUMBER.fullmatch(old):
        return asked if _NUMBER.fullmatch(asked) else None
    stored = [text for text in _texts(sql) if text.casefold() == old.casefold()]
    return grounded(stored[0], asked) if len(stored) == 1 else None


def _texts(sql: str) -> list[str]:
    return [match[1].replace("''", "'") for match in _LITERAL.finditer(sql) if match[1] is not None]


def _replaced(sql: str, new: dict[str, str]) -> str | None:
    """Each old value stands in the SQL as exactly one literal, or nothing is replaced."""
    used: list[str] = []
    values = {old.casefold(): value for old, value in new.items()}

    def place(match: re.Match[str]) -> str:
        text, number = match[1], match[3]
        old = number if text is None else text.replace("''", "'").casefold()
        if old is None or old not in values or (text is not None) is bool(_NUMBER.fullmatch(old)):
            return match[0]
        used.append(old)
        value = values[old]
        return value if number is not None else "'" + value.replace("'", "''") + "'"

    changed = _LITERAL.sub(place, sql)
    return changed if sorted(used) == sorted(values) else None
