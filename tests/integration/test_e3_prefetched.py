"""Statement E3: prefetching in every direction over databases, plain, by querysets of one's own, generic."""

import datetime as dt

import pytest
from asgiref.sync import async_to_sync
from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.contrib.contenttypes.prefetch import GenericPrefetch
from django.db.models import Count, Prefetch, prefetch_related_objects

from lab.clubs.models import Badge, Club, Meeting, Membership, Person, Remark, Room
from lab.fleets import statements

assert GenericForeignKey  # what is prefetched here


@pytest.fixture
def world(clubs):
    for model in (Club, Person, Remark):
        ContentType.objects.get_for_model(model)
    ada, bo, cy = (
        Person.objects.create(pk=pk, name=name) for pk, name in ((1, "Ada"), (2, "Bo"), (3, "Cy"))
    )
    chess = Club.objects.create(pk=11, name="Chess", leader=ada)
    go = Club.objects.create(pk=12, name="Go")
    chess.members.add(ada, through_defaults={"role": "leader"})
    chess.members.add(bo)
    go.members.add(bo, cy)
    go.topics.create(pk=21, name="board")
    Badge.objects.create(person=ada, number=7)
    Room.objects.create(club=go, floor=3)
    Meeting.objects.create(club=chess, day=dt.date(2026, 1, 2), host=bo)
    Meeting.objects.create(club=chess, day=dt.date(2026, 1, 3))
    chess.remarks.create(text="good")
    Remark.objects.create(about=bo, text="kind")


def asked(work):
    """The result, and the databases that were asked for it."""
    with statements() as found:
        result = work()
    return result, sorted(alias for alias, sql in found if "clubs_" in sql)


def quiet(work):
    """The result, for which no database was asked."""
    result, aliases = asked(work)
    assert aliases == []
    return result


def test_e3_forwards_and_backwards(world):
    """Foreign key, its reverse, one-to-one both ways: one statement for each step, at its home."""
    found, aliases = asked(
        lambda: list(Meeting.objects.prefetch_related("club__leader__badge", "host__clubs"))
    )
    assert aliases.count("people") >= 2
    assert len(aliases) <= 7, "six steps; rows between and their clubs are on two databases"
    assert quiet(lambda: [(str(each.club), str(each.host)) for each in found]) == [
        ("Chess", "Bo"),
        ("Chess", "None"),
    ]
    assert quiet(lambda: found[0].club.leader.badge.number) == 7
    assert quiet(lambda: [str(each) for each in found[0].host.clubs.all()]) == ["Chess", "Go"]
    clubs = list(Club.objects.prefetch_related("meetings__host", "room", "topics", "memberships"))
    assert quiet(lambda: [len(each.meetings.all()) for each in clubs]) == [2, 0]
    assert quiet(lambda: str(clubs[0].meetings.all()[0].host)) == "Bo"
    assert quiet(lambda: clubs[1].room.floor) == 3
    assert quiet(lambda: not hasattr(clubs[0], "room"))
    assert quiet(lambda: [len(each.topics.all()) for each in clubs]) == [0, 1]
    rooms = list(Room.objects.prefetch_related("club__members__badge"))
    assert quiet(lambda: [str(each) for each in rooms[0].club.members.all()]) == ["Bo", "Cy"]


def test_e3_by_a_queryset_of_ones_own(world):
    """Filtered by a third database, annotated, ordered, with ``to_attr``; nested."""
    leaders = Person.objects.filter(memberships__role="leader")
    memberships = Membership.objects.select_related("person__badge").order_by("-person__name")
    clubs = list(
        Club.objects.prefetch_related(
            Prefetch("members", leaders, to_attr="heads"),
            Prefetch("memberships", memberships, to_attr="rows"),
            Prefetch(
                "meetings",
                Meeting.objects.filter(host__clubs__name="Go").prefetch_related("host"),
                to_attr="held",
            ),
        )
    )
    assert quiet(lambda: [[str(person) for person in each.heads] for each in clubs]) == [
        ["Ada"],
        [],
    ]
    assert quiet(lambda: [[str(row.person) for row in each.rows] for each in clubs]) == [
        ["Bo", "Ada"],
        ["Cy", "Bo"],
    ]
    assert quiet(lambda: clubs[0].rows[1].person.badge.number) == 7
    assert quiet(lambda: [str(each.host) for each in clubs[0].held]) == ["Bo"]
    counted = Person.objects.annotate(clubs_joined=Count("clubs")).order_by("-name")
    club = Club.objects.prefetch_related(Prefetch("members", counted)).get(name="Go")
    assert quiet(lambda: [(each.name, each.clubs_joined) for each in club.members.all()]) == [
        ("Cy", 1),
        ("Bo", 1),
    ], "as on one database: counted among what is prefetched"


def test_e3_slices_in_a_prefetch(world):
    """The first of each: a window over rows whose parents are elsewhere."""
    first = Prefetch("meetings", Meeting.objects.order_by("-day")[:1], to_attr="latest")
    found = Club.objects.prefetch_related(first)
    assert [[each.day.day for each in club.latest] for club in found] == [[3], []]
    first = Prefetch("members", Person.objects.order_by("-name")[:1], to_attr="last")
    found = Club.objects.prefetch_related(first)
    assert [[str(each) for each in club.last] for club in found] == [["Bo"], ["Cy"]]


def test_e3_generic_foreign_keys(world):
    """Objects of several models at several homes; by querysets of one's own."""
    found = list(Remark.objects.prefetch_related("about"))
    assert quiet(lambda: [str(each.about) for each in found]) == ["Chess", "Bo"]
    prefetch = GenericPrefetch(
        "about",
        [Club.objects.select_related("leader"), Person.objects.prefetch_related("clubs")],
    )
    good, kind = Remark.objects.prefetch_related(prefetch)
    assert quiet(lambda: str(good.about.leader)) == "Ada"
    assert quiet(lambda: [str(each) for each in kind.about.clubs.all()]) == ["Chess", "Go"]


def test_e3_generic_relations(world):
    """Backwards, with a queryset, and filtered by what they are about."""
    clubs = list(Club.objects.prefetch_related("remarks"))
    assert quiet(lambda: [[str(each) for each in club.remarks.all()] for club in clubs]) == [
        ["good"],
        [],
    ]
    filtered = Prefetch("remarks", Remark.objects.filter(club__leader__name="Ada"))
    clubs = list(Club.objects.prefetch_related(filtered))
    assert quiet(lambda: [len(each.remarks.all()) for each in clubs]) == [1, 0]


def test_e3_objects_at_hand(world):
    """``prefetch_related_objects``, its asynchronous form, and ``aprefetch``-ing iterators."""
    people = list(Person.objects.all())
    prefetch_related_objects(people, "clubs", "badge", "leads")
    assert quiet(lambda: [len(each.clubs.all()) for each in people]) == [1, 2, 1]
    assert quiet(lambda: people[0].badge.number) == 7

    async def work():
        query = Club.objects.prefetch_related("members").aiterator(chunk_size=1)
        return [[str(each) for each in club.members.all()] async for club in query]

    assert async_to_sync(work)() == [["Ada", "Bo"], ["Bo", "Cy"]]
    streamed = Person.objects.prefetch_related("clubs").iterator(chunk_size=2)
    assert [len(each.clubs.all()) for each in streamed] == [1, 2, 1]
