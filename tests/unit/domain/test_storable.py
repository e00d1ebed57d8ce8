from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pgwarden.domain.errors import InputInvalid
from pgwarden.domain.feedback import Feedback
from pgwarden.domain.glossary import Term
from pgwarden.domain.schema_history import SchemaVersion
from pgwarden.domain.session import LONGEST_QUESTION, Session, Turn

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
NAIVE = NOON.replace(tzinfo=None)


@pytest.mark.parametrize("question", ["\x00", "how \udcff many", "a" * (LONGEST_QUESTION + 1)])
def test_text_that_cannot_be_given_back_is_refused(question: str) -> None:
    with pytest.raises(InputInvalid) as caught:
        Turn("t1", NOON, "shop", question, None)
    assert caught.value.not_done == "Nothing was stored."
    with pytest.raises(InputInvalid):
        Feedback("t1", "ana", "shop", question, None, right=True, at=NOON)


@pytest.mark.parametrize("question", ["", "wie viele Straßen? 🛣\n\t\x01", "a" * LONGEST_QUESTION])
def test_any_other_text_is_taken(question: str) -> None:
    assert Turn("t1", NOON, "shop", question, None).question == question


def test_a_moment_without_time_zone_is_refused() -> None:
    for make in (
        lambda: Session("s", "ana", "shop", NAIVE, NOON),
        lambda: Session("s", "ana", "shop", NOON, NAIVE),
        lambda: Turn("t", NAIVE, "shop", "?", None),
        lambda: Feedback("t", "ana", "shop", "?", None, right=True, at=NAIVE),
        lambda: Term("a", "b", "ana", NAIVE),
        lambda: SchemaVersion("v", NAIVE, {}),
    ):
        with pytest.raises(ValueError, match="time zone"):
            make()


@pytest.mark.parametrize(("term", "meaning"), [("", "x"), (" \t", "x"), ("x", " "), ("a\x00", "x")])
def test_a_glossary_entry_needs_both_parts(term: str, meaning: str) -> None:
    with pytest.raises(InputInvalid):
        Term(term, meaning, "ana", NOON)
