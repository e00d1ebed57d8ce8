"""What a plan tells about a query before it runs."""

from __future__ import annotations

from typing import Any

from pgwarden.domain.validation import validation_of


def scan(name: str, rows: float) -> dict[str, Any]:
    return {"Node Type": "Seq Scan", "Relation Name": name, "Plan Rows": rows, "Total Cost": rows}


def plan(top: dict[str, Any], *children: dict[str, Any]) -> dict[str, Any]:
    return {"Plan": {**top, "Plans": list(children)}}


def test_a_join_of_everything_with_everything_is_told() -> None:
    both = {"Node Type": "Nested Loop", "Plan Rows": 4e6, "Total Cost": 5e4}
    found = validation_of(plan(both, scan("a", 2000), {"Node Type": "Materialize",
        "Plan Rows": 2000, "Plans": [scan("b", 2000)]}), shown=100)  # fmt: skip
    assert [words for words in found.warnings if "every row of a and b" in words and "4,000,000 pairs" in words]
    joined = validation_of(plan({**both, "Join Filter": "(a.x = b.x)"}, scan("a", 2000), scan("b", 2000)), shown=100)
    looked_up = validation_of(plan({**both, "Plan Rows": 2000}, scan("a", 2000), scan("b", 1)), shown=100)
    assert (joined.warnings, looked_up.warnings) == ((), ())


def test_absurd_numbers_are_told() -> None:
    found = validation_of({"Plan": scan("a", 3e9)}, shown=1000)
    assert "3,000,000,000 rows, of which 1,000" in found.warnings[0]
    assert "expensive" in found.warnings[1]
    usual = validation_of({"Plan": scan("a", 20)}, shown=1000)
    assert (usual.warnings, usual.words()) == ((), "about 20 rows, cost 20")
    assert validation_of({}, shown=1).words() == "planned"
