"""The declared types of a PL/pgSQL body, made simple enough for a parser that knows no database.

libpg_query compiles a body without a catalog. Types of users make it fail: an enum or a domain is taken for a record,
``t%ROWTYPE`` for a scalar, a schema is unknown. What a body does to tables does not depend on the types of its
variables, only on whether each is a record, a cursor or neither; so that is all that is left of them.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgwarden.sql.plpgsql_tokens import NotUnderstood, Token, tokens

SCALARS = frozenset(
    """
    bigint bigserial bit bool boolean bytea char character cidr date decimal double float float4 float8 inet int int2
    int4 int8 integer interval json jsonb macaddr money name numeric oid real regclass regprocedure regtype serial
    smallint text time timestamp timestamptz timetz uuid varchar xml
    """.split()  # noqa: SIM905 - a word list reads better than fifty quoted strings
)
"""First words of types that are never records, whatever stands after a variable's name."""
_BEFORE_STATEMENT = frozenset({"begin", "then", "else", "loop", ";", ">>"})
_AFTER_TYPE = frozenset({"collate", "not", "default", ":=", "=", ";"})
_DEPTH = {"(": 1, "[": 1, ")": -1, "]": -1}


def kind_of(type_words: tuple[str, ...], name: str, with_fields: frozenset[str]) -> str:
    """``record``, ``refcursor`` or ``text`` for a variable of this type. ``with_fields``: names that a dot follows."""
    if type_words[-1:] == ("refcursor",):
        return "refcursor"
    if type_words == ("record",) or type_words[-2:] == ("%", "rowtype"):
        return "record"
    scalar = bool(type_words) and type_words[0] in SCALARS and "%" not in type_words
    return "record" if name in with_fields and not scalar else "text"


def with_fields(text: str) -> frozenset[str]:
    """Names after which a dot stands somewhere in the body."""
    return _dotted(tokens(text))


def simplified(text: str) -> str:
    """The body with each declared type replaced by record, refcursor or text. Raises NotUnderstood."""
    words = tokens(text)
    start = _directives(words)
    dotted = _dotted(words)
    parts, at = [], 0
    for first, last, name in _declared_types(words, start):
        kind = kind_of(tuple(word.text.lower() for word in words[first:last]), name, dotted)
        parts += [text[at : words[first].start], kind]
        at = words[last - 1].end
    return "".join([*parts, text[at:]])


def _dotted(words: list[Token]) -> frozenset[str]:
    return frozenset(
        word.text
        for place, word in enumerate(words[:-1])
        if word.kind in ("word", "quoted") and _is(words, place + 1, ".") and not (place and _is(words, place - 1, "."))
    )


def _is(words: list[Token], place: int, *texts: str) -> bool:
    return 0 <= place < len(words) and words[place].kind in ("word", "sign") and words[place].text in texts


def _directives(words: list[Token]) -> int:
    """Where the body begins. ``#option dump`` writes to the standard output of the process: it is not let through."""
    at = 0
    while _is(words, at, "#"):
        if _is(words, at + 1, "option"):
            raise NotUnderstood("#option")
        at += 3
    return at


def _declared_types(words: list[Token], start: int) -> Iterator[tuple[int, int, str]]:
    """(first token, token after the last, variable) of each type that is declared."""
    for place in range(start, len(words)):
        at_statement = place == start or _is(words, place - 1, *_BEFORE_STATEMENT)
        if at_statement and _is(words, place, "declare"):
            yield from _section(words, place + 1)


def _section(words: list[Token], at: int) -> Iterator[tuple[int, int, str]]:
    while at < len(words) and not _is(words, at, "begin"):
        if _is(words, at, "declare"):
            at += 1
        elif _is(words, at, "<<"):
            at += 3
        else:
            yield from _declaration(words, at)
            at = _to(words, at, frozenset({";"})) + 1


def _declaration(words: list[Token], at: int) -> Iterator[tuple[int, int, str]]:
    name, first = words[at].text, at + 1
    if _is(words, first, "alias"):
        return
    while _is(words, first, "no", "scroll", "cursor"):
        first += 1
        if _is(words, first - 1, "cursor"):
            if _is(words, first, "("):
                yield from _cursor_arguments(words, first + 1)
            return
    first += _is(words, first, "constant")
    last = _to(words, first, _AFTER_TYPE)
    if last > first:
        yield first, last, name


def _cursor_arguments(words: list[Token], at: int) -> Iterator[tuple[int, int, str]]:
    while True:
        last = _to(words, at, frozenset({",", ")"}))
        if last > at + 1:
            yield at + 1, last, words[at].text
        if not _is(words, last, ","):
            return
        at = last + 1


def _to(words: list[Token], at: int, stops: frozenset[str]) -> int:
    """The place of the first of these outside parentheses."""
    depth = 0
    while at < len(words):
        word = words[at]
        if depth == 0 and word.kind in ("word", "sign") and word.text in stops:
            return at
        depth += _DEPTH.get(word.text, 0) if word.kind == "sign" else 0
        at += 1
    raise NotUnderstood("an unfinished declaration")
