"""Statement E3: many-to-many relations written and read from both ends, wherever the rows between them live."""

import datetime as dt

import pytest
from asgiref.sync import async_to_sync
from django.db import connections
from django.db.models.signals import m2m_changed

from lab.clubs.layout import CLUBS
from lab.clubs.models import Club, Membership, Person, Topic
from lab.fleets import statements


def names(queryset):
    return sorted(each.name for each in queryset)


def roles():
    """What stands between clubs and people, as it is written."""
    return sorted(Membership.objects.values_list("club_id", "person_id", "role"))


@pytest.fixture
def chess():
    return Club.objects.create(pk=11, name="Chess")


@pytest.fixture
def people():
    Person.objects.bulk_create(
        [Person(pk=pk, name=name) for pk, name in ((101, "Ada"), (102, "Bo"), (103, "Cy"))]
    )
    return list(Person.objects.order_by("pk"))


def test_e3_rows_between_are_where_they_are_placed(members, chess, people):
    """And nowhere else."""
    chess.members.add(people[0])
    assert Membership.objects.get()._state.db == members
    with_the_table = [
        alias
        for alias in connections
        if Membership._meta.db_table in connections[alias].introspection.table_names()
    ]
    assert with_the_table == [members]


def test_e3_add_remove_set_and_clear(members, chess, people):
    """From the side that has the field."""
    ada, bo, cy = people
    chess.members.add(ada, bo.pk)
    assert names(chess.members.all()) == ["Ada", "Bo"]
    chess.members.add(ada, cy)
    assert chess.members.count() == 3
    chess.members.remove(ada)
    assert names(chess.members.all()) == ["Bo", "Cy"]
    chess.members.set([ada, bo])
    assert names(chess.members.all()) == ["Ada", "Bo"]
    chess.members.set(Person.objects.filter(name="Cy"), clear=True)
    assert names(chess.members.all()) == ["Cy"]
    chess.members.clear()
    assert not chess.members.exists()
    assert Person.objects.count() == 3


def test_e3_the_same_from_the_other_side(members, chess, people):
    """The related manager backwards."""
    go = Club.objects.create(name="Go")
    ada, bo, _ = people
    ada.clubs.add(chess, go)
    bo.clubs.set([go])
    assert names(ada.clubs.all()) == ["Chess", "Go"]
    assert names(go.members.all()) == ["Ada", "Bo"]
    ada.clubs.remove(chess)
    assert names(ada.clubs.all()) == ["Go"]
    ada.clubs.set([chess])
    assert names(ada.clubs.all()) == ["Chess"]
    ada.clubs.clear()
    assert names(go.members.all()) == ["Bo"]
    assert Club.objects.count() == 2


def test_e3_through_defaults(members, chess, people):
    """Values for the rows between, also as callables, by each way of making them."""
    ada, bo, cy = people
    chess.members.add(ada, through_defaults={"role": "leader"})
    chess.members.set([ada, bo], through_defaults={"role": "guest"})
    cy.clubs.add(chess, through_defaults={"role": lambda: "called"})
    chess.members.create(pk=104, name="Dee", through_defaults={"role": "made"})
    assert roles() == [
        (11, 101, "leader"),
        (11, 102, "guest"),
        (11, 103, "called"),
        (11, 104, "made"),
    ]


def test_e3_create_get_or_create_and_update_or_create(members, chess):
    """The object goes to its home, the row between to its own, from both sides."""
    ada = chess.members.create(name="Ada")
    assert ada._state.db == Person.objects.db
    same, is_new = chess.members.get_or_create(name="Ada")
    assert (same, is_new) == (ada, False)
    bo, is_new = chess.members.get_or_create(name="Bo", through_defaults={"role": "guest"})
    assert is_new
    day = dt.date(1990, 1, 1)
    same, is_new = chess.members.update_or_create(name="Bo", defaults={"born": day})
    assert (same, same.born, is_new) == (bo, day, False)
    cy, is_new = chess.members.update_or_create(name="Cy", defaults={"born": day})
    assert is_new
    assert cy.clubs.get_or_create(name="Chess") == (chess, False)
    go = bo.clubs.create(name="Go")
    hockey, is_new = bo.clubs.update_or_create(name="Hockey", defaults={"leader": ada})
    assert is_new
    assert (go._state.db, hockey._state.db) == (CLUBS, CLUBS)
    assert names(chess.members.all()) == ["Ada", "Bo", "Cy"]
    assert names(bo.clubs.all()) == ["Chess", "Go", "Hockey"]
    assert names(Person.objects.filter(memberships__role="guest")) == ["Bo"]


def test_e3_asked_in_every_way(members, chess, people):
    """Filtered, ordered, counted, excluded, prefetched, sliced."""
    ada, bo, _ = people
    chess.members.set([ada, bo])
    ada.clubs.create(name="Go")
    assert names(Club.objects.filter(members__name="Bo")) == ["Chess"]
    assert names(Club.objects.exclude(members=bo)) == ["Go"]
    assert names(Person.objects.filter(clubs__name="Go")) == ["Ada"]
    assert names(Person.objects.filter(clubs=None)) == ["Cy"]
    assert [each.name for each in chess.members.order_by("-name")] == ["Bo", "Ada"]
    assert [each.name for each in chess.members.filter(name__startswith="A")] == ["Ada"]
    assert chess.members.filter(memberships__role="member").distinct().count() == 2
    assert list(chess.members.values_list("name", flat=True)[:1]) == ["Ada"]
    assert chess.members.contains(bo)
    assert chess.members.first() == ada
    clubs = Club.objects.prefetch_related("members")
    assert {each.name: names(each.members.all()) for each in clubs} == {
        "Chess": ["Ada", "Bo"],
        "Go": ["Ada"],
    }
    everybody = Person.objects.prefetch_related("clubs")
    assert {each.name: names(each.clubs.all()) for each in everybody} == {
        "Ada": ["Chess", "Go"],
        "Bo": ["Chess"],
        "Cy": [],
    }
    with statements() as asked:
        assert [each.clubs.count() for each in everybody] == [2, 1, 0]
    assert len(asked) == 2 or members not in {alias for alias, _ in asked}, asked


def test_e3_a_set_that_is_there_already_is_not_read_again(members, chess, people):
    """Prefetched objects serve the manager, and forget what they knew when it changes."""
    chess.members.set(people)
    club = Club.objects.prefetch_related("members").get()
    with statements() as asked:
        assert names(club.members.all()) == ["Ada", "Bo", "Cy"]
    assert asked == []
    club.members.remove(people[0])
    assert names(club.members.all()) == ["Bo", "Cy"]


def test_e3_update_and_delete_through_a_manager(members, chess, people):
    """Of the objects themselves, which are elsewhere."""
    chess.members.set(people[:2])
    assert chess.members.update(born=dt.date(2000, 1, 1)) == 2
    assert Person.objects.filter(born=None).get() == people[2]
    chess.members.filter(name="Ada").delete()
    assert names(Person.objects.all()) == ["Bo", "Cy"]
    assert names(chess.members.all()) == ["Bo"]
    assert Membership.objects.count() == 1


def test_e3_signals_name_the_database_of_the_rows(members, chess, people):
    """``m2m_changed`` says where the relation is written."""
    heard = []

    def hear(action, using, pk_set, **_kwargs):
        heard.append((action, using, pk_set))

    m2m_changed.connect(hear, sender=Membership)
    try:
        chess.members.add(people[0])
    finally:
        m2m_changed.disconnect(hear, sender=Membership)
    assert heard == [("pre_add", members, {101}), ("post_add", members, {101})]


def test_e3_asynchronous_managers(members, chess, people):
    """The same methods with an ``a``."""

    async def work():
        await chess.members.aadd(people[0], through_defaults={"role": "leader"})
        await chess.members.aset(people[:2])
        await chess.members.aremove(people[0])
        dee = await chess.members.acreate(name="Dee")
        same, is_new = await chess.members.aget_or_create(name="Dee")
        assert (same, is_new) == (dee, False)
        await chess.members.aupdate_or_create(name="Dee", defaults={"born": dt.date(1999, 9, 9)})
        found = sorted([each.name async for each in chess.members.all()])
        await dee.clubs.aclear()
        return found, await chess.members.acount()

    assert async_to_sync(work)() == (["Bo", "Dee"], 1)


def test_e3_an_automatic_table_between(clubs, chess):
    """It lives with the model that has the field; both sides write it."""
    board = Topic.objects.create(name="board")
    chess.topics.add(board)
    cards = chess.topics.create(name="cards")
    assert names(Club.objects.filter(topics=cards)) == ["Chess"]
    assert names(board.clubs.all()) == ["Chess"]
    board.clubs.clear()
    cards.clubs.set([chess, Club.objects.create(name="Bridge")])
    assert names(cards.clubs.all()) == ["Bridge", "Chess"]
    assert names(chess.topics.all()) == ["cards"]
    cards.clubs.get_or_create(name="Poker")
    assert names(Topic.objects.filter(clubs__name="Poker")) == ["cards"]
    assert Club.topics.through.objects.db == CLUBS


def test_e3_a_relation_to_itself(clubs, people):
    """Symmetrical: both rows, on one database, though clubs are elsewhere."""
    ada, bo, cy = people
    ada.friends.set([bo, cy])
    assert names(cy.friends.all()) == ["Ada"]
    cy.friends.remove(ada)
    assert names(ada.friends.all()) == ["Bo"]
