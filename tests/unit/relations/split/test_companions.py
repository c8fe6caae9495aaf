"""The companion of a model: its name, its table, its columns, what it takes over."""

import copy
import pickle

import pytest
from django.core.exceptions import FieldError
from django.db import models
from django.db.models.sql import Query
from django.test.utils import isolate_apps

from django_fleet.relations.split.companions import (
    OWNER,
    column_of,
    columns_of,
    companions_of,
    is_split,
    owner_of,
    table_name,
)
from django_fleet.routing.running import running
from django_fleet.topology.placement import is_companion
from lab.people.fleet import installed
from lab.people.models import Base, Employee, Nearby, Person, Plain


def test_a_field_keeps_what_it_says():
    """Through copies, migrations and children of an abstract model; others say nothing."""
    bio = Person._meta.get_field("bio")
    assert bio.fleet_using == "profiles"
    with installed():
        pickled = pickle.loads(pickle.dumps(bio))
    for same in (bio.clone(), copy.copy(bio), copy.deepcopy(bio), pickled):
        assert same.fleet_using == "profiles"
    assert bio.deconstruct()[3]["using"] == "profiles"
    assert "using" not in Plain._meta.get_field("bio").deconstruct()[3]
    assert models.CharField.fleet_using is None


@isolate_apps("lab.shop")
def test_children_of_an_abstract_model_have_companions_of_their_own():
    """The abstract model has none."""

    class Parent(models.Model):
        bio = models.TextField(using="profiles")

        class Meta:
            app_label = "shop"
            abstract = True

    class One(Parent):
        class Meta:
            app_label = "shop"

    class Two(Parent):
        class Meta:
            app_label = "shop"

    assert not hasattr(Parent._meta, "fleet_companions")
    assert companions_of(One)["profiles"]._meta.db_table == "shop_one_profiles"
    assert companions_of(Two)["profiles"]._meta.db_table == "shop_two_profiles"


def test_there_is_one_for_each_home():
    """With the columns that name it and the key of the owner; a proxy shares it."""
    found = companions_of(Person)
    assert {using: each._meta.label for using, each in found.items()} == {
        "profiles": "people.Person_profiles",
        "records": "people.Person_records",
    }
    profiles = found["profiles"]
    assert [field.name for field in profiles._meta.local_fields] == [OWNER, "bio", "email"]
    assert profiles._meta.pk.column == "id"
    assert profiles._meta.get_field("email").unique
    assert profiles._meta.get_field("bio").fleet_using is None
    assert is_companion(profiles._meta)
    assert not is_companion(Person._meta)
    assert owner_of(profiles) is Person
    assert companions_of(Nearby) == found
    assert companions_of(Plain) == {}


def test_columns_of_parents_belong_to_their_companions():
    """A child has them all; what it declares itself is in its own."""
    columns = {field.name: column for field, column in columns_of(Employee).items()}
    assert set(columns) == {"bio", "email", "score", "mood", "contract"}
    assert columns["bio"].owner is Person
    assert columns["contract"].owner is Employee
    assert columns["contract"].stored.model._meta.label == "people.Employee_records"
    assert column_of(Plain._meta.get_field("bio")) is None


def test_nobody_sees_it():
    """Neither as a relation nor as a name in queries."""
    with installed():
        names = {field.name for field in Person._meta.get_fields()}
    assert names == {
        *("id", "name", "age", "team", "bio", "email", "score", "mood", "badges", "employee")
    }
    assert not hasattr(Person, "person_profiles")
    with pytest.raises(FieldError):
        Person.objects.filter(person_profiles=1)


def test_names_lead_through_the_companion():
    """Whatever the query does with them; those of other fields stay as they are."""
    query = Query(Person)
    path, final, targets, rest = query.names_to_path(["bio", "length"], Person._meta)
    assert [each.to_opts.label for each in path] == ["people.Person_profiles"]
    assert final is targets[0] is companions_of(Person)["profiles"]._meta.get_field("bio")
    assert rest == ["length"]
    assert query.names_to_path(["name"], Person._meta)[0] == []
    path, *_ = query.names_to_path(["contract"], Employee._meta)
    assert [each.to_opts.label for each in path] == ["people.Employee_records"]
    path, *_ = query.names_to_path(["bio"], Employee._meta)
    assert [each.to_opts.label for each in path] == ["people.Person", "people.Person_profiles"]


@isolate_apps("lab.shop")
def test_constraints_of_one_home_are_the_companion_s():
    """Those of the own table stay there."""

    class Thing(models.Model):
        name = models.TextField()
        bio = models.TextField(using="profiles")
        mood = models.TextField(using="profiles")

        class Meta:
            app_label = "shop"
            unique_together = [("bio", "mood")]
            indexes = [
                models.Index(fields=["name"], name="own"),
                models.Index(fields=["-bio"], name="theirs"),
            ]
            constraints = [models.UniqueConstraint(fields=["bio"], name="unique_bio")]

    opts = companions_of(Thing)["profiles"]._meta
    assert opts.unique_together == (("bio", "mood"),)
    assert [each.name for each in opts.indexes] == ["theirs"]
    assert [each.name for each in opts.constraints] == ["unique_bio"]


@pytest.mark.parametrize(
    ("using", "name"),
    [
        ("profiles", "people_person_profiles"),
        ("profile-db", "people_person_profile_db_b0a5"),
        ("x" * 80, None),
    ],
)
def test_a_table_is_named_by_its_owner_and_the_alias(using, name):
    """Two aliases never give the same name; no server's limit is passed."""
    found = table_name("people_person", using)
    assert len(found) <= 63
    assert name is None or found.startswith(name[:-4])
    assert table_name("people_person", "a-b") != table_name("people_person", "a_b")


@pytest.mark.parametrize(
    "field",
    [
        models.ForeignKey(Plain, models.CASCADE, using="profiles"),
        models.CharField(max_length=9, primary_key=True, using="profiles"),
        models.CharField(max_length=9),
    ],
)
def test_some_fields_cannot_be_elsewhere(field):
    """A check says so; until then they are ordinary."""
    assert not is_split(field)


def test_the_process_knows_that_there_are_such_fields():
    """From the first on, so that the hooks for them are in."""
    assert running().has_split_fields
    assert issubclass(Person, Base)
