"""Every error that a user can meet is documented, once, under its own code."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from pgwarden.domain import errors
from pgwarden.domain.errors import PgwardenError

DOCS = Path(__file__).parents[2] / "docs" / "errors.md"


def tree(root: type[PgwardenError] = PgwardenError) -> list[type[PgwardenError]]:
    """The classes below ``root`` that domain/errors.py defines."""
    below = [error for child in root.__subclasses__() for error in (child, *tree(child))]
    return [error for error in dict.fromkeys(below) if error.__module__ == errors.__name__]


def sections() -> dict[str, str]:
    """The text under each heading ``### PGW… Name`` of the docs, by that heading."""
    _, *parts = re.split(r"^### (PGW\d{3} \w+)$", DOCS.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return dict(zip(parts[::2], parts[1::2], strict=True))


def heading(error: type[PgwardenError]) -> str:
    return f"{error.code} {error.__name__}"


@pytest.mark.parametrize("error", tree(), ids=heading)
def test_every_error_is_documented(error: type[PgwardenError]) -> None:
    text = sections().get(heading(error), "")
    assert error.__doc__, f"{error.__name__} has no message: its docstring is what users read"
    message = " ".join(error.__doc__.split())
    assert message in " ".join(text.split()), f"docs/errors.md, ### {heading(error)}: say “{message}”"
    assert f"Exit status {error.exit_status}." in text, f"docs/errors.md, ### {heading(error)}: the exit status"
    assert "What to do:" in text, f"docs/errors.md, ### {heading(error)}: what to do"


def test_no_documented_error_is_gone() -> None:
    assert set(sections()) == {heading(error) for error in tree()}


def test_codes_are_unique_and_well_formed() -> None:
    codes = Counter([PgwardenError.code, *(error.code for error in tree())])
    assert [code for code, count in codes.items() if count > 1] == []
    assert all(re.fullmatch(r"PGW\d{3}", code) for code in codes)


def test_an_error_shows_its_parts_and_leaves_out_empty_ones() -> None:
    error = errors.UnknownDatabase("No database 'x' is registered.", next_step="Add it.")
    assert error.to_dict() == {"code": "PGW010", "error": "No database 'x' is registered.", "next": "Add it."}
