"""Statement C5: a field keeps its column on another database; its model reads like one model."""

import django
import pytest
from django.apps import apps
from django.core.exceptions import FieldError
from django.core.files.base import ContentFile
from django.db import connections, models
from django.db.models import (
    Case,
    Count,
    Exists,
    F,
    FilteredRelation,
    OuterRef,
    Prefetch,
    Q,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Length
from django.test.utils import override_settings
from django.utils import timezone

import django_fleet as fleet
from django_fleet.errors import SplitModelError
from django_fleet.relations.split.companions import companions_of
from lab.fleets import statements, tables
from lab.people.fixtures import (  # noqa: F401 -- fixtures
    ann_in_parts,
    asked,
    in_parts,
    people_in_parts,
    rows,
)
from lab.people.fleet import ALIASES, installed, with_companions
from lab.people.models import Badge, Dated, Employee, Nearby, Person, Team


@pytest.mark.usefixtures("people")
def test_c5_each_column_is_where_its_field_says():
    """And nowhere else; the model has all of them, in the order of the class."""
    names = ["id", "name", "age", "team", "bio", "email", "score", "mood"]
    assert [field.name for field in Person._meta.concrete_fields] == names
    found = {}
    for alias, table in zip(
        ALIASES, ("people_person", "people_person_profiles", "people_person_records"), strict=True
    ):
        with connections[alias].cursor() as cursor:
            described = connections[alias].introspection.get_table_description(cursor, table)
        found[alias] = {each.name for each in described}
    assert found == {
        "default": {"id", "name", "age", "team_id"},
        "profiles": {"id", "bio", "email"},
        "records": {"id", "score", "mood"},
    }


@pytest.mark.usefixtures("people")
def test_c5_saving_is_one_statement_per_home():
    """A new object, a changed one, and some of its fields."""
    ann = Person(name="Ann", bio="long", score=3)
    with statements() as found:
        ann.save()
    assert asked(found) == {"default": 1, "profiles": 1, "records": 1}
    ann.bio, ann.score = "longer", 4
    with statements() as found:
        ann.save()
    assert asked(found) == {"default": 1, "profiles": 1, "records": 1}
    with statements() as found:
        ann.save(update_fields=["name"])
    assert asked(found) == {"default": 1}
    with statements() as found:
        ann.save(update_fields=["bio"])
    assert asked(found) == {"default": 1, "profiles": 1}
    again = Person.objects.get()
    assert (again.name, again.bio, again.score, again.mood) == ("Ann", "longer", 4, "g")
    assert (ann._state.db, again._state.db) == ("default", "default")
    assert again.get_mood_display() == "good"


@pytest.mark.usefixtures("people")
def test_c5_a_page_is_one_query_and_one_per_home():
    """However many objects; also those that came along."""
    team = Team.objects.create(name="Blue")
    made = [Person(name=f"p{n}", bio=f"b{n}", score=n, team=team) for n in range(100)]
    Person.objects.bulk_create(made)
    Badge.objects.bulk_create([Badge(person=each, label="x") for each in made])
    with statements() as found:
        page = list(Person.objects.order_by("pk"))
        assert [(each.bio, each.score) for each in page] == [(f"b{n}", n) for n in range(100)]
    assert asked(found) == {"default": 1, "profiles": 1, "records": 1}
    with statements() as found:
        badges = list(Badge.objects.select_related("person").order_by("pk"))
        assert [each.person.bio for each in badges] == [f"b{n}" for n in range(100)]
    assert asked(found) == {"default": 1, "profiles": 1, "records": 1}
    with statements() as found:
        prefetched = list(Person.objects.prefetch_related("badges", "team"))
        assert prefetched[0].team.name == "Blue"
    assert asked(found) == {"default": 3, "profiles": 1, "records": 1}
    with statements() as found:
        badges = Badge.objects.prefetch_related(Prefetch("person", Person.objects.only("bio")))
        assert {each.person.bio for each in badges} == {f"b{n}" for n in range(100)}
    assert asked(found) == {"default": 2, "profiles": 1}
    with statements() as found:
        assert len(list(Person.objects.iterator(chunk_size=50))) == 100
    assert asked(found) == {"default": 1, "profiles": 2, "records": 2}


@pytest.mark.usefixtures("ann")
def test_c5_deferred_columns_are_read_when_somebody_asks():
    """And only those; a raw query defers what it did not read."""
    with statements() as found:
        ann = Person.objects.defer("bio", "score").get()
        assert ann.email == "a@b.org"
    assert asked(found) == {"default": 1, "profiles": 1, "records": 1}
    assert ann.get_deferred_fields() == {"bio", "score"}
    with statements() as found:
        ann = Person.objects.only("name", "mood").get()
    assert asked(found) == {"default": 1, "records": 1}
    with statements() as found:
        assert ann.bio == "long"
    assert found[-1][0] == "profiles" or found[0][0] == "profiles"
    (raw,) = Person.objects.raw("SELECT id, name FROM people_person")
    assert raw.get_deferred_fields() >= {"bio", "email", "score", "mood"}
    assert (raw.bio, raw.score) == ("long", 3)
    ann.bio = "unsaved"
    ann.refresh_from_db(fields=["bio"])
    assert ann.bio == "long"
    badge = Badge.objects.create(person=ann, label="x")
    with statements() as found:
        badge = Badge.objects.select_related("person").only("label", "person__bio").get()
        assert badge.person.bio == "long"
    assert asked(found) == {"default": 1, "profiles": 1}


@pytest.mark.usefixtures("ann")
def test_c5_queries_name_the_field_like_any_other():
    """Filters, order, expressions, groups, subqueries; values with and without names."""
    bob = Person.objects.create(name="Bob", bio="short", score=None, team=Team.objects.get())
    names = Person.objects.values_list("name", flat=True)
    assert list(names.filter(bio="long")) == ["Ann"]
    assert list(names.exclude(bio="long")) == ["Bob"]
    assert list(names.filter(Q(bio__startswith="sh") | Q(score__gt=5))) == ["Bob"]
    assert list(names.filter(score=None)) == ["Bob"]
    assert list(names.filter(age__gt=F("score"))) == ["Ann"]
    assert list(names.order_by("-bio")) == ["Bob", "Ann"]
    assert list(Person.objects.values_list("bio", "mood").order_by("bio")) == [
        ("long", "b"),
        ("short", "g"),
    ]
    assert Person.objects.values().get(bio="short") == {
        "id": bob.pk,
        "name": "Bob",
        "age": 0,
        "team_id": bob.team_id,
        "bio": "short",
        "email": None,
        "score": None,
        "mood": "g",
    }
    lengths = Person.objects.annotate(n=Length("bio"), x=Case(When(mood="b", then=Value(1))))
    assert sorted(lengths.values_list("n", "x"), key=str) == [(4, 1), (5, None)]
    assert Person.objects.aggregate(n=Count("score"), m=models.Max("bio")) == {"n": 1, "m": "short"}
    assert list(Team.objects.annotate(n=Count("id")).values_list("n")) == [(1,)]
    same = Person.objects.filter(bio=OuterRef("bio"), mood="b")
    assert list(names.filter(Exists(same))) == ["Ann"]
    first = Person.objects.filter(pk=OuterRef("pk")).values("bio")[:1]
    assert list(names.annotate(b=Subquery(first)).filter(b="long")) == ["Ann"]
    assert list(Badge.objects.filter(person__bio="long")) == []
    Badge.objects.create(person=bob, label="b")
    assert Badge.objects.filter(person__bio="short").values_list("person__mood").get() == ("g",)
    assert [each.name for each in Nearby.objects.all()] == ["Ann", "Bob"]
    assert set(Person.objects.in_bulk(["a@b.org"], field_name="email")) == {"a@b.org"}
    assert [each.bio for each in Person.objects.filter(name="Ann") | Person.objects.filter(bio="x")]
    assert "fleet_owner" not in str(Person._meta.get_fields())


@pytest.mark.usefixtures("people")
def test_c5_children_and_proxies():
    """A child of multi-table inheritance has its parent's columns and its own."""
    made = Employee.objects.create(name="E", bio="e", score=1, contract="c", salary=2)
    with statements() as found:
        again = Employee.objects.get(bio="e", contract="c")
    assert (again.score, again.contract, again.salary) == (1, "c", 2)
    assert rows("records", "people_employee_records") == 1
    again.bio, again.contract = "f", "d"
    again.save()
    assert Employee.objects.filter(bio="f").update(contract="x", bio="y", salary=3) == 1
    assert Person.objects.get().employee.contract == "x"
    assert Nearby.objects.get(bio="y").pk == made.pk
    assert Person.objects.select_related("employee").get().employee.bio == "y"
    Nearby.objects.filter(bio="y").update(bio="z")
    Person.objects.all().delete()
    assert (rows("records", "people_employee_records"), in_parts()) == (0, (0, 0, 0))
    assert found


@pytest.mark.usefixtures("people")
def test_c5_values_that_fields_and_servers_make(tmp_path):
    """``auto_now``, ``db_default``, JSON, binaries, files with their descriptors."""
    with override_settings(MEDIA_ROOT=tmp_path):
        made = Dated(data={"a": [1]}, raw=b"\0x")
        made.paper.save("a.txt", ContentFile(b"text"), save=False)
        made.save()
        again = Dated.objects.get(data__a=[1])
        assert (again.lucky, again.shout) == (7, "HEY") == (made.lucky, made.shout)
        assert again.made == made.made
        assert again.paper.read() == b"text"
        again.paper.close()
        assert bytes(again.raw) == b"\0x"
        before = again.changed
        again.save()
        assert Dated.objects.get().changed == again.changed > before
        assert Dated.objects.get().made == made.made
        bulk = Dated.objects.bulk_create([Dated(), Dated(lucky=8)])
        assert [each.lucky for each in bulk] == [7, 8]
        assert sorted(Dated.objects.values_list("lucky", flat=True)) == [7, 7, 8]
        with timezone.override("UTC"):  # servers without tables of time zones know this one
            assert Dated.objects.dates("made", "year")[0].year == made.made.year


@pytest.mark.usefixtures("ann")
def test_c5_blocks_and_other_databases():
    """``fleet.using()`` is about rows; away from their home the model is refused."""
    with fleet.using("default"):
        assert Person.objects.get(bio="long").score == 3
        Person.objects.create(name="B", bio="b")
    with fleet.primary():
        assert Person.objects.filter(bio="b").count() == 1
    ann = Person.objects.get(bio="long")
    with pytest.raises(SplitModelError, match=r"people\.Person on 'records' was refused"):
        ann.save(using="records")
    with pytest.raises(SplitModelError):
        Person(using="records", name="C").save()
    with pytest.raises(SplitModelError):
        Person.objects.using("profiles").bulk_create([Person(name="C")])
    assert in_parts() == (2, 2, 2)


def test_c5_a_placement_of_the_companion_moves_it(lab):
    """Its own label does; that of its app, or of its model, is about the rows."""
    placement = {"people.Person_profiles": "records", "people": "other"}
    layout = {"default": {}, "other": {}, "profiles": {}, "records": {}}
    with installed(), lab.fleet(layout, PLACEMENT=placement):
        lab.create_tables(*with_companions(Team, Person))
        Person.objects.create(name="Ann", bio="long", score=3)
        assert rows("other", "people_person") == 1
        assert rows("records", "people_person_profiles") == 1
        assert "people_person_profiles" not in tables("profiles")
        assert Person.objects.get(bio="long").score == 3


def test_c5_a_home_that_is_the_model_s_own_works(lab):
    """A table of its own there; nothing travels."""
    labels = "people.Person_profiles", "people.Person_records", "people.Employee_records"
    placement = dict.fromkeys(labels, "default")
    with installed(), lab.fleet({"default": {}, "idle": {}}, PLACEMENT=placement):
        lab.create_tables(*with_companions(Team, Person, Employee, Badge))
        Person.objects.create(name="Ann", bio="long", score=3)
        with statements() as found:
            assert Person.objects.filter(bio="long", score=3).values_list("name", "bio").get()
        assert asked(found) == {"default": 1}
        Person.objects.filter(bio="long").delete()
        assert rows("default", "people_person_profiles") == 0


def test_c5_replicas_of_a_home_serve_its_columns(lab):
    """As they serve any read; writes, and reads after them, go to the primary."""
    layout = {"default": {}, "profiles": {}, "records": {}, "copy": {"REPLICA_OF": "profiles"}}
    with installed(), lab.fleet(layout):
        lab.create_tables(*with_companions(Team, Person, Badge, Employee))
        with fleet.unit_of_work():
            Person.objects.create(name="Ann", bio="long")
            assert Person.objects.get().bio == "long"
        lab.catch_up()
        with fleet.unit_of_work(), statements() as found:
            ann = Person.objects.get()
            assert ann.bio == "long"
        assert {alias for alias, _ in found} == {"default", "copy", "records"}
        ann.bio = "new"
        ann.save()
        with fleet.primary():
            assert Person.objects.get().bio == "new"


def test_c5_companions_are_in_no_list_of_models():
    """Nobody serialises, shows or permits them; they know their owner."""
    companions = set(companions_of(Person).values())
    assert {each.__name__ for each in companions} == {"Person_profiles", "Person_records"}
    with installed():
        assert not companions & set(apps.get_models())
        assert companions <= set(apps.get_models(include_auto_created=True))
    assert companions_of(Nearby) == companions_of(Person)
    assert set(companions_of(Employee)) == {"records"}


@pytest.mark.usefixtures("people")
def test_c5_select_related_of_what_is_no_relation():
    """Refused in Django's words, and filtered relations have names of their own."""
    for name in ("name", "team__name", "nothing"):
        with pytest.raises(FieldError, match="select_related"):
            list(Person.objects.select_related(name))
    person = Person.objects.create(name="Ann", bio="long")
    Badge.objects.create(person=person, label="x")
    owners = FilteredRelation("person", condition=Q(person__name="Ann"))
    with statements() as found:
        badge = Badge.objects.annotate(owned_by=owners).select_related("owned_by").get()
        assert badge.owned_by.bio == "long"
    assert asked(found) == {"default": 1, "profiles": 1, "records": 1}


@pytest.mark.skipif(django.VERSION < (6, 1), reason="fetch modes are there since Django 6.1")
@pytest.mark.usefixtures("people")
def test_c5_fetch_modes():
    """Peers are fetched together; a column that must not be fetched is not."""
    Person.objects.bulk_create([Person(name=f"p{n}", bio=f"b{n}") for n in range(5)])
    first, *others = Person.objects.fetch_mode(models.FETCH_PEERS).defer("bio").order_by("pk")
    assert first.bio == "b0"
    with statements() as found:
        assert [each.bio for each in others] == ["b1", "b2", "b3", "b4"]
    assert asked(found) == {}
    with statements() as found:
        again = list(Person.objects.fetch_mode(models.FETCH_PEERS))
        assert {each.bio for each in again} == {f"b{n}" for n in range(5)}
    assert asked(found) == {"default": 1, "profiles": 1, "records": 1}
    refused = Person.objects.fetch_mode(models.FETCH_RAISE).only("name").first()
    with pytest.raises(FieldError, match="bio"):
        _ = refused.bio
