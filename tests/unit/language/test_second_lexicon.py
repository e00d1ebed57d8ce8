"""The same grammar in another language: a file of words is all that it takes."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.catalogs import catalog, table
from tests.support.german import GERMAN

from pgwarden.domain.question import Question
from pgwarden.domain.value_index import SampledValues
from pgwarden.language.engine import BuiltInEngine
from pgwarden.language.tokens import tokenize
from pgwarden.language.translation import ENGLISH, Lexicon

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
    "Die 3 teuersten Artikel": "SELECT id FROM artikel ORDER BY preis DESC NULLS LAST LIMIT 3",
    "Top 3 Artikel nach Preis": "SELECT id, preis FROM artikel ORDER BY preis DESC NULLS LAST LIMIT 3",
    "Wer ist der älteste Kunde?": "SELECT name FROM kunden ORDER BY alter DESC NULLS LAST LIMIT 1",
    "Welche Kunden haben nie eine Bestellung?": "SELECT k.name FROM kunden k WHERE NOT EXISTS"
    " (SELECT 1 FROM bestellungen b WHERE b.kunden_id = k.id)",
    "Wie viele Bestellungen gab es im Mai 2024?": "SELECT count(*) AS bestellungen_count FROM bestellungen"
    " WHERE datum >= DATE '2024-05-01' AND datum < DATE '2024-06-01'",
    "Welche Artikel sind teurer als 20?": "SELECT id FROM artikel WHERE preis > 20",
    "Welche Kunden sind älter als der Durchschnitt?": "SELECT name FROM kunden WHERE alter >"
    " (SELECT avg(k.alter) AS avg_alter FROM kunden k)",
    "Summe der Beträge pro Kunde": "SELECT k.name, sum(b.betrag) AS total_betrag FROM kunden k"
    " JOIN bestellungen b ON b.kunden_id = k.id GROUP BY k.name, k.id",
    "Anzahl der Bestellungen pro Monat": "SELECT date_trunc('month', datum) AS month, count(*) AS bestellungen_count"
    " FROM bestellungen GROUP BY date_trunc('month', datum) ORDER BY month",
    "Wie viel Prozent der Kunden sind aus Bonn?": "SELECT 100 * (count(*) FILTER (WHERE stadt = 'Bonn'))::numeric"
    " / NULLIF(count(*), 0) AS percentage FROM kunden",
    "Zeige rote Artikel": "SELECT id FROM artikel WHERE farbe = 'rot'",
    "Wie viele verschiedene Städte haben die Kunden?": "SELECT count(DISTINCT stadt) AS count_stadt FROM kunden",
}


@pytest.mark.parametrize("question", CASES)
def test_a_german_question(question: str) -> None:
    found = BuiltInEngine(lexicon=GERMAN).read(Question(question), CATALOG, VALUES)
    assert " ".join((found.sql or "").split()) == CASES[question], found.clarification


def test_a_lexicon_is_a_file_of_data(tmp_path: Path) -> None:
    file = tmp_path / "nl.toml"
    file.write_text(
        'language = "nl"\nendings = ["en"]\n[asking]\n"hoeveel" = "how many"\n"zijn er" = "are there"\n'
        '[things]\n"klant" = "customer"\n',
        "utf-8",
    )
    dutch = Lexicon.load(file)
    assert (dutch.language, dutch.meanings(["klanten", "prijs"])) == ("nl", {"klanten": "customer"})
    shop = catalog(table(1, "klanten", ["id integer", "naam text"]))
    found = BuiltInEngine(lexicon=dutch).read(Question("Hoeveel klanten zijn er?"), shop, SampledValues({}))
    assert " ".join((found.sql or "").split()) == "SELECT count(*) AS klanten_count FROM klanten"


def test_names_are_known_in_every_case_and_number() -> None:
    stems = GERMAN.stems(["betrag", "kunden", "stadt"])
    said = GERMAN.translate(tokenize("Beträge des Kunden: Städte"), stems)
    assert [t.lower for t in said] == ["betrag", "the", "kunden", ":", "stadt"]


def test_english_needs_none_of_it() -> None:
    tokens = tokenize("How many red bikes are there?")
    assert ENGLISH.translate(tokens, {"bik": "bike"}) is tokens
    assert ENGLISH.stems(["bikes"]) == {}
    assert ENGLISH.meanings(["bikes"]) == {}


def test_without_the_lexicon_german_is_not_guessed_at() -> None:
    assert BuiltInEngine().read(Question("Welche Kunden sind nicht aus Köln?"), CATALOG, VALUES).sql is None


def test_what_the_database_does_not_hold_is_refused_in_any_language() -> None:
    assert BuiltInEngine(lexicon=GERMAN).read(Question("Wie viele Fahrräder gibt es?"), CATALOG, VALUES).sql is None


def test_a_quoted_value_is_never_translated() -> None:
    found = BuiltInEngine(lexicon=GERMAN).read(Question("Kunden mit dem Namen 'und'"), CATALOG, VALUES)
    assert "'and'" not in str(found)
