"""Statement C5: what is written to a model in parts reaches all of them, or none."""

from contextlib import suppress

import pytest
from django.db import DatabaseError, IntegrityError, connections, transaction
from django.db.models import F, Value
from django.db.models.functions import Concat

from django_fleet.errors import FederationNotSupportedError
from lab.fleets import statements
from lab.people.fixtures import (  # noqa: F401 -- fixtures
    ann_in_parts,
    asked,
    in_parts,
    people_in_parts,
)
from lab.people.models import Badge, Person, Team


@pytest.mark.usefixtures("ann")
def test_c5_update_reaches_every_home():
    """Values, expressions over homes, conditions on what is changed."""
    Person.objects.create(name="Bob", bio="short", score=1)
    assert Person.objects.filter(bio="long").update(bio="x", name="X", score=F("score") + 1) == 1
    assert Person.objects.values_list("name", "bio", "score").get(mood="b") == ("X", "x", 4)
    assert Person.objects.update(name=F("bio"), bio=F("name")) == 2
    assert set(Person.objects.values_list("name", "bio")) == {("x", "X"), ("short", "Bob")}
    assert Person.objects.update(bio=Concat("name", Value("!"))) == 2
    assert set(Person.objects.values_list("bio", flat=True)) == {"x!", "short!"}
    assert Person.objects.filter(name="nobody").update(bio="y") == 0
    with statements() as found:
        Person.objects.filter(name="x").update(age=5)
    assert asked(found) == {"default": 1}
    ann = Person.objects.get(name="x")
    ann.bio = Concat("bio", Value("?"))
    ann.name = F("bio")
    ann.score = F("age") + 1
    ann.save()
    ann.refresh_from_db()
    assert (ann.bio, ann.name, ann.score) == ("x!?", "x!", 6)
    with pytest.raises(TypeError, match="slice"):
        Person.objects.all()[:1].update(bio="z")


@pytest.mark.usefixtures("people")
def test_c5_many_at_once():
    """``bulk_create`` with its options, ``bulk_update``."""
    made = Person.objects.bulk_create([Person(name=f"p{n}", bio=f"b{n}") for n in range(5)])
    assert all(each.pk for each in made)
    assert in_parts() == (5, 5, 5)
    for each in made:
        each.bio, each.age, each.score = each.bio.upper(), 7, each.pk
    assert Person.objects.bulk_update(made, ["bio", "age", "score"], batch_size=2) == 5
    assert {(e.bio, e.age, e.score - e.pk) for e in Person.objects.all()} == {
        (f"B{n}", 7, 0) for n in range(5)
    }
    made[0].bio = Concat("name", Value("!"))
    assert Person.objects.filter(name="p0").bulk_update(made[:2], ["bio"]) == 1
    assert Person.objects.get(name="p0").bio == "p0!"
    again = [Person(pk=made[0].pk, name="other", bio="other"), Person(name="new", bio="new")]
    Person.objects.bulk_create(again[:1], ignore_conflicts=True)
    assert Person.objects.get(pk=made[0].pk).bio == "p0!"
    target = connections["default"].features.supports_update_conflicts_with_target
    unique = ["pk"] if target else None
    Person.objects.bulk_create(
        again[:1], update_conflicts=True, update_fields=["bio"], unique_fields=unique
    )
    found = Person.objects.get(pk=made[0].pk)
    assert (found.name, found.bio, found.score) == ("p0", "other", made[0].pk)
    Person.objects.bulk_create([Person(name="e", email="e@e.org")])
    taken = [Person(name="f", email="e@e.org"), Person(name="g", email="g@e.org")]
    with pytest.raises(IntegrityError):
        Person.objects.bulk_create(taken)
    assert in_parts() == (6, 6, 6)
    Person.objects.bulk_create(taken, ignore_conflicts=True)
    assert in_parts() == (7, 7, 7)
    if target:
        with pytest.raises(FederationNotSupportedError, match="unique_fields"):
            Person.objects.bulk_create(
                taken, update_conflicts=True, update_fields=["name"], unique_fields=["email"]
            )


@pytest.mark.usefixtures("people")
def test_c5_get_or_create_and_update_or_create():
    """Found by a column elsewhere, made with it."""
    ann, made = Person.objects.get_or_create(email="a@b.org", defaults={"name": "Ann", "bio": "x"})
    assert (made, ann.bio) == (True, "x")
    assert Person.objects.get_or_create(email="a@b.org", defaults={"name": "B"}) == (ann, False)
    again, made = Person.objects.update_or_create(email="a@b.org", defaults={"bio": "y"})
    assert (again, made, again.bio) == (ann, False, "y")
    assert Person.objects.get(bio="y").name == "Ann"
    with transaction.atomic("default"), transaction.atomic("profiles"):
        assert Person.objects.select_for_update().get().bio == "y"


@pytest.mark.usefixtures("ann")
def test_c5_deleting_takes_all_parts():
    """An object, a queryset, by a cascade; what is refused leaves all."""
    ann = Person.objects.get()
    Badge.objects.create(person=ann, label="x")
    assert ann.delete() == (2, {"people.Badge": 1, "people.Person": 1})
    assert in_parts() == (0, 0, 0)
    Person.objects.bulk_create([Person(name=f"p{n}", bio=f"b{n}") for n in range(5)])
    assert Person.objects.filter(bio__in=["b1", "b2"]).delete()[0] == 2
    assert in_parts() == (3, 3, 3)
    Person.objects.update(team=Team.objects.get())
    Team.objects.all().delete()
    assert in_parts() == (0, 0, 0)


@pytest.mark.usefixtures("ann")
def test_c5_a_deletion_that_is_taken_back_loses_no_column():
    """The columns go when the row is gone for good; a new row with the key keeps its own."""
    with suppress(ZeroDivisionError), transaction.atomic("default"):
        Person.objects.all().delete()
        _ = 1 / 0
    assert Person.objects.get().bio == "long"
    with transaction.atomic("default"):
        key = Person.objects.get().pk
        Person.objects.all().delete()
        Person.objects.create(pk=key, name="New", bio="new", email="a@b.org")
    assert in_parts() == (1, 1, 1)
    assert Person.objects.get().bio == "new"
    with suppress(ZeroDivisionError), transaction.atomic("default"), transaction.atomic("profiles"):
        with transaction.atomic("records"):
            Person.objects.all().delete()
            assert in_parts() == (0, 0, 0)
            _ = 1 / 0
    assert in_parts() == (1, 1, 1)


@pytest.mark.usefixtures("ann")
def test_c5_what_fails_at_one_home_is_done_at_none():
    """Inserts, updates, and an update of many."""
    with pytest.raises(IntegrityError):
        Person.objects.create(name="B", email="a@b.org")
    assert in_parts() == (1, 1, 1)
    bob = Person.objects.create(name="Bob", email="b@b.org", score=1)
    bob.name, bob.email, bob.score = "Rob", "a@b.org", 2
    with pytest.raises(IntegrityError):
        bob.save()
    bob.refresh_from_db()
    assert (bob.name, bob.email, bob.score) == ("Bob", "b@b.org", 1)
    with pytest.raises(IntegrityError):
        Person.objects.update(name="same", score=9, email="same@b.org")
    assert set(Person.objects.values_list("name", "score")) == {("Ann", 3), ("Bob", 1)}
    bob.pk = 12345
    with pytest.raises(DatabaseError, match="did not affect"):
        bob.save(update_fields=["bio"])
    assert in_parts() == (2, 2, 2)


@pytest.mark.usefixtures("ann")
def test_c5_a_row_without_its_other_part_reads_as_null_and_heals():
    """Raw SQL or a crash may leave one; saving makes the missing part."""
    Person.objects.filter(name="Ann").update(score=3)
    with connections["profiles"].cursor() as cursor:
        cursor.execute("DELETE FROM people_person_profiles")
    ann = Person.objects.get()
    assert (ann.bio, ann.score) == (None, 3)
    assert Person.objects.filter(bio=None).exists()
    ann.bio = "healed"
    ann.save()
    assert Person.objects.get(bio="healed").name == "Ann"
    with connections["profiles"].cursor() as cursor:
        cursor.execute("DELETE FROM people_person_profiles")
    Person.objects.update(bio="again")
    assert Person.objects.get().bio == "again"
