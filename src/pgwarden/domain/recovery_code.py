"""Recovery codes: what stands in for a second factor that is not at hand. Ten of them, each taken once.

They are digits alone, so that every field for a code of the app takes them too, by a phone's number pad as well. Only a
hash of each is kept, keyed with the secret of the second factor: without that secret, which lies sealed, nobody can try
codes against a stolen database, and the codes end with the factor that they belong to.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable

COUNT = 10
DIGITS, GROUP = 20, 5
POSSIBLE: int = 10**DIGITS
"""A code is one number of so many: 66 random bits, where NIST SP 800-63B asks for 64."""
LONGEST = 40
"""Characters of a code that a door takes: room for blanks around and within it."""
_PURPOSE = b"pgwarden recovery code "
"""Keeps these hashes apart from whatever else the secret is a key for."""


def written_code(number: int) -> str:
    """A code as people write it down, e.g. ``12345-67890-12345-67890``."""
    digits = f"{number:0{DIGITS}}"
    return "-".join(digits[start : start + GROUP] for start in range(0, DIGITS, GROUP))


def code_hash(secret: bytes, code: str) -> str:
    """HMAC-SHA256 (hex) of a code, however it was spaced, under the secret of the second factor."""
    plain = code.replace(" ", "").replace("-", "")
    return hmac.new(secret, _PURPOSE + plain.encode(), hashlib.sha256).hexdigest()


def matching_hash(secret: bytes, code: str, hashes: Iterable[str]) -> str:
    """Which of the hashes is that of the code; '' for none. Takes as long in any case."""
    given, found = code_hash(secret, code), ""
    for each in hashes:
        if hmac.compare_digest(each, given):
            found = each
    return found
