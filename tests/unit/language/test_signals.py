"""Each signal of doubt, turned on and off by a question: it lowers the confidence, and the question back says why."""

from __future__ import annotations

import pytest
from tests.support.catalogs import catalog, table

from pgwarden.domain.question import Question, Reading
from pgwarden.domain.value_index import SampledValues
from pgwarden.language.confidence import LINE, WEIGHTS, confidence, features
from pgwarden.language.coverage import Coverage
from pgwarden.language.doubts import LEAST, REASONS, reasons, strongest
from pgwarden.language.draft import Draft
from pgwarden.language.engine import BuiltInEngine, State
from pgwarden.language.forms import Agg, Block, Bucket, Col, Compare, Has, Length, Period
from pgwarden.language.index import Field
from pgwarden.language.oddities import oddities
from pgwarden.language.tokens import tokenize

TOWNS, TRAINERS, MEMBERS, CLASSES, BOOKINGS, FEES = 1, 2, 3, 4, 5, 6
GYM = catalog(
    table(TOWNS, "towns", ["id integer", "name text", "inhabitants integer"]),
    table(TRAINERS, "trainers", ["id integer", "name text", "hired_on date", "hourly_wage numeric"]),
    table(
        MEMBERS,
        "members",
        ["id integer", "name text", "town_id integer", "joined_on date", "height_cm integer", "has_locker boolean",
         "plan text"],
        references=[(3, TOWNS)],
    ),
    table(
        CLASSES,
        "classes",
        ["id integer", "title text", "level text", "trainer_id integer", "substitute_id integer", "starts_at date",
         "created_at date", "places integer"],
        references=[(4, TRAINERS), (5, TRAINERS)],
    ),
    table(
        BOOKINGS,
        "bookings",
        ["id integer", "member_id integer", "class_id integer", "booked_at date", "rating integer"],
        references=[(2, MEMBERS), (3, CLASSES)],
    ),
    table(
        FEES,
        "fees",
        ["id integer", "member_id integer", "amount numeric", "due_date date", "paid_on date"],
        references=[(2, MEMBERS)],
    ),
)  # fmt: skip
VALUES = SampledValues(
    {
        (TOWNS, 2): ("Leeds", "York"),
        (TRAINERS, 2): ("Cy Dent", "Di Ember"),
        (MEMBERS, 2): ("Ann Lee", "Bo Finch"),
        (MEMBERS, 7): ("basic", "gold"),
        (CLASSES, 2): ("Boxing", "Yoga"),
        (CLASSES, 3): ("easy", "hard"),
    }
)
ENGINE = BuiltInEngine()
CASES = {
    "unknown": ("Which juggler booked the classes?", "Which members booked the classes?"),
    "unknown_more": ("How old is the youngest member?", "Which members are from Leeds?"),
    "bare_unknown": ("Which juggler booked the classes?", "Which members are from Leeds?"),
    "ungrounded": ("members named 'Zed'", "members named 'Ann Lee'"),
    "weak": ("average wage of trainers by level", "average hourly wage of trainers"),
    "ambiguous": ("Which gold booked Yoga?", "Which members booked Yoga?"),
    "unused": ("members who pay the largest fee", "Which members are from Leeds?"),
    "unnamed": ("The five highest wages", "Which members are from Leeds?"),
    "guess": ("total fee per fee", "Which members are from Leeds?"),
    "related": ("classes without a trainer", "Which members are from Leeds?"),
    "conditions": ("Which members are from Leeds?", "Show the members"),
    "sidestep": ("total fees of the members who booked Yoga", "Which members booked Yoga?"),
    "loose": ("the name of members and the number of fees and amount", "the number of fees per member"),
    "fanned": ("sum of amount per class title", "sum of amount per member"),
    "roles": ("classes of the trainer Cy Dent", "members of the town Leeds"),
    "sentences": ("Show the members. Sort them by name.", "Show the members"),
    "bare": ("Show the members", "Which members are from Leeds?"),
    "open": ("Why do members leave?", "Which members are from Leeds?"),
    "no_limit_order": ("The five highest wages", "top 5 trainers by hourly wage"),
    "lost_columns": ("Which classes have places or more?", "Which classes have 5 or more places?"),
    "lost_tables": ("How many booked members are there?", "How many members are there?"),
    "lost_verbs": ("Which members booked both Yoga and Boxing?", "Which members are from Leeds?"),
    "lost_words": ("Which classes were filmed before 2020?", "Which classes start before 2020?"),
    "lost_people": ("Which driver booked the most classes?", "Which member booked the most classes?"),
    "lost_head": ("How tall is Ann Lee?", "Which members are from Leeds?"),
    "lost_states": ("Which towns were conducted?", "Which towns have members?"),
    "no_amount": ("How much do the members have?", "How many members are there?"),
    "no_bound": ("Which classes have places or more?", "Which classes have 5 or more places?"),
    "repeated_sums": ("total fees and total places", "total fees per member"),
    "repeated_means": ("average amount per class title", "average amount per member"),
    "row_extreme": ("members who pay the largest fee", "Which members are from Leeds?"),
    "tables": ("members with the smallest fee in Leeds", "Which members are from Leeds?"),
    "own_count": ("total fee per fee", "total fee per member"),
    "odd_count": ("How many heights are there per town?", "How many different heights do the members have?"),
    "odd_order": ("the most hired trainer", "the newest trainer"),
    "limited_total": ("The five highest wages", "top 5 trainers by hourly wage"),
    "counted_size": ("The largest town", "Which town has the most members?"),
    "other_unit": ("Which members are taller than 2 metres?", "Which members are taller than 190 cm?"),
    "unmeasured": ("How tall is Ann Lee?", "What is the height of Ann Lee?"),
    "some_other": ("Which members booked neither Yoga nor Boxing?", "Which members booked Yoga?"),
    "per_unit": ("What do the trainers earn per hour?", "How many bookings are there per month?"),
    "bare_qualifier": ("How many booked members are there?", "How many members are there?"),
    "denied_period": ("Which members were not booked last month?", "How many bookings were there last month?"),
}
"""By signal: a question that turns it on, and one that does not."""
ELSEWHERE = {
    "bias", "contradiction", "double", "drifted", "echo", "ignored", "instructed", "lost_values", "name_length",
    "no_average", "no_both", "no_count", "no_date", "no_never", "no_now", "no_number", "no_order", "no_share",
    "no_total", "ranked_rows", "same_as", "stray", "stray_period", "trivial", "twice", "unsummed",
}  # fmt: skip
"""Signals with tests of their own in this folder."""


def read(text: str, instructions: str = "") -> Reading:
    return ENGINE.read(Question(text, instructions), GYM, VALUES)


def signals(text: str, instructions: str = "") -> dict[str, float]:
    """The signals of the reading that an answer, or the first option of a question back, comes from."""
    found = read(text, instructions)
    shown = found if found.sql else found.alternatives[0]
    assert isinstance(shown.state, State)
    return dict(shown.state.features)


@pytest.mark.parametrize("signal", CASES)
def test_a_signal_lowers_the_confidence_and_is_said(signal: str) -> None:
    doubtful, clear = CASES[signal]
    found = signals(doubtful)
    assert found[signal] > 0
    assert signals(clear)[signal] == 0
    without = {**found, signal: 0.0}
    assert confidence(found) <= confidence(without)
    if WEIGHTS[signal] * found[signal] <= -LEAST:
        assert confidence({signal: found[signal]}) < confidence({})
        assert signal in strongest(found)
        assert signal not in strongest(without)


def draft() -> Draft:
    known = ENGINE.knowledge(GYM, VALUES)
    return Draft(known.index, known.graph, known.linker, (), [], main=MEMBERS)


NAME, BOOKED, TOWN = Col(Field(MEMBERS, 2)), Col(Field(BOOKINGS, 4)), Col(Field(TOWNS, 2))


def test_a_column_of_rows_that_nobody_named_is_stray() -> None:
    assert oddities(draft(), Block(MEMBERS, (NAME, BOOKED)))["stray"] == 1.0
    assert oddities(draft(), Block(MEMBERS, (NAME, TOWN)))["stray"] == 0.0  # each member has one


def test_monthly_amounts_that_nothing_adds_up_are_doubted() -> None:
    monthly = draft()
    monthly.units = ["month"]
    fee = Col(Field(FEES, 3))
    assert oddities(monthly, Block(FEES, (fee,)))["unsummed"] == 1.0
    assert oddities(monthly, Block(FEES, (Agg("sum", fee),)))["unsummed"] == 0.0
    per_month = Bucket("month", Col(Field(FEES, 4)))
    assert oddities(draft(), Block(FEES, (fee, per_month)))["unsummed"] == 1.0
    assert oddities(draft(), Block(FEES, (Agg("sum", fee), per_month), group=(per_month,)))["unsummed"] == 0.0


def test_an_answer_that_repeats_what_was_asked_with_is_doubted() -> None:
    leeds = Compare(TOWN, "=", ("Leeds",))
    assert oddities(draft(), Block(TOWNS, (TOWN,), (leeds,)))["echo"] == 1.0
    assert oddities(draft(), Block(MEMBERS, (NAME,), (leeds,)))["echo"] == 0.0
    assert oddities(draft(), Block(TOWNS, (TOWN, Agg("count", None, TOWNS)), (leeds,), (TOWN,)))["echo"] == 1.0


def test_the_longest_of_things_is_not_the_one_with_the_longest_name() -> None:
    block = Block(CLASSES, (Col(Field(CLASSES, 2)),), order=((Length(Col(Field(CLASSES, 2))), True),), limit=1)
    assert oddities(draft(), block)["name_length"] == 1.0
    named = draft()
    named.said = tokenize("the class with the longest title")
    assert oddities(named, block)["name_length"] == 0.0


def test_a_date_of_rows_that_are_not_spoken_of_is_doubted() -> None:
    period = Period(BOOKED, "DATE '2024-01-01'", None)
    assert oddities(draft(), Block(MEMBERS, (NAME,), (period,)))["stray_period"] == 1.0
    spoken = draft()
    spoken.mention(BOOKINGS)
    assert oddities(spoken, Block(MEMBERS, (NAME,), (period,)))["stray_period"] == 0.0


def test_the_top_few_by_single_rows_of_many_are_doubted() -> None:
    fee = Col(Field(FEES, 3))
    assert oddities(draft(), Block(FEES, (NAME, fee), order=((fee, True),), limit=5))["ranked_rows"] == 1.0
    added = Agg("sum", fee)
    by_sum = Block(MEMBERS, (NAME, added), group=(NAME,), order=((added, True),), limit=5)
    assert oddities(draft(), by_sum)["ranked_rows"] == 0.0


def test_rows_of_another_table_than_the_first_word_holds_have_drifted() -> None:
    known = ENGINE.knowledge(GYM, VALUES)
    gold = draft()
    gold.default_display = True
    gold.first_items = known.linker.link(tokenize("gold that booked"))
    assert oddities(gold, Block(CLASSES, (Col(Field(CLASSES, 2)),)))["drifted"] == 1.0
    assert oddities(gold, Block(MEMBERS, (NAME,)))["drifted"] == 0.0


def test_the_same_shown_twice_and_other_rows_tested_than_measured() -> None:
    rating = Agg("avg", Col(Field(BOOKINGS, 5)))
    for block, double, twice in (
        (Block(MEMBERS, (NAME, NAME)), 1.0, 0.0),
        (Block(MEMBERS, (NAME, rating), (Has(BOOKINGS),)), 0.0, 1.0),
        (Block(MEMBERS, (NAME,), (Has(BOOKINGS),)), 0.0, 0.0),
    ):
        found = features(draft(), block, 0.0, True, 1, 5, False)
        assert (found["double"], found["twice"]) == (double, twice)


def test_every_signal_that_weighs_is_tested_and_can_be_said() -> None:
    assert set(WEIGHTS) == set(CASES) | ELSEWHERE
    assert set(WEIGHTS) - {"bias"} <= set(REASONS)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Which members are taller than 2 metres?", "Is this what you mean? The number is in another unit"),
        ("Which driver booked the most classes?", "This database does not seem to hold that. No “driver” is known"),
        ("How many heights are there per town?", "Different amounts or dates would be counted, not rows."),
        ("Which members booked neither Yoga nor Boxing?", "A row with another value would do"),
        ("classes of the trainer Cy Dent", "Two keys lead to the same table, and it is not said which is meant."),
        ("The five highest wages", "Only the first of one total were asked for."),
    ],
)
def test_the_question_back_says_what_speaks_against_the_reading(text: str, said: str) -> None:
    found = read(text)
    assert found.sql is None
    assert found.clarification is not None
    assert said in found.clarification.message
    assert found.clarification.options[0].label.startswith("Yes: ")


def test_two_reasons_at_most_the_strongest_first() -> None:
    found = {"other_unit": 1.0, "odd_count": 1.0, "lost_words": 1.0, "guess": 1.0}
    assert reasons(found, Coverage(words=("x",))) == (REASONS["odd_count"], REASONS["other_unit"])


def test_the_lost_words_are_named() -> None:
    assert reasons({"lost_people": 1.0}, Coverage(people=("nurse",))) == ("no “nurse” is known here",)


def test_a_clear_question_has_no_reason() -> None:
    found = read("Which members are from Leeds?")
    assert found.confidence > LINE
    assert found.clarification is None
    assert strongest(signals("Which members are from Leeds?")) == ()


def test_instructions_are_a_doubt_of_their_own() -> None:
    assert signals("Which members are from Leeds?", "Be brief.")["instructed"] == 1.0
    assert signals("Which members are from Leeds?")["instructed"] == 0.0
