"""How whoever decides proves anew who they are, where nobody can be asked at a terminal."""

from __future__ import annotations

import subprocess
import sys


def test_that_a_line_is_read_from_standard_input_is_said() -> None:
    """Without the words a caller only sees a command that hangs."""
    code = "from pgwarden.cli.proof import _given; print(repr(_given('Your password, again')))"
    ran = subprocess.run(
        [sys.executable, "-c", code], input="one two\nmore\n", capture_output=True, text=True, check=True
    )
    assert ran.stdout == "'one two'\n"
    assert ran.stderr == "Your password, again is read from standard input, which is no terminal: one line.\n"
