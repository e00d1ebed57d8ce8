"""Orders that name no column or no value: found in the table when one fits, else asked back."""

from __future__ import annotations

import pytest
from tests.support.catalogs import catalog, table

from pgwarden.domain.question import Question, Reading
from pgwarden.domain.value_index import SampledValues
from pgwarden.language.engine import BuiltInEngine

TEAMS, PEOPLE, JOBS = 1, 2, 3
CATALOG = catalog(
    table(TEAMS, "teams", ["id integer", "name text"]),
    table(
        PEOPLE,
        "employees",
        ["id integer", "name text", "salary numeric", "is_active boolean", "team_id integer", "phone text"],
        references=[(5, TEAMS)],
    ),
    table(
        JOBS,
        "jobs",
        ["id integer", "title text", "status text", "approved boolean", "price numeric", "employee_id integer"],
        references=[(6, PEOPLE)],
    ),
)
VALUES = SampledValues(
    {(TEAMS, 2): ("Sales", "Stores"), (JOBS, 3): ("open", "cancelled", "shipped"), (PEOPLE, 2): ("Ann Lee",)}
)
ENGINE = BuiltInEngine()

GROUNDED = {
    "cancel job 17": "UPDATE jobs SET status = 'cancelled' WHERE id = 17",
    "cancel all open jobs": "UPDATE jobs SET status = 'cancelled' WHERE status = 'open'",
    "approve job 3": "UPDATE jobs SET approved = true WHERE id = 3",
    "mark job 3 as not approved": "UPDATE jobs SET approved = false WHERE id = 3",
    "mark job 3 as shipped": "UPDATE jobs SET status = 'shipped' WHERE id = 3",
    "deactivate employee 4": "UPDATE employees SET is_active = false WHERE id = 4",
    "double the price of job 3": "UPDATE jobs SET price = price * 2 WHERE id = 3",
    "clear the phone of employee 4": "UPDATE employees SET phone = NULL WHERE id = 4",
    "move employee 4 to team 2": "UPDATE employees SET team_id = 2 WHERE id = 4",
    "rename team 2 to 'Depots'": "UPDATE teams SET name = 'Depots' WHERE id = 2",
    "update job 3 set price = 5": "UPDATE jobs SET price = 5 WHERE id = 3",
    "give all employees in the Sales team a 5% raise": "UPDATE employees e SET salary = round(salary * (1 + 5 / 100.0),"
    " 2) WHERE EXISTS (SELECT 1 FROM teams t WHERE t.id = e.team_id AND t.name = 'Sales')",
}


def read(text: str) -> Reading:
    return ENGINE.read(Question(text), CATALOG, VALUES)


@pytest.mark.parametrize("question", GROUNDED)
def test_one_column_fits(question: str) -> None:
    reading = read(question)
    assert reading.sql is not None, reading.clarification
    assert " ".join(reading.sql.split()) == GROUNDED[question]


@pytest.mark.parametrize(
    "question",
    [
        "suspend employee 4",
        "archive job 3",
        "cancel jobs",
        "give everyone a raise",
        "give employee 4 a raise",
        "move employee 4 to the moon",
        "double the title of job 3",
        "clear the fax of employee 4",
    ],
)
def test_what_fits_nothing_is_asked(question: str) -> None:
    reading = read(question)
    assert reading.sql is None
    assert reading.clarification is not None


def test_the_values_of_a_change_are_parameters_too() -> None:
    reading = read('rename team 2 to "O\'Neil"')
    assert reading.bound_sql == "UPDATE teams\nSET name = $1\nWHERE id = $2"
    assert reading.parameters == ("O'Neil", "2")


def test_an_adjective_is_no_order() -> None:
    reading = read("open jobs with a price above 5")
    assert reading.intent is not None
    assert reading.intent.intent_type == "SELECT"
