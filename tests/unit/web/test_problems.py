"""Every error has an HTTP status that says whose fault it is."""

from __future__ import annotations

from pgwarden.domain import errors
from pgwarden.web.problems import problem, status_of


def test_statuses_tell_the_caller_what_kind_of_error_it_is() -> None:
    expected = {
        errors.LoginNeeded: 401,
        errors.RightMissing: 403,
        errors.UnknownTicket: 404,
        errors.InputInvalid: 422,
        errors.LoginLocked: 429,
        errors.ControlDatabaseUnavailable: 503,
        errors.TicketDecided: 409,
    }
    assert {kind: status_of(kind("x")) for kind in expected} == expected


def test_a_problem_keeps_the_words_and_the_code() -> None:
    told = problem(errors.RightMissing("No.", why="Because.", not_done="Nothing.", next_step="Ask."))
    assert (told.code, told.what, told.why, told.next_step) == (errors.RightMissing.code, "No.", "Because.", "Ask.")
    assert told.type == f"urn:pgwarden:error:{told.code}"
