"""A second language: a file of its words for what the grammar knows, put in place before a question is read.

The grammar reads words by what they do in a question; English is what it calls them by. A ``Lexicon`` says which words
and phrases of another language do the same (``phrases``) and which endings its nouns and adjectives take
(``endings``), so that one entry serves all forms of an adjective and the schema's own names are known in the plural
and in every case. It is data: a TOML file, and no line of the grammar differs. Tables, columns and values keep their
names, for the schema speaks the users' language already.
"""

from __future__ import annotations

import tomllib
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from pgwarden.language.lexicon import NUMBER_WORDS
from pgwarden.language.morphology import lemma
from pgwarden.language.tokens import Kind, Token

_NONE: Mapping[str, str] = {}
STEM = 3
"""Letters that must be left of a word when its ending is cut off."""


@dataclass(frozen=True, slots=True)
class Lexicon:
    """``phrases``: lower-case words of a language, separated by blanks → the grammar's words; '' drops them."""

    language: str = "en"
    phrases: Mapping[str, str] = field(default_factory=dict)
    things: Mapping[str, str] = field(default_factory=dict)
    """What tables and columns of that language hold, in the grammar's words: ``preis`` → ``price``."""
    endings: tuple[str, ...] = ()
    """Inflections that nouns and adjectives take, e.g. ``en``, ``er``; a phrase's last word may stand without them."""

    @classmethod
    def load(cls, path: Path) -> Lexicon:
        """The lexicon of a TOML file: ``language``, ``endings``, ``things`` and tables of phrases by kind of word.

        Raises OSError, and ValueError (tomllib.TOMLDecodeError) for a file that is no such table.
        """
        found = tomllib.loads(path.read_text("utf-8"))
        things = found.pop("things", {})
        tables = (table for table in found.values() if isinstance(table, dict))
        phrases = {str(said): str(meant) for table in tables for said, meant in table.items()}
        return cls(str(found["language"]), phrases, things, tuple(map(str, found.get("endings", ()))))

    def meanings(self, names: Iterable[str]) -> Mapping[str, str]:
        """Of the words of a schema's names, those that the lexicon knows, and what the grammar calls them."""
        known = {self._stem(thing): meant for thing, meant in self.things.items()}
        found = ((name, known.get(self._stem(name))) for name in names)
        return {name: meant for name, meant in found if meant is not None} if known else {}

    def stems(self, names: Iterable[str]) -> Mapping[str, str]:
        """The words of a schema's names by what is left of them without endings; nothing where there are none."""
        return {self._stem(name): name for name in sorted(names)} if self.endings else {}

    def translate(self, tokens: tuple[Token, ...], stems: Mapping[str, str] = _NONE) -> tuple[Token, ...]:
        """The longest phrases first, from left to right; quoted texts and numbers are never touched.

        A word that is one of the schema's (``stems``) but for its ending becomes it.
        """
        if not self.phrases:
            return tokens
        longest = max(phrase.count(" ") + 1 for phrase in self.phrases)
        result: list[Token] = []
        position = 0
        while position < len(tokens):
            for length in range(min(longest, len(tokens) - position), 0, -1):
                said = tokens[position : position + length]
                meant = self._meant(said)
                if meant is not None:
                    result += _words(meant, said)
                    position += length
                    break
            else:
                result.append(self._named(tokens[position], stems))
                position += 1
        return tuple(result)

    def _meant(self, said: tuple[Token, ...]) -> str | None:
        """What a run of words stands for: as it is said, else without the ending of its last word."""
        if not all(t.kind is Kind.WORD for t in said):
            return None
        phrase = " ".join(t.lower for t in said)
        if phrase in self.phrases:
            return self.phrases[phrase]
        endings = sorted(self.endings, key=len, reverse=True)
        cut = (phrase.removesuffix(e) for e in endings if phrase.endswith(e))
        return next((self.phrases[p] for p in cut if p in self.phrases), None)

    def _named(self, token: Token, stems: Mapping[str, str]) -> Token:
        """A word as the schema's names hold it, when it differs from one of them in its ending alone."""
        name = stems.get(self._stem(token.lower)) if token.kind is Kind.WORD else None
        return replace(token, text=name, lower=name, lemma=name) if name and name != token.lower else token

    def _stem(self, word: str) -> str:
        """The word without accents and without the longest ending that leaves enough of it."""
        plain = "".join(c for c in unicodedata.normalize("NFD", word) if not unicodedata.combining(c))
        fitting = (e for e in self.endings if plain.endswith(e) and len(plain) - len(e) >= STEM)
        return plain.removesuffix(max(fitting, key=len, default=""))


def _words(text: str, said: tuple[Token, ...]) -> list[Token]:
    """The grammar's words, standing where the phrase stood."""
    first = replace(said[0], end=said[-1].end)
    return [
        replace(first, text=w, lower=w, lemma=str(NUMBER_WORDS[w]), kind=Kind.NUMBER, value=str(NUMBER_WORDS[w]))
        if w in NUMBER_WORDS and w != "one"
        else replace(first, text=w.title() if first.capital else w, lower=w, lemma=lemma(w), kind=Kind.WORD, value="")
        for w in text.split()
    ]


ENGLISH = Lexicon()
