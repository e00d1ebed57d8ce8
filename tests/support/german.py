"""Some German, as a second lexicon for the built-in engine: ``german.toml``, and not a line of code."""

from __future__ import annotations

from pathlib import Path

from pgwarden.language.translation import Lexicon

GERMAN = Lexicon.load(Path(__file__).with_suffix(".toml"))
