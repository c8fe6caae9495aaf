"""Statement C5: a field keeps its column on another database; its model behaves like one model."""

import copy
import json
import pickle
from contextlib import suppress

import pytest
from asgiref.sync import async_to_sync
from django.apps import apps
from django.contrib.admin.sites import site
from django.contrib.auth.models import User
from django.core import serializers
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.core.management import call_command
from django.db import DatabaseError, IntegrityError, connections, models, transaction
from django.db.models import Case, Count, Exists, F, OuterRef, Prefetch, Q, Subquery, Value, When
from django.db.models.functions import Concat, Length
from django.db.models.signals import post_delete, post_save, pre_delete, pre_save
from django.forms import modelform_factory, modelformset_factory
from django.test.utils import override_settings

import django_fleet as fleet
from django_fleet.errors import FederationNotSupportedError, SplitModelError
from django_fleet.relations.split.companions import companions_of
from lab.fleets import statements, tables
from lab.people.fleet import ALIASES, MODELS, installed, parts, with_companions
from lab.people.models import Badge, Dated, Employee, Nearby, Person, Team

MIXED = ("sqlite", "postgresql", "mariadb")


@pytest.fixture(params=["sqlite", "postgresql", "mariadb", "mixed"])
def people(request, lab_on):
    """Rows on ``default``, columns on ``profiles`` and ``records``; on one vendor, then on three."""
    vendors = MIXED if request.param == "mixed" else (request.param,) * 3
    with parts(lab_on, *vendors):
        yield request.param


@pytest.fixture
def ann(people):
    team = Team.objects.create(name="Blue")
    return Person.objects.create(
        name="Ann", age=30, team=team, bio="long", email="a@b.org", score=3, mood="b"
    )


def asked(found):
    """How many statements each database got, transactions aside."""
    words = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "ROLLBACK", "SET ", "SELECT @@")
    counted = [alias for alias, sql in found if not sql.startswith(words)]
    return {alias: counted.count(alias) for alias in ALIASES if alias in counted}


def rows(alias, table):
    with connections[alias].cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")
        return cursor.fetchone()[0]


def in_parts():
    """How many people each table has."""
    return tuple(
        rows(alias, f"people_person{suffix}")
        for alias, suffix in zip(ALIASES, ("", "_profiles", "_records"), strict=True)
    )


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
        **{"id": bob.pk, "name": "Bob", "age": 0, "team_id": bob.team_id},
        **{"bio": "short", "email": None, "score": None, "mood": "g"},
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
    assert [each.pk for each in made] and all(each.pk for each in made)
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
        assert Dated.objects.dates("made", "year")[0].year == made.made.year


@pytest.mark.usefixtures("ann")
def test_c5_validation():
    """Unique values within their home; required ones; a constraint is asked there."""
    with pytest.raises(ValidationError) as refused:
        Person(name="", email="a@b.org", mood="x").full_clean()
    assert {"name", "email", "mood"} <= set(refused.value.error_dict)
    Person.objects.get().full_clean()


@pytest.mark.usefixtures("ann")
def test_c5_copies_and_pickles():
    """Of objects, querysets, deferred ones."""
    ann = Person.objects.defer("score").get()
    for again in (pickle.loads(pickle.dumps(ann)), copy.copy(ann), copy.deepcopy(ann)):
        assert (again.bio, again.get_deferred_fields()) == ("long", {"score"})
        assert again.score == 3
    queryset = Person.objects.filter(bio="long")
    queryset.query = pickle.loads(pickle.dumps(queryset.query))
    assert queryset.get().name == "Ann"
    clone = Person.objects.get()
    clone.pk, clone.email = None, "c@b.org"
    clone._state.adding = True
    clone.save()
    assert Person.objects.filter(bio="long").count() == 2


@pytest.mark.usefixtures("people")
def test_c5_signals_come_once():
    """One object, one signal; the parts send none."""
    heard = []
    signals = (pre_save, post_save, pre_delete, post_delete)

    def hear(sender, signal, instance, **kwargs):
        heard.append((sender, signals.index(signal), kwargs["using"]))

    for signal in signals:
        signal.connect(hear)
    try:
        ann = Person.objects.create(name="Ann", bio="x")
        ann.delete()
    finally:
        for signal in signals:
            signal.disconnect(hear)
    assert heard == [(Person, number, "default") for number in range(4)]
    assert in_parts() == (0, 0, 0)


@pytest.mark.usefixtures("ann")
@pytest.mark.parametrize("kind", ["json", "xml", "jsonl"])
def test_c5_serializers_see_one_model(kind, tmp_path):
    """``dumpdata`` writes each object once, with all fields; ``loaddata`` brings it back."""
    expected = list(Person.objects.values())
    for alias in ALIASES:
        path = tmp_path / f"{alias}.{kind}"
        call_command("dumpdata", "people", database=alias, output=path, format=kind, verbosity=0)
    dumped = (tmp_path / f"default.{kind}").read_text()
    assert "long" in dumped
    assert "people.person_" not in dumped.lower()
    assert "long" not in (tmp_path / f"profiles.{kind}").read_text()
    Person.objects.all().delete()
    Team.objects.all().delete()
    call_command("loaddata", tmp_path / f"default.{kind}", verbosity=0)
    assert list(Person.objects.values()) == expected
    assert in_parts() == (1, 1, 1)
    text = serializers.serialize("json", Person.objects.all())
    assert json.loads(text)[0]["fields"]["bio"] == "long"


@pytest.mark.usefixtures("ann")
def test_c5_forms_and_formsets():
    """Shown, changed, and refused by the rules of the fields."""
    ann = Person.objects.get()
    form_class = modelform_factory(Person, fields="__all__")
    form = form_class(instance=ann)
    assert form.initial["bio"] == "long"
    data = {**form.initial, "bio": "from a form", "score": "8"}
    form = form_class(data, instance=ann)
    assert form.is_valid(), form.errors
    form.save()
    assert Person.objects.values_list("bio", "score").get() == ("from a form", 8)
    assert "email" in form_class({"name": "B", "age": 1, "email": "a@b.org", "mood": "g"}).errors
    formset_class = modelformset_factory(Person, fields=["name", "bio"], extra=1)
    data = {
        **{"form-TOTAL_FORMS": 2, "form-INITIAL_FORMS": 1},
        **{"form-0-id": ann.pk, "form-0-name": "Ann", "form-0-bio": "1"},
        **{"form-1-name": "Bob", "form-1-bio": "2"},
    }
    formset = formset_class(data, queryset=Person.objects.all())
    assert formset.is_valid(), formset.errors
    formset.save()
    assert sorted(Person.objects.values_list("bio", flat=True)) == ["1", "2"]


@pytest.fixture
def admin_site():
    from django.contrib.admin import ModelAdmin

    class PersonAdmin(ModelAdmin):
        list_display = ("name", "bio", "mood")
        list_filter = ("mood",)
        search_fields = ("bio",)
        ordering = ("bio",)

    site.register(Person, PersonAdmin)
    yield
    site.unregister(Person)


@pytest.mark.usefixtures("admin_site")
def test_c5_the_admin(lab, client):
    """List, search, filter, order, change, add, delete; only the model itself is there."""
    with installed(), lab.fleet({"default": {}, "profiles": {}, "records": {}}):
        call_command("migrate", verbosity=0)
        lab.create_tables(*(m for m in with_companions(*MODELS) if m._meta.db_table not in tables("default")))
        client.force_login(User.objects.create_superuser("root"))
        Person.objects.create(name="Ann", bio="long", mood="b")
        Person.objects.create(name="Bob", bio="short")
        for query, shown, hidden in (
            ("", "Ann", "nobody"),
            ("?q=long", "Ann", "Bob"),
            ("?mood__exact=g", "Bob", "Ann"),
            ("?o=2", "Ann", "nobody"),
        ):
            text = client.get(f"/admin/people/person/{query}").content.decode()
            assert shown in text.split("result_list")[-1]
            assert f">{hidden}<" not in text
        ann = Person.objects.get(name="Ann")
        page = f"/admin/people/person/{ann.pk}/change/"
        assert "long" in client.get(page).content.decode()
        data = {"name": "Ann", "age": 1, "bio": "changed", "mood": "g", "email": "", "score": ""}
        data["team"] = Team.objects.create(name="Blue").pk
        response = client.post(page, data)
        assert response.status_code == 302, response.context["errors"]
        assert Person.objects.get(name="Ann").bio == "changed"
        assert client.post("/admin/people/person/add/", {**data, "name": "New"}).status_code == 302
        assert client.post(f"/admin/people/person/{ann.pk}/delete/", {"post": "yes"}).status_code == 302
        assert sorted(Person.objects.values_list("name", flat=True)) == ["Bob", "New"]


@pytest.mark.usefixtures("ann")
def test_c5_async():
    """Each of the ``a``-methods reaches both parts."""
    async def work():
        ann = await Person.objects.aget(bio="long")
        ann.bio = "later"
        await ann.asave()
        await ann.arefresh_from_db()
        made = await Person.objects.acreate(name="Bob", bio="b")
        assert {each.bio async for each in Person.objects.all()} == {"later", "b"}
        assert [e.bio async for e in Person.objects.order_by("bio").aiterator()] == ["b", "later"]
        assert await Person.objects.filter(bio="b").aupdate(bio="c", name="C") == 1
        assert await Person.objects.aget_or_create(bio="c") == (made, False)
        await Person.objects.abulk_create([Person(name="D", bio="d")])
        await made.adelete()
        return await Person.objects.filter(bio__in=["c", "d"]).acount()

    assert async_to_sync(work)() == 1


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
