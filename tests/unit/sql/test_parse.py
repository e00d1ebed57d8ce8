"""Texts of any size and content end in a tree or in a clear error."""

from __future__ import annotations

import sys
import threading

import pytest

from pgwarden.domain.errors import StatementInvalid, StatementTooLarge
from pgwarden.sql.parse import MAX_COMMENTS, MAX_TOKENS, on_deep_stack, parse


def test_statements_are_told_apart() -> None:
    tree = parse("select 1; delete from t")
    assert [next(iter(raw["stmt"])) for raw in tree.statements] == ["SelectStmt", "DeleteStmt"]


@pytest.mark.parametrize("text", ["", "   ", "-- nothing", "/* nothing /* at all */ */", ";;;"])
def test_a_text_without_a_statement_is_no_error(text: str) -> None:
    assert parse(text).statements == ()


@pytest.mark.parametrize("text", ["select 1\0", "select '\ud800'", "selec 1", "select 'open", "select 1 /* open"])
def test_what_postgresql_cannot_read_is_invalid(text: str) -> None:
    with pytest.raises(StatementInvalid):
        parse(text)


def test_a_syntax_error_says_where() -> None:
    with pytest.raises(StatementInvalid) as caught:
        parse("select from from t")
    assert 'near "from"' in caught.value.why
    assert "character" in caught.value.why


@pytest.mark.parametrize(
    "text",
    [
        "select 1" + "+1" * 60_000,
        "select 1 where 1 in (" + ",".join(["1"] * 200_000) + ")",
        "select 1" + " union all select 1" * 5_000,
        "select " + "(select " * 3_000 + "1" + ")" * 3_000,
        "select '" + "a" * 1_500_000 + "'",
    ],
    ids=["sum", "list", "union", "sub-selects", "long string"],
)
def test_large_texts_are_parsed(text: str) -> None:
    limit = sys.getrecursionlimit()
    assert len(parse(text).statements) == 1
    assert sys.getrecursionlimit() == limit


@pytest.mark.parametrize(
    "text",
    [
        "select '" + "a" * 2_100_000 + "'",
        "select " + "1," * MAX_TOKENS + "1",
        "select " + "/**/" * (MAX_COMMENTS + 1) + "1",
        "select " + "/*" * 1_000 + "*/" * 1_000 + "1",
    ],
    ids=["characters", "tokens", "comments", "nested comments"],
)
def test_too_large_texts_are_refused_at_once(text: str) -> None:
    with pytest.raises(StatementTooLarge) as caught:
        parse(text)
    assert caught.value.next_step


@pytest.mark.parametrize("nest", ["({})", "not {}", "case when true then {} end"])
def test_nesting_beyond_the_grammar_is_a_clean_error(nest: str) -> None:
    before, after = nest.split("{}")
    with pytest.raises(StatementInvalid, match="not valid SQL"):
        parse("select " + before * 20_000 + "1" + after * 20_000)


def test_deep_texts_are_parsed_from_any_thread() -> None:
    text = "select 1" + "+1" * 20_000
    found: list[int] = []
    threads = [threading.Thread(target=lambda: found.append(len(parse(text).statements))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [1, 1, 1]


def test_work_on_the_deep_stack_hands_over_its_error_and_may_nest() -> None:
    def fail() -> int:
        raise KeyError("inside")

    with pytest.raises(KeyError, match="inside"):
        on_deep_stack(fail)
    assert on_deep_stack(lambda: on_deep_stack(lambda: 42)) == 42


def test_positions_count_characters_not_bytes() -> None:
    tree = parse("select 'ééé', f(1)")
    call = tree.statements[0]["stmt"]["SelectStmt"]["targetList"][1]["ResTarget"]["val"]["FuncCall"]
    assert tree.offset(call["location"]) == tree.sql.index("f(1)")
    assert tree.offset(-1) is None
