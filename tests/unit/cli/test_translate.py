from __future__ import annotations

import pytest

from pgwarden.cli.translate import Asked, asked_question
from pgwarden.domain.errors import InputInvalid


def test_a_line_may_say_little_or_much() -> None:
    assert asked_question('{"question": "q"}', 7) == Asked(7, "q", "", ())
    glossary = (("vip", "gold tier"),)
    for given in ('{"vip": "gold tier"}', '[["vip", "gold tier"]]'):
        line = f'{{"id": null, "question": "q", "instructions": "i", "glossary": {given}}}'
        assert asked_question(line, 1) == Asked(None, "q", "i", glossary)


@pytest.mark.parametrize(
    "line",
    [
        "not json",
        "[" * 100_000,
        "1" * 10_000,
        "[]",
        '{"question": 3}',
        '{"question": "q", "instructions": 3}',
        '{"question": "q", "glossary": [["a"]]}',
        '{"question": "q", "glossary": "ab"}',
        '{"question": "q", "glossary": {"a": null}}',
    ],
)
def test_what_is_no_question_is_told_with_its_line(line: str) -> None:
    with pytest.raises(InputInvalid, match="Line 4"):
        asked_question(line, 4)
