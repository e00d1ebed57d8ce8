"""A polite request to end becomes an orderly end: what is open is closed, the last user stops the server."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType
from typing import NoReturn

POLITE = (signal.SIGTERM, signal.SIGHUP)


@contextlib.contextmanager
def orderly_end() -> Iterator[None]:
    """Within it, SIGTERM and SIGHUP raise SystemExit(128 + number), as Ctrl-C raises KeyboardInterrupt.

    Only for the main thread of a program. A signal that was ignored (nohup) stays ignored.
    """
    before = {number: signal.getsignal(number) for number in POLITE}
    try:
        for number, handler in before.items():
            if handler is signal.SIG_DFL:
                signal.signal(number, _leave)
        yield
    finally:
        for number, handler in before.items():
            if handler is signal.SIG_DFL:
                signal.signal(number, handler)


def _leave(number: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(128 + number)
