from __future__ import annotations

from pathlib import Path

import pytest

from pgwarden.cli.door import read_text, write_file
from pgwarden.domain.errors import InputInvalid


def test_files_that_cannot_be_read_or_written_are_told(tmp_path: Path) -> None:
    latin = tmp_path / "latin.sql"
    latin.write_bytes("select 'é'".encode("latin-1"))
    with pytest.raises(InputInvalid, match="cannot be read") as told:
        read_text(None, latin)
    assert "UTF-8" in told.value.why
    with pytest.raises(InputInvalid, match="cannot be read"):
        read_text(None, tmp_path / "none")
    with pytest.raises(InputInvalid, match="cannot be written") as told:
        write_file(tmp_path / "none" / "x.svg", "<svg/>")
    assert told.value.next_step
