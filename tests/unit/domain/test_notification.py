"""Who is told over which channel, and when: decided without a clock or a network."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.letters import ANA, NOON, notification

from pgwarden.domain.identity import IdentityKind
from pgwarden.domain.notification import (
    Audience,
    Channel,
    Delivery,
    DeliveryStatus,
    Limits,
    Notification,
    NotificationKind,
    Preferences,
    QuietHours,
    Recent,
    Recipient,
    deliveries,
    quiet_hours,
    shared_deliveries,
)
from pgwarden.domain.person import Person
from pgwarden.domain.request import Urgency

EVERY = tuple(Channel)
NIGHT = QuietHours(time(22), time(7))


def told(
    told: Notification, recipient: Recipient | None = None, at: datetime = NOON, **more: object
) -> dict[Channel, Delivery]:
    found = deliveries(told, recipient or Recipient(ANA), at, available=EVERY, **more)  # type: ignore[arg-type]
    assert len({delivery.id for delivery in found}) == len(found)
    return {delivery.channel: delivery for delivery in found}


@pytest.mark.parametrize(
    ("urgency", "channels"),
    [
        (Urgency.LOW, {Channel.EMAIL}),
        (Urgency.NORMAL, {Channel.EMAIL, Channel.SLACK}),
        (Urgency.HIGH, {Channel.EMAIL, Channel.SLACK}),
        (Urgency.EMERGENCY, {Channel.EMAIL, Channel.SLACK, Channel.SMS}),
    ],
)
def test_the_urgency_chooses_the_channels_and_the_dashboard_has_everything(
    urgency: Urgency, channels: set[Channel]
) -> None:
    assert told(notification(urgency=urgency)).keys() == channels | {Channel.DASHBOARD}


def test_only_what_exists_and_where_there_is_an_address_is_used() -> None:
    found = deliveries(notification(), Recipient(ANA), NOON, available=[Channel.EMAIL])
    assert [each.channel for each in found] == [Channel.DASHBOARD, Channel.EMAIL]
    assert told(notification(), Recipient(Person("bob", slack="U1"))).keys() == {Channel.DASHBOARD, Channel.SLACK}
    assert told(notification(), Recipient(Person("bob"))).keys() == {Channel.DASHBOARD}


def test_what_is_urgent_takes_any_way_rather_than_none() -> None:
    by_mail_only = Preferences({urgency: frozenset({Channel.EMAIL}) for urgency in Urgency})
    unreachable = Recipient(replace(ANA, email=""), by_mail_only)
    assert told(notification(), unreachable).keys() == {Channel.DASHBOARD}
    assert Channel.SLACK in told(notification(urgency=Urgency.EMERGENCY), unreachable)


def test_text_messages_are_for_urgent_things_whatever_is_preferred() -> None:
    always = Recipient(ANA, Preferences({urgency: frozenset({Channel.SMS}) for urgency in Urgency}))
    assert Channel.SMS not in told(notification(), always)
    assert Channel.SMS in told(notification(urgency=Urgency.HIGH), always)


def test_at_once_unless_something_holds_it_back() -> None:
    found = told(notification())
    assert found[Channel.EMAIL].status is DeliveryStatus.PENDING
    assert found[Channel.EMAIL].due == NOON
    assert found[Channel.DASHBOARD].status is DeliveryStatus.SENT


def test_low_urgency_is_gathered() -> None:
    mail = told(notification(urgency=Urgency.LOW))[Channel.EMAIL]
    assert mail.status is DeliveryStatus.HELD
    assert mail.due == NOON + timedelta(minutes=30)
    again = told(notification(urgency=Urgency.LOW, number=2), at=NOON + timedelta(minutes=1))[Channel.EMAIL]
    assert again.due == NOON + timedelta(minutes=35)
    at_once = Recipient(ANA, Preferences(batch_minutes=0))
    assert told(notification(urgency=Urgency.LOW), at_once)[Channel.EMAIL].status is DeliveryStatus.PENDING


def test_quiet_hours_hold_in_the_persons_own_zone_but_never_what_is_urgent() -> None:
    sleeper = Recipient(ANA, Preferences(quiet=NIGHT))
    late = datetime(2026, 3, 2, 21, 30, tzinfo=UTC)  # half past ten in Berlin
    held = told(notification(at=late), sleeper, late)[Channel.EMAIL]
    assert held.status is DeliveryStatus.HELD
    assert held.due == datetime(2026, 3, 3, 7, tzinfo=ZoneInfo("Europe/Berlin"))
    assert "quiet hours" in held.held_for
    for urgency in (Urgency.HIGH, Urgency.EMERGENCY):
        assert told(notification(urgency=urgency), sleeper, late)[Channel.EMAIL].status is DeliveryStatus.PENDING
    assert told(notification(), sleeper, NOON)[Channel.EMAIL].status is DeliveryStatus.PENDING


def test_what_is_gathered_until_the_night_waits_for_the_morning() -> None:
    sleeper = Recipient(ANA, Preferences(quiet=NIGHT))
    evening = datetime(2026, 3, 2, 20, 45, tzinfo=UTC)  # a quarter to ten in Berlin
    held = told(notification(urgency=Urgency.LOW), sleeper, evening)[Channel.EMAIL]
    assert held.due.astimezone(ZoneInfo("Europe/Berlin")).hour == 7


@given(
    st.times(),
    st.times(),
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)),  # noqa: DTZ001 - hypothesis wants them so
    st.sampled_from(["UTC", "Europe/Berlin", "Asia/Kolkata", "America/New_York", "Australia/Lord_Howe"]),
)
def test_quiet_hours_end_within_a_day_and_nothing_is_quiet_at_their_end(
    start: time, until: time, at: datetime, zone: str
) -> None:
    if start == until:
        return
    hours, moment = QuietHours(start, until), at.replace(tzinfo=UTC)
    end = hours.end(moment, zone)
    if end is not None:
        assert timedelta(hours=-1) <= end - moment <= timedelta(hours=25)  # a day of changing clocks
        assert end.time() == until


def test_quiet_hours_are_written_as_people_write_them() -> None:
    assert quiet_hours("22:00-07:00") == NIGHT
    for wrong in ("22:00", "22:00-22:00", "later-soon", "22:00+01:00-07:00", ""):
        with pytest.raises(ValueError, match=r".+"):
            quiet_hours(wrong)


def test_preferences_come_back_from_their_json_form() -> None:
    mine = Preferences({Urgency.LOW: frozenset(), Urgency.HIGH: frozenset({Channel.SMS})}, NIGHT, 15)
    assert Preferences.from_dict(mine.to_dict()) == mine
    assert Preferences.from_dict(Preferences().to_dict()) == Preferences()


# Floods


def test_one_requester_cannot_flood_a_person() -> None:
    flooded = Recipient(ANA, recent=Recent(6, 6))
    held = told(notification(), flooded)[Channel.EMAIL]
    assert held.status is DeliveryStatus.HELD
    assert held.due == NOON + timedelta(minutes=15)
    assert "rob caused more than 6 messages" in held.held_for
    assert told(notification(), Recipient(ANA, recent=Recent(6, 5)))[Channel.EMAIL].status is DeliveryStatus.PENDING


def test_an_agent_floods_even_less_and_cannot_call_everything_an_emergency() -> None:
    flooded = Recipient(ANA, recent=Recent(3, 3))
    for urgency in (Urgency.NORMAL, Urgency.EMERGENCY):
        by_agent = notification(urgency=urgency, requester_kind=IdentityKind.AGENT, requester="bot")
        assert told(by_agent, flooded)[Channel.EMAIL].status is DeliveryStatus.HELD
        assert told(notification(urgency=urgency), flooded)[Channel.EMAIL].status is DeliveryStatus.PENDING


def test_all_together_have_a_limit_that_a_persons_emergency_passes() -> None:
    busy = Recipient(ANA, recent=Recent(30, 0))
    assert told(notification(), busy)[Channel.EMAIL].status is DeliveryStatus.HELD
    assert told(notification(urgency=Urgency.EMERGENCY), busy)[Channel.EMAIL].status is DeliveryStatus.PENDING
    assert told(notification(), busy, limits=Limits(per_person=31))[Channel.EMAIL].status is DeliveryStatus.PENDING


def test_the_dashboard_has_it_at_once_even_then() -> None:
    assert told(notification(), Recipient(ANA, recent=Recent(99, 99)))[Channel.DASHBOARD].due == NOON


# The rest


def test_to_a_watcher_nothing_is_urgent() -> None:
    watcher = Recipient(ANA, Preferences(quiet=NIGHT), Audience.WATCHER)
    late = datetime(2026, 3, 2, 22, tzinfo=UTC)
    found = told(notification(urgency=Urgency.EMERGENCY), watcher, late)
    assert Channel.SMS not in found
    assert found[Channel.EMAIL].status is DeliveryStatus.HELD
    assert found[Channel.EMAIL].audience is Audience.WATCHER


def test_the_same_event_is_the_same_delivery_and_another_is_not() -> None:
    ids = {delivery.id for delivery in told(notification()).values()}
    assert {delivery.id for delivery in told(notification(at=NOON + timedelta(minutes=5))).values()} == ids
    others = {delivery.id for delivery in told(notification(number=2)).values()}
    others |= {delivery.id for delivery in told(notification(NotificationKind.REMINDER)).values()}
    others |= {delivery.id for delivery in told(notification(), Recipient(replace(ANA, name="bob"))).values()}
    assert not others & ids


def test_channels_for_everyone_get_one_copy() -> None:
    found = shared_deliveries(notification(), NOON, EVERY)
    assert [(each.channel, each.person) for each in found] == [(Channel.WEBHOOK, ""), (Channel.APPRISE, "")]
    assert shared_deliveries(notification(), NOON, [Channel.EMAIL]) == ()


def test_a_flood_reaches_programs_at_once_and_people_together() -> None:
    found = shared_deliveries(notification(), NOON, EVERY, recent=Recent(6, 6))
    assert [each.status for each in found] == [DeliveryStatus.PENDING, DeliveryStatus.HELD]
    assert "rob caused more than 6 messages" in found[1].held_for
