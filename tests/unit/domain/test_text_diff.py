"""What differs between two texts."""

from __future__ import annotations

from pgwarden.domain.text_diff import DiffLine, Side, text_diff


def test_equal_texts_differ_in_nothing() -> None:
    assert text_diff("a\nb", "a\nb\n") == ()


def test_lines_say_which_side_they_stand_on() -> None:
    assert text_diff("a\n-- b\nc", "a\n++ b\nc") == (
        DiffLine(Side.PLACE, "@@ -1,3 +1,3 @@"),
        DiffLine(Side.BOTH, "a"),
        DiffLine(Side.BEFORE, "-- b"),
        DiffLine(Side.AFTER, "++ b"),
        DiffLine(Side.BOTH, "c"),
    )
