"""Named queries, for the version of the server that is asked."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

from pgwarden.adapters.postgres.sqlfile import named_queries


def test_lines_of_other_versions_are_left_out() -> None:
    assert b"conenforced" in named_queries("catalog.sql", 18)["constraint_definitions"]
    assert b"conenforced" not in named_queries("catalog.sql", 17)["constraint_definitions"]
    assert b"confdelsetcols" in named_queries("catalog.sql", 15)["constraints"]
    assert b"confdelsetcols" not in named_queries("catalog.sql", 14)["constraints"]
    assert b"pg_publication_namespace" not in named_queries("catalog.sql", 14)["publications"]


@pytest.mark.parametrize("major", [14, 15, 16, 17, 18])
def test_nothing_but_one_statement_is_sent(major: int) -> None:
    for name, query in named_queries("catalog.sql", major).items():
        assert b"--" not in query, name
        assert b";" not in query, name
        assert query.lower().startswith((b"select", b"with")), name


def test_no_query_takes_more_than_it_says() -> None:
    """Every placeholder is one that the reader knows."""
    text = (files("pgwarden.adapters.postgres") / "queries" / "catalog.sql").read_text(encoding="utf-8")
    known = {"first", "last", "superuser", "relations", "functions", "types", "modifiers", "indexes"}
    assert set(re.findall(r"%\((\w+)\)s", text)) <= known
