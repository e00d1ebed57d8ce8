"""The skeleton of PL/pgSQL bodies."""

from __future__ import annotations

import pytest

from pgwarden.sql.plpgsql_body import NotUnderstood, read_body

EVERYTHING = """
<<outer>>
DECLARE
  total numeric(10,2) NOT NULL := 0;
  row_ public.orders%ROWTYPE; name CONSTANT text DEFAULT 'it''s; begin';
  c CURSOR (low int) FOR SELECT id FROM orders WHERE id > low;
BEGIN
  -- a comment; with BEGIN
  total := total + (SELECT count(*) FROM orders);
  parts[1] := 2;
  SELECT id, name INTO STRICT row_.id, name FROM orders WHERE id = $1 LIMIT 1;
  IF total > 1 THEN RETURN 1; ELSIF total = 0 THEN NULL; ELSE PERFORM lower('x'); END IF;
  CASE total WHEN 1, 2 THEN NULL; ELSE NULL; END CASE;
  FOR i IN REVERSE 10..1 BY 2 LOOP CONTINUE WHEN i = 3; END LOOP;
  FOR r IN SELECT * FROM orders LOOP RETURN NEXT r; END LOOP outer;
  FOR r IN c(low := 4) LOOP EXIT; END LOOP;
  FOREACH x SLICE 1 IN ARRAY $2 LOOP RAISE NOTICE 'x %', x USING HINT = 'none'; END LOOP;
  WHILE total < 3 LOOP total = total + 1; END LOOP;
  BEGIN ASSERT total > 0, 'never';
  EXCEPTION WHEN division_by_zero OR others THEN GET STACKED DIAGNOSTICS name = message_text; END;
  OPEN c(1); FETCH c INTO total; CLOSE c;
  RETURN QUERY SELECT 1;
  RETURN total;
END
"""


def test_every_construct_is_taken_apart() -> None:
    body = read_body(EVERYTHING)
    assert body.refusals == []
    assert ("total", "numeric(10,2)") in body.variables
    assert ("row_", "public.orders%ROWTYPE") in body.variables
    assert ("i", "integer") in body.variables
    assert body.labels == ["outer"]
    expressions = [text for text, _ in body.expressions]
    for expected in (
        "'it''s; begin'",
        "total + (SELECT count(*) FROM orders)",
        "total > 1",
        "lower('x')",
        "(total) IN (1, 2)",
        "4",
        "i = 3",
        "$2",
        "x",
        "'none'",
        "total < 3",
        "total + 1",
        "total > 0",
        "'never'",
    ):
        assert expected in expressions
    assert "SELECT id FROM orders WHERE id > low" in body.queries
    assert "SELECT 1" in body.queries
    (picked,) = [query for query in body.queries if "LIMIT 1" in query]
    assert "INTO" not in picked
    assert "FROM orders WHERE id = $1" in picked


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("EXECUTE 'select 1';", "EXECUTE"),
        ("FOR r IN EXECUTE q LOOP NULL; END LOOP;", "EXECUTE"),
        ("RETURN QUERY EXECUTE q;", "EXECUTE"),
        ("OPEN c FOR EXECUTE q;", "EXECUTE"),
        ("INSERT INTO t VALUES (1);", "INSERT"),
        ("COMMIT;", "commits"),
        ("NOTIFY x;", "NOTIFY"),
        ("SET search_path = x;", "SET"),
        ("CALL p();", "procedure"),
        ("CREATE TABLE t (a int);", "CREATE"),
        ("LOCK TABLE t;", "LOCK"),
    ],
)
def test_what_a_read_must_not_do_is_said(statement: str, said: str) -> None:
    assert said in " ".join(read_body(f"BEGIN {statement} END").refusals)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "BEGIN",
        "BEGIN RETURN 1",
        "BEGIN IF a THEN END",
        "BEGIN x := ; END",
        "BEGIN NULL; END; SELECT 1",
        "BEGIN 'a END",
    ],
)
def test_what_is_not_known_is_not_understood(text: str) -> None:
    with pytest.raises(NotUnderstood):
        read_body(text)


def test_words_in_strings_and_comments_are_not_statements() -> None:
    body = read_body("BEGIN RETURN $q$ insert into t; $q$ || E'\\'; delete' /* update t; /* nested */ */; END")
    assert body.refusals == []
    assert len(body.expressions) == 1
