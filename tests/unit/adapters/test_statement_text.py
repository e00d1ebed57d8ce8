"""Where a statement ends: strings, names and comments may hold semicolons."""

from __future__ import annotations

import pytest

from pgwarden.adapters.postgres.statement_text import without_terminator


@pytest.mark.parametrize(
    ("sql", "kept"),
    [
        ("select 1", "select 1"),
        ("select 1;", "select 1"),
        ("select 1 ; -- a; b", "select 1 "),
        ("select ';';", "select ';'"),
        ("select 'it''s;';", "select 'it''s;'"),
        (r"select e'\';';", r"select e'\';'"),
        (r"select '\';", r"select '\'"),
        (r"select name'\';", r"select name'\'"),
        ('select 1 as "a;""b";', 'select 1 as "a;""b"'),
        ("select $$;$$;", "select $$;$$"),
        ("select $a$;$$;$a$;", "select $a$;$$;$a$"),
        ("select a$b$ from t$b$;", "select a$b$ from t$b$"),
        ("select $1;", "select $1"),
        ("select 1 /* ; /* ; */ ; */ + 1;", "select 1 /* ; /* ; */ ; */ + 1"),
        ("select 1 -- ;\n + 1;", "select 1 -- ;\n + 1"),
        ("select 1 /* ; */", "select 1 /* ; */"),
    ],
)
def test_the_text_up_to_its_semicolon(sql: str, kept: str) -> None:
    assert without_terminator(sql) == kept
