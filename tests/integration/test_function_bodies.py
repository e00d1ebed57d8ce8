"""Functions that a real server accepted: each body is taken by the parser, and nothing in it is overlooked."""

from __future__ import annotations

import re

from tests.support.plpgsql_bodies import accepted

from pgwarden.domain.catalog import Function
from pgwarden.sql.function_effects import body_effects, body_of
from pgwarden.sql.function_words import word_effects
from pgwarden.sql.plpgsql_body import read_body
from pgwarden.sql.plpgsql_parser import fragments
from pgwarden.sql.plpgsql_tokens import NotUnderstood

VARIABLE = re.compile(r'select (\w|[$".])+')
SELECT_INTO = "rttest"
"""It holds RETURN QUERY SELECT … INTO, which fails when it runs: words cannot tell it from INTO a variable."""


def test_the_parser_takes_them_and_agrees_with_the_words(database: str) -> None:
    """The tree's writes and calls are among those that the words may mean, and what it cannot tell, they cannot.

    Words mean more only for MERGE, whose events they do not read; no table of theirs is missing in the tree.

    The fragments that pgwarden's own reader of bodies finds are held against those of the parser, too.
    """
    functions = list(accepted(database))
    bodies = [function for function in functions if function.language == "plpgsql"]
    assert len(bodies) > 250
    assert len(functions) - len(bodies) > 80
    for function in functions:
        _agrees_with_words(function)
    read = sum(_agrees_with_reader(function) for function in bodies)
    assert read > len(bodies) - 5, "pgwarden's own reader fails for a few that nothing depends on"


def _agrees_with_words(function: Function) -> None:
    found, words = body_effects(function), word_effects(body_of(function) or "")
    assert "the parser does not take" not in found.unknown, (function.source, found.unknown)
    assert found.writes <= words.writes, (function.source, found.writes - words.writes)
    assert {write[1:] for write in found.writes} == {write[1:] for write in words.writes}, function.source
    sugar = {name for schema, name in found.calls if schema == "pg_catalog"}  # trim(…) is btrim(…)
    assert {name for _, name in found.calls} - sugar <= {name for _, name in words.calls}
    if function.name.name != SELECT_INTO:
        assert words.unknown or not found.unknown, (function.source, found.unknown)


def _agrees_with_reader(function: Function) -> bool:
    try:
        own = read_body(function.source or "")
    except NotUnderstood:
        return False
    parsed = {_plain(statement) for statement in fragments(function).statements}
    together = "\n".join(parsed)
    for text in [*(f"select {text}" for text, _ in own.expressions), *own.queries]:
        fragment = _plain(text)
        tested = fragment.rsplit(" in (", 1)[-1].removesuffix(")")  # CASE x WHEN y: the parser names x its own way
        known = fragment in parsed or fragment.removeprefix("select ") in together or tested in together
        assert known or VARIABLE.fullmatch(fragment), (function.source, fragment)
    return True


def _plain(text: str) -> str:
    return " ".join(text.lower().split())
