"""What is going on, in one line of a terminal's standard error that is gone when the work is done."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pgwarden.cli.render import one_line

ERASE = "\r\x1b[2K"

Tell = Callable[[str], None]
"""Takes what is happening now; each call replaces the line before."""


@contextmanager
def working() -> Iterator[Tell]:
    """A line that tells the work at hand while the block runs; nothing where standard error is no terminal."""
    stream = sys.stderr
    if not stream.isatty() or os.environ.get("TERM") == "dumb":
        yield lambda _what: None
        return

    def tell(what: str) -> None:
        width = shutil.get_terminal_size().columns
        stream.write(ERASE + f"{one_line(what)} …"[: width - 1])
        stream.flush()

    try:
        yield tell
    finally:
        stream.write(ERASE)
        stream.flush()
