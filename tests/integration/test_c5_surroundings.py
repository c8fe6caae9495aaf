"""Statement C5: forms, the admin, fixtures, signals, copies and async code see one model."""

import copy
import json
import pickle

import pytest
from asgiref.sync import async_to_sync
from django.contrib.admin import AdminSite, ModelAdmin
from django.contrib.auth.models import User
from django.core import serializers
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import connections
from django.db.models.signals import post_delete, post_save, pre_delete, pre_save
from django.forms import modelform_factory, modelformset_factory
from django.test.utils import override_settings
from django.urls import path as page_at

from lab.commands import run
from lab.fleets import tables
from lab.people.fixtures import (  # noqa: F401 -- fixtures
    ann_in_parts,
    in_parts,
    people_in_parts,
)
from lab.people.fleet import ALIASES, MODELS, installed, with_companions
from lab.people.models import Person, Team


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
        "form-TOTAL_FORMS": 2,
        "form-INITIAL_FORMS": 1,
        "form-0-id": ann.pk,
        "form-0-name": "Ann",
        "form-0-bio": "1",
        "form-1-name": "Bob",
        "form-1-bio": "2",
    }
    formset = formset_class(data, queryset=Person.objects.all())
    assert formset.is_valid(), formset.errors
    formset.save()
    assert sorted(Person.objects.values_list("bio", flat=True)) == ["1", "2"]


class PersonAdmin(ModelAdmin):
    list_display = ("name", "bio", "mood")
    list_filter = ("mood",)
    search_fields = ("bio",)
    ordering = ("bio",)


@pytest.fixture
def admin_site():
    """A site with people, at the URLs of the project."""
    own = AdminSite()
    own.register(Person, PersonAdmin)
    urls = type("Urls", (), {"urlpatterns": [page_at("admin/", own.urls)]})
    with override_settings(ROOT_URLCONF=urls):
        yield


@pytest.mark.usefixtures("admin_site")
def test_c5_the_admin(lab, client):
    """List, search, filter, order, change, add, delete; only the model itself is there."""
    with installed(), lab.fleet({"default": {}, "profiles": {}, "records": {}}):
        call_command("migrate", verbosity=0)
        lab.create_tables(
            *(m for m in with_companions(*MODELS) if m._meta.db_table not in tables("default"))
        )
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
        data = {"name": "Ann", "age": 1, "bio": "changed", "mood": "g", "score": 1}
        data |= {"team": Team.objects.create(name="Blue").pk, "email": "a@b.org"}
        response = client.post(page, data)
        assert response.status_code == 302, response.context["errors"]
        assert Person.objects.get(name="Ann").bio == "changed"
        new = {"name": "New", "email": "n@b.org"}
        assert client.post("/admin/people/person/add/", {**data, **new}).status_code == 302
        assert (
            client.post(f"/admin/people/person/{ann.pk}/delete/", {"post": "yes"}).status_code
            == 302
        )
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


def test_c5_what_a_crash_leaves_is_found(lab):
    """Columns without a row, by ``fleet orphans``; where all rows are there, nothing is."""
    relation = "people.Person_profiles.fleet_owner"
    with installed(), lab.fleet({alias: {} for alias in (*ALIASES, "analytics")}):
        lab.create_tables(*with_companions(Team, Person))
        Person.objects.create(name="Ann", bio="long")
        assert "0 orphans left" in run("fleet", "orphans", "--model", relation)
        with connections["default"].cursor() as cursor:
            cursor.execute("DELETE FROM people_person")
        assert "1 mended" in run("fleet", "orphans", "--fix", "delete", "--model", relation)
        assert in_parts() == (0, 0, 1)
