"""Statement E3: foreign keys, one-to-one and generic relations over databases, assigned and managed."""

import datetime as dt

import pytest
from asgiref.sync import async_to_sync
from django.contrib.contenttypes.models import ContentType

from lab.clubs.models import Badge, Club, Meeting, Membership, Person, Remark, Room

DAY = dt.date(2026, 5, 4)


@pytest.fixture
def ada(clubs):
    return Person.objects.create(pk=101, name="Ada")


@pytest.fixture
def chess(clubs):
    return Club.objects.create(pk=11, name="Chess")


def days(club):
    return [each.day.day for each in club.meetings.all()]


def test_e3_assignment_and_the_object_behind(ada, chess):
    """Set, saved, read again, unset."""
    chess.leader = ada
    chess.save()
    again = Club.objects.get()
    assert again.leader == ada
    assert again.leader._state.db == Person.objects.db
    again.leader = None
    again.save()
    assert Club.objects.get().leader_id is None


def test_e3_objects_not_saved_yet(clubs):
    """They are assigned first and saved in order; before that, Django's own refusal."""
    ada = Person(name="Ada")
    chess = Club(name="Chess", leader=ada)
    with pytest.raises(ValueError, match="unsaved related object 'leader'"):
        chess.save()
    ada.save()
    chess.save()
    assert Club.objects.get().leader == ada
    with pytest.raises(ValueError, match="needs to have a value"):
        Person(name="Bo").leads.add(chess)
    with pytest.raises(ValueError, match="needs to have a value"):
        Club(name="Go").members.add(ada)


def test_e3_reverse_manager(ada, chess):
    """Create, add, set, remove, clear, one by one and in bulk."""
    first = chess.meetings.create(day=DAY, host=ada)
    assert first._state.db == Meeting.objects.db
    go = Club.objects.create(name="Go")
    second = Meeting.objects.create(club=go, day=dt.date(2026, 5, 5))
    chess.meetings.add(second)
    assert days(chess) == [4, 5]
    chess.meetings.add(Meeting(day=dt.date(2026, 5, 6)), bulk=False)
    same, is_new = chess.meetings.get_or_create(day=DAY)
    assert (same, is_new) == (first, False)
    chess.meetings.update_or_create(day=DAY, defaults={"host": None})
    assert days(chess) == [4, 5, 6]
    assert list(ada.meetings.all()) == []
    ada.meetings.set([first, second])
    assert ada.meetings.count() == 2
    ada.meetings.remove(first)
    assert list(ada.meetings.all()) == [second]
    ada.meetings.set([first], bulk=False, clear=True)
    assert list(ada.meetings.all()) == [first]
    ada.meetings.clear()
    assert Meeting.objects.filter(host=None).count() == 3
    assert chess.meetings.filter(host=None).update(host=ada) == 3
    chess.meetings.filter(day=DAY).delete()
    assert days(chess) == [5, 6]


def test_e3_one_to_one_forwards_and_backwards(ada, chess):
    """From either end, with the key of the other database as the own key, and where there is none."""
    with pytest.raises(Badge.DoesNotExist):
        ada.badge  # noqa: B018 (it reads)
    ada.badge = Badge(number=7)
    ada.badge.save()
    assert Person.objects.get().badge.number == 7
    assert Badge.objects.get().person == ada
    chess.room = Room(floor=2)
    chess.room.save()
    room = Room.objects.get(pk=chess.pk)
    assert (room.club, room._state.db) == (chess, Room.objects.db)
    assert Person.objects.select_related("badge").get().badge.number == 7
    assert Club.objects.select_related("room").get().room.floor == 2
    assert Person.objects.filter(badge__number=7).exists()
    assert not Club.objects.filter(room=None).exists()
    assert ada.delete()[1] == {"clubs.Badge": 1, "clubs.Person": 1}
    assert chess.delete()[1] == {"clubs.Room": 1, "clubs.Club": 1}


def test_e3_generic_relations(ada, chess):
    """A remark, its content type and what it is about are on three databases."""
    remark = chess.remarks.create(text="good")
    Remark.objects.create(about=ada, text="kind")
    assert remark.about == chess
    assert {str(each.about) for each in Remark.objects.all()} == {"Chess", "Ada"}
    assert Club.objects.get(remarks__text="good") == chess
    assert not Club.objects.filter(remarks__text="kind").exists()
    chess.remarks.add(Remark(text="more"), bulk=False)
    chess.remarks.set(chess.remarks.filter(text="more"))
    assert [each.text for each in chess.remarks.all()] == ["more"]
    assert chess.delete()[1] == {"clubs.Remark": 1, "clubs.Club": 1}
    assert Remark.objects.get().about == ada


def test_e3_asynchronous_reverse_managers(ada, chess):
    """The same methods with an ``a``; Django wants to know the content type beforehand."""
    ContentType.objects.get_for_model(Club)

    async def work():
        first = await chess.meetings.acreate(day=DAY)
        await chess.meetings.aget_or_create(day=DAY)
        await chess.meetings.aupdate_or_create(day=DAY, defaults={"host": ada})
        await ada.meetings.aadd(first)
        await ada.meetings.aclear()
        await ada.meetings.aset([first])
        await ada.meetings.aremove(first)
        await chess.remarks.acreate(text="by the way")
        found = await Meeting.objects.select_related("club", "host").aget()
        return found.club.name, found.host, await chess.remarks.acount()

    assert async_to_sync(work)() == ("Chess", None, 1)


def test_e3_objects_of_another_database_in_bulk(ada, chess):
    """``bulk_create``, ``bulk_update`` and ``in_bulk`` with relations that cross."""
    Meeting.objects.bulk_create(
        [Meeting(club=chess, host=ada, day=DAY + dt.timedelta(days=n)) for n in range(5)]
    )
    found = list(Meeting.objects.order_by("day"))
    for each in found[:2]:
        each.host = None
    assert Meeting.objects.bulk_update(found, ["host"]) == 5
    assert Meeting.objects.filter(host__name="Ada").count() == 3
    assert Meeting.objects.filter(host__name="Ada").update(host=None) == 3
    assert Meeting.objects.filter(club__name="Chess", host=None).delete()[0] == 5


def test_e3_a_row_moves_to_another_parent(ada, chess):
    """Assigned by key, and by an object."""
    bo = Person.objects.create(name="Bo")
    row = Membership.objects.create(club=chess, person=ada)
    row.person_id = bo.pk
    row.save()
    row.refresh_from_db()
    assert row.person == bo
    assert list(bo.clubs.all()) == [chess]
    assert not ada.clubs.exists()
