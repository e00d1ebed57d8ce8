"""SQL vouched for one question, with the values of another question that differs from it in nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from pgwarden.domain.errors import StatementInvalid, StatementTooLarge
from pgwarden.sql.parse import on_deep_stack, parse

Grounded = Callable[[str, str], str | None]
"""(value in the example, words in the question) → the value as a column that holds both spells it; None without one."""

_WORD = re.compile(r"'[^']*'|\"[^\"]*\"|[^\s?!,;'\"]+")
"""A word of a question, or what stands in quotes there."""
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_UNSURE = frozenset({"SQL_COMMENT", "C_COMMENT", "USCONST"})
"""What SQL is not changed with: a comment may speak of the old value, and U&'…' has an escape that stands apart."""
_OUTPUTS = frozenset({"sortClause", "groupClause", "distinctClause"})
"""Lists in which a bare constant is the number of an output."""
_INSIDE = frozenset({"SortBy", "node", "GroupingSet", "content"})
"""What may stand around such a constant."""


@dataclass(frozen=True, slots=True)
class _Constant:
    """A value in the SQL: where it stands in the text, in bytes, and what it is."""

    start: int
    end: int
    value: str
    is_text: bool


def sibling(question: str, example: str, sql: str, grounded: Grounded) -> str | None:
    """The SQL for ``question``, or None unless every difference is one literal of the SQL, once, and has ground."""
    pairs = _differences(question, example)
    if not pairs:
        return None
    try:
        constants = on_deep_stack(lambda: _constants(sql))
    except (StatementInvalid, StatementTooLarge):
        return None
    new: dict[int, str] = {}
    for old, asked in pairs:
        found = [each for each in constants if _is(each, old)]
        value = _value(found[0], asked, grounded) if len(found) == 1 and found[0].start not in new else None
        if value is None:
            return None
        new[found[0].start] = value
    return _replaced(sql, constants, new)


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


def _is(constant: _Constant, old: str) -> bool:
    if _NUMBER.fullmatch(old):
        return not constant.is_text and constant.value == old
    return constant.is_text and constant.value.casefold() == old.casefold()


def _value(constant: _Constant, asked: str, grounded: Grounded) -> str | None:
    """What stands in the constant's place, as SQL."""
    if not constant.is_text:
        return asked if _NUMBER.fullmatch(asked) else None
    value = grounded(constant.value, asked)
    return None if value is None else "'" + value.replace("'", "''") + "'"


def _constants(sql: str) -> tuple[_Constant, ...]:
    """The values of a statement, by its parse tree; they end where the scanner's words do. None in SQL that is unsure.

    Raises StatementInvalid, StatementTooLarge.
    """
    import postgast
    from postgast import pg_query_pb2 as pb

    statements = [raw["stmt"] for raw in parse(sql).statements]
    tokens = postgast.scan(sql).tokens
    if any(pb.Token.Name(token.token) in _UNSURE for token in tokens):
        return ()
    ends = {token.start: token.end for token in tokens}
    source, found = sql.encode(), []
    for body in _nodes(statements):
        start = body.get("location", 0)
        text = body["sval"].get("sval", "") if "sval" in body else None
        if start in ends and (text is not None or "ival" in body or "fval" in body):
            written = source[start : ends[start]].decode()
            found.append(_Constant(start, ends[start], written if text is None else text, text is not None))
    return tuple(found)


def _nodes(node: Any, *, bare: bool = False) -> Iterator[dict[str, Any]]:
    """Every A_Const that is a value, and not the size of a type. ``bare``: it would be the number of an output here."""
    if isinstance(node, list):
        for item in node:
            yield from _nodes(item, bare=bare)
    elif isinstance(node, dict):
        for kind, body in node.items():
            if kind == "A_Const":
                if not bare:
                    yield body
            elif kind in _OUTPUTS:
                yield from _nodes(body, bare=True)
            elif kind != "typeName":
                yield from _nodes(body, bare=bare and kind in _INSIDE)


def _replaced(sql: str, constants: tuple[_Constant, ...], new: dict[int, str]) -> str:
    """The text with new values; from its end, so that places before it stay."""
    source = sql.encode()
    for each in sorted(constants, key=lambda each: -each.start):
        if each.start in new:
            source = source[: each.start] + new[each.start].encode() + source[each.end :]
    return source.decode()
