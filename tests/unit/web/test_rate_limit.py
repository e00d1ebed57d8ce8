"""How often somebody may ask."""

from __future__ import annotations

import pytest

from pgwarden.domain.errors import TooManyAttempts
from pgwarden.web.problems import problem_response
from pgwarden.web.rate_limit import MOST_KEYS, RateLimit


def test_so_many_at_once_and_then_as_many_as_come_back() -> None:
    now = [1000.0]
    limit = RateLimit(3, "requests", clock=lambda: now[0])
    for _ in range(3):
        limit.take("ana")
    for _ in range(2):  # a refused one does not count
        with pytest.raises(TooManyAttempts) as refused:
            limit.take("ana")
        assert refused.value.retry_after == 20
    limit.take("max")
    now[0] += 19.5
    with pytest.raises(TooManyAttempts) as refused:
        limit.take("ana")
    assert refused.value.retry_after == 1
    now[0] += 0.5
    limit.take("ana")
    with pytest.raises(TooManyAttempts):
        limit.take("ana")
    now[0] += 3600
    for _ in range(3):
        limit.take("ana")
    with pytest.raises(TooManyAttempts):
        limit.take("ana")


def test_zero_is_any_number() -> None:
    limit = RateLimit(0, "requests")
    for _ in range(10_000):
        limit.take("ana")


def test_what_is_remembered_is_bounded() -> None:
    limit = RateLimit(1, "requests", clock=lambda: 0.0)
    for number in range(MOST_KEYS + 1):
        limit.take(f"{number}")
    limit.take("0")  # forgotten
    with pytest.raises(TooManyAttempts):
        limit.take(f"{MOST_KEYS}")


def test_the_answer_says_when_to_come_back() -> None:
    limit = RateLimit(1, "questions", clock=lambda: 0.0)
    limit.take("ana")
    with pytest.raises(TooManyAttempts) as refused:
        limit.take("ana")
    answer = problem_response(refused.value)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "60")
    assert answer.media_type == "application/problem+json"
