"""When two questions are alike, and when what was taught is left out."""

from __future__ import annotations

from datetime import UTC, datetime

from pgwarden.domain.feedback import Example, Lesson, alike


def test_two_questions_of_the_same_words_in_another_order_are_alike() -> None:
    assert alike("open orders by month", "orders by month, open".replace(",", ""))
    assert not alike("open orders", "closed bills")


def test_a_lesson_can_be_had_without_the_question_itself() -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    own, other = Example("How many?", "select 1", "ann", at), Example("how few?", "select 2", "ann", at)
    lesson = Lesson(own, frozenset({"select 3"}), (own, other)).without("how many")
    assert lesson == Lesson(None, frozenset({"select 3"}), (other,))
