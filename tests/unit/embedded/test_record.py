from __future__ import annotations

import stat
from pathlib import Path

import pytest

from pgwarden.adapters.embedded.record import Record, load, save
from pgwarden.domain.errors import EmbeddedServerError


def test_what_is_saved_comes_back_and_is_closed_to_others(tmp_path: Path) -> None:
    path = tmp_path / "server.json"
    assert load(path) is None
    record = Record(port=5433, keep=True)
    save(path, record)
    assert load(path) == record
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_passwords_do_not_show() -> None:
    record = Record()
    assert record.passwords["postgres"] not in repr(record)
    assert Record().passwords != record.passwords


@pytest.mark.parametrize("content", ["", "{", "[]", '{"colour": "red"}'])
def test_a_damaged_record_is_never_guessed_at(tmp_path: Path, content: str) -> None:
    path = tmp_path / "server.json"
    path.write_text(content)
    with pytest.raises(EmbeddedServerError, match="damaged"):
        load(path)
