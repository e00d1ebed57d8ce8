"""Names cut short: whether one word is how a schema abbreviates another (payment: pymt, segment: seg)."""

from __future__ import annotations

from functools import lru_cache

from pgwarden.language.lexicon import ENGLISH, FILLER, RELATION_VERBS
from pgwarden.language.synonyms import ABBREVIATIONS, SYNONYMS

_VOWELS = frozenset("aeiou")


def is_word(name: str) -> bool:
    """Whether a name's part is a word of its own, or a short form that the lists know: neither is guessed at."""
    return name in ENGLISH or name in SYNONYMS or name in FILLER or name in RELATION_VERBS or name in ABBREVIATIONS


@lru_cache(maxsize=50_000)
def abbreviates(short: str, word: str) -> bool:
    """A beginning of three letters or more, or the consonants up to the last one (or the one before it), none of
    them out of order."""
    if len(short) >= len(word) or short[0] != word[0]:
        return False
    if len(short) >= 3 and word.startswith(short):
        return len(word) - len(short) >= 2
    consonants = [c for c in word if c not in _VOWELS]
    if len(short) >= 3 and list(short) == consonants[:-1]:
        return True  # drv for driver
    if not consonants or short[-1] != consonants[-1] or any(c in _VOWELS for c in short[1:]):
        return False
    rest = iter(word)
    return all(c in rest for c in short) and 2 * len(short) > len(consonants)
