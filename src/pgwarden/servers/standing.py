"""What a server does once, when all that it stands on is there."""

from __future__ import annotations

import gc


def settle() -> None:
    """Keep what was made so far out of the collector's sight: it stays, and is large.

    A result of 1,000 rows makes enough objects for the collector to walk through everything, several times a call,
    which costs more than the call.
    """
    gc.collect()
    gc.freeze()
