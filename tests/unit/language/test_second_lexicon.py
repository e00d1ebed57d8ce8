"""The same grammar in another language: a table of words is all that it takes."""

from __future__ import annotations

import pytest
from tests.support.catalogs import catalog, table
from tests.support.german import GERMAN

from pgwarden.domain.question import Question
from pgwarden.domain.value_index import SampledValues
from pgwarden.language.engine import BuiltInEngine

KUNDEN, ARTIKEL, BESTELLUNGEN = 1, 2, 3
CATALOG = catalog(
    table(KUNDEN, "kunden", ["id integer", "name text", "stadt text", "alter integer"]),
    table(ARTIKEL, "artikel", ["id integer", "bezeichnung text", "farbe text", "preis numeric"]),
    table(
        BESTELLUNGEN,
        "bestellungen",
        ["id integer", "kunden_id integer", "artikel_id integer", "datum date", "betrag numeric"],
        references=[(2, KUNDEN), (3, ARTIKEL)],
    ),
)
VALUES = SampledValues({(KUNDEN, 3): ("Bonn", "Köln"), (ARTIKEL, 3): ("blau", "rot")})
CASES = {
    "Wie viele Kunden gibt es?": "SELECT count(*) AS kunden_count FROM kunden",
    "Zeige die Namen der Kunden aus Bonn": "SELECT name FROM kunden WHERE stadt = 'Bonn'",
    "Welche Kunden sind nicht aus Köln?": "SELECT name FROM kunden WHERE stadt <> 'Köln'",
    "Was ist der durchschnittliche Preis der Artikel?": "SELECT avg(preis) AS avg_preis FROM artikel",
    "Welche Artikel haben einen Preis über 20?": "SELECT id FROM artikel WHERE preis > 20",
    "Anzahl der Kunden pro Stadt": "SELECT stadt, count(*) AS kunden_count FROM kunden GROUP BY stadt",
    "Welche Stadt hat die meisten Kunden?": "SELECT stadt FROM kunden GROUP BY stadt"
    " ORDER BY count(*) DESC NULLS LAST LIMIT 1",
    "Welche Kunden haben mindestens zwei Bestellungen?": "SELECT k.name FROM kunden k WHERE k.id IN"
    " (SELECT b.kunden_id FROM bestellungen b GROUP BY b.kunden_id HAVING count(*) >= 2)",
    "Kunden ohne Bestellungen": "SELECT k.name FROM kunden k WHERE NOT EXISTS"
    " (SELECT 1 FROM bestellungen b WHERE b.kunden_id = k.id)",
    "Zeige die Artikel sortiert nach Preis absteigend": "SELECT id, preis FROM artikel ORDER BY preis DESC NULLS LAST",
    "Wie viele Bestellungen gab es im letzten Monat?": "SELECT count(*) AS bestellungen_count FROM bestellungen"
    " WHERE datum >= date_trunc('month', current_date) - interval '1 month'"
    " AND datum < date_trunc('month', current_date)",
    "Artikel mit einem Preis zwischen 5 und 10": "SELECT id FROM artikel WHERE (preis >= 5 AND preis <= 10)",
}


@pytest.mark.parametrize("question", CASES)
def test_a_german_question(question: str) -> None:
    found = BuiltInEngine(lexicon=GERMAN).read(Question(question), CATALOG, VALUES)
    assert " ".join((found.sql or "").split()) == CASES[question], found.clarification


def test_without_the_lexicon_german_is_not_guessed_at() -> None:
    assert BuiltInEngine().read(Question("Welche Kunden sind nicht aus Köln?"), CATALOG, VALUES).sql is None


def test_what_the_database_does_not_hold_is_refused_in_any_language() -> None:
    assert BuiltInEngine(lexicon=GERMAN).read(Question("Wie viele Fahrräder gibt es?"), CATALOG, VALUES).sql is None


def test_a_quoted_value_is_never_translated() -> None:
    found = BuiltInEngine(lexicon=GERMAN).read(Question("Kunden mit dem Namen 'und'"), CATALOG, VALUES)
    assert "'and'" not in str(found)
