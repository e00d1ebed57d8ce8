"""What a changing CTE returns, asked without changing anything."""

from __future__ import annotations

import pytest

from pgwarden.sql.conditions import change_set

READ = "delete from q where v in (select v from one)"


def with_one(change: str) -> tuple[str, bool]:
    """The WITH clause by which the rest is counted, and whether its rows are known."""
    found = change_set(f"with one as ({change}) {READ}")
    return found.changes[-1].ctes, not found.doubts


@pytest.mark.parametrize(
    ("change", "asked"),
    [
        ("delete from r where k = 1 returning v", "select v from r where k = 1"),
        ("delete from r a where k = 1 returning old.v", "select a.v from r a where k = 1"),
        ("update r set w = 2 where k = 1 returning v, old.k", "select v, r.k from r where k = 1"),
        ('update "R" set w = 2 returning with (old as o) o.v', 'select "R".v from "R"'),
    ],
)
def test_rows_that_stand_tell(change: str, asked: str) -> None:
    assert with_one(change) == (f"with one as ({asked})", True)


@pytest.mark.parametrize(
    ("change", "asked"),
    [
        ("update r set v = 8 where k = 1 returning v", "select v from r where false"),
        (
            "update r a set v = 0 from b returning a.v, b.k, new.v x",
            "select a.v, b.k, a.v as x from r a, b where false",
        ),
        ("insert into r (v) values (1) returning v, *", "select v, * from r where false"),
        ("delete from r returning with (new as n) n.v", "select r.v from r where false"),
        (
            "merge into r using s on r.k = s.k when matched then delete returning merge_action(), r.v",
            'select null::pg_catalog.text as "merge_action", r.v from r, s where false',
        ),
    ],
)
def test_what_only_the_change_knows_has_its_types_and_no_rows(change: str, asked: str) -> None:
    found, known = with_one(change)
    assert (found.lower(), known) == (f"with one as ({asked})", False)
