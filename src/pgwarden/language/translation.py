"""A second language: its words for what the grammar knows, put in place of them before a question is read.

The grammar's own vocabulary is English. Another language comes as a table of words and phrases (a ``Lexicon``); names
of tables, columns and values are left as they are, for the schema speaks the users' language already. It goes as far
as the order of the words allows: questions, counts, filters, order, groups, extremes, negation and periods of
languages built like English. Separable verbs and case endings of the schema's own names are not undone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from pgwarden.language.lexicon import NUMBER_WORDS
from pgwarden.language.morphology import lemma
from pgwarden.language.tokens import Kind, Token


@dataclass(frozen=True, slots=True)
class Lexicon:
    """``phrases``: lower-case words of a language, separated by blanks → the grammar's words; '' drops them."""

    language: str = "en"
    phrases: Mapping[str, str] = field(default_factory=dict)

    def translate(self, tokens: tuple[Token, ...]) -> tuple[Token, ...]:
        """The longest phrases first, from left to right; quoted texts and numbers are never touched."""
        if not self.phrases:
            return tokens
        longest = max(phrase.count(" ") + 1 for phrase in self.phrases)
        result: list[Token] = []
        position = 0
        while position < len(tokens):
            for length in range(min(longest, len(tokens) - position), 0, -1):
                said = tokens[position : position + length]
                phrase = " ".join(t.lower for t in said)
                if phrase in self.phrases and all(t.kind is Kind.WORD for t in said):
                    result += _words(self.phrases[phrase], said)
                    position += length
                    break
            else:
                result.append(tokens[position])
                position += 1
        return tuple(result)


def _words(text: str, said: tuple[Token, ...]) -> list[Token]:
    """The grammar's words, standing where the phrase stood."""
    first = replace(said[0], end=said[-1].end)
    return [
        replace(first, text=w, lower=w, lemma=str(NUMBER_WORDS[w]), kind=Kind.NUMBER, value=str(NUMBER_WORDS[w]))
        if w in NUMBER_WORDS and w != "one"
        else replace(first, text=w, lower=w, lemma=lemma(w), kind=Kind.WORD, value="")
        for w in text.split()
    ]


ENGLISH = Lexicon()
