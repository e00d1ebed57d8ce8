"""Which line of the data rights holds."""

from __future__ import annotations

from pgwarden.domain.identity import DEFAULT_RIGHTS, Access, DataRight, DataRights, Identity


def access(*lines: DataRight, sensitive: bool = False, table: str = "staff", column: str = "salary") -> Access:
    rights = DataRights.of(Identity("ada"), (*DEFAULT_RIGHTS, *lines))
    return rights.on("shop", "public", table, column, sensitive=sensitive)


def test_sensitive_columns_are_masked_out_of_the_box() -> None:
    assert access() is Access.READ
    assert access(sensitive=True) is Access.MASKED


def test_a_denied_table_is_denied_whole() -> None:
    denied = DataRight("person:ada", Access.DENY, table="staff")
    assert access(denied) is Access.DENY
    assert access(denied, sensitive=True) is Access.DENY
    assert access(denied, sensitive=True, table="other") is Access.MASKED


def test_reading_a_table_does_not_unmask_it() -> None:
    assert access(DataRight("person:ada", Access.READ, table="staff"), sensitive=True) is Access.MASKED
    unmasked = DataRight("person:ada", Access.READ, table="staff", sensitive_only=True)
    assert access(unmasked, sensitive=True) is Access.READ


def test_a_line_on_the_column_itself_wins() -> None:
    denied = DataRight("*", Access.DENY, table="staff")
    allowed = DataRight("person:ada", Access.READ, table="staff", column="salary")
    assert access(denied, allowed, sensitive=True) is Access.READ
