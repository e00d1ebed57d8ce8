"""Some German, as a second lexicon for the built-in engine."""

from __future__ import annotations

from pgwarden.language.translation import Lexicon

GERMAN = Lexicon(
    "de",
    {
        "wie viele": "how many", "wieviele": "how many", "anzahl der": "number of", "welche": "which",
        "welcher": "which", "welches": "which", "was ist": "what is", "wer ist": "who is", "zeige": "show",
        "zeige mir": "show me", "liste": "list", "der": "the", "die": "the", "das": "the", "den": "the", "dem": "the",
        "des": "the", "ein": "a", "eine": "a", "einen": "a", "einem": "a", "namen": "names",
        "alle": "all", "von": "of", "aus": "from", "in": "in",
        "mit": "with", "ohne": "without", "und": "and", "oder": "or", "nicht": "not", "sind": "are", "ist": "is",
        "gibt es": "are there", "gab es": "were there", "hat": "has", "haben": "have",
        "pro": "per", "je": "per", "nach": "by",
        "mehr als": "more than", "weniger als": "less than", "mindestens": "at least", "höchstens": "at most",
        "über": "above", "unter": "below", "zwischen": "between", "durchschnittliche": "average",
        "durchschnittlichen": "average", "höchste": "highest", "niedrigste": "lowest", "teuerste": "most expensive",
        "die meisten": "the most", "die wenigsten": "the fewest", "sortiert nach": "ordered by",
        "absteigend": "descending", "aufsteigend": "ascending", "verschiedene": "different", "monat": "month",
        "jahr": "year", "letzten monat": "last month", "im letzten monat": "last month", "seit": "since",
        "vor": "before", "summe der": "sum of", "zwei": "two", "drei": "three", "fünf": "five", "jeder": "each",
        "jede": "each", "deren": "whose",
    },
)  # fmt: skip
