"""Values stand beside their own columns."""

from __future__ import annotations

from tests.support.catalogs import catalog, table
from tests.unit.context.test_grounding import seen

from pgwarden.context.ground import Ground
from pgwarden.context.swaps import crossed_doubts, misplaced_doubts
from pgwarden.domain.value_index import SampledValues
from pgwarden.sql.claims import claims_of

PEOPLE, PARCELS = 1, 2
PLACE = catalog(
    table(PEOPLE, "people", ["id integer", "first_name text", "surname text", "note text"]),
    table(PARCELS, "parcels", ["id integer", "weight numeric", "price numeric", "town text"]),
)
VALUES = SampledValues(
    {
        (PEOPLE, 2): ["Ann", "Bob", *(f"given {n}" for n in range(150))],
        (PEOPLE, 3): ["Smith", "Jones", *(f"family {n}" for n in range(150))],
        (PARCELS, 4): ["Smith", "Ulm"],
    }
)


def misplaced(sql: str) -> list[str]:
    return [doubt.words for doubt in misplaced_doubts(claims_of(sql, PLACE), Ground(seen(""), PLACE, VALUES))]


def crossed(text: str, where: str) -> list[str]:
    claims = claims_of(f"select id from parcels where {where}", PLACE)
    return [doubt.words for doubt in crossed_doubts(claims, text, Ground(seen(text), PLACE, VALUES))]


def test_two_texts_that_changed_columns_are_doubted() -> None:
    assert misplaced("select id from people where first_name = 'Ann' and surname = 'Smith'") == []
    assert misplaced("select id from people where first_name = 'Smith' and surname = 'Ann'") == [
        "“Smith” is a known surname, and no known first_name",
        "“Ann” is a known first_name, and no known surname",
    ]


def test_a_text_that_only_an_unrelated_column_holds_or_whose_own_is_not_known_is_not_doubted() -> None:
    assert misplaced("select id from people where first_name = 'Ulm'") == [], "parcels are not in the statement"
    assert misplaced("select id from people where note = 'Smith'") == [], "nothing is known of notes"
    assert misplaced("select id from people where first_name = 'Zoe'") == [], "a sample does not hold everything"


def test_numbers_that_changed_columns_are_doubted() -> None:
    text = "parcels with a weight over 20 and a price over 100"
    assert crossed(text, "weight > 20 and price > 100") == []
    assert crossed(text, "weight > 100 and price > 20") == [
        "the SQL compares weight with 100 and price with 20; the question says it the other way round"
    ]
    assert crossed("price over 100 and weight over 20", "weight > 20 and price > 100") == []
    assert crossed("weight and price over 20 and 100", "weight > 100 and price > 20") == [], "who is whose is not said"
