"""What Django's own suites found when their models were scattered: each defect, once more and for good."""

import gc
import json

import pytest
from django.apps.registry import Apps
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission, User
from django.contrib.contenttypes.models import ContentType
from django.core import serializers
from django.db import models
from django.db.models import Count, F, FilteredRelation, Max, Q, Subquery, Value
from django.db.models.functions import Concat

from lab.fleets import statements
from lab.library.models import Author, Book, Country, Note, Publisher, Tag

LAYOUT = {"default": {}, "other": {}}
FLEET_ROUTER = "django_fleet.Router"
THROUGH = (User.groups.through, User.user_permissions.through, Group.permissions.through)
separate = Apps(["lab.shop"])  # not the project's own: other tests know its models


class Seat(models.Model):
    """Its key has two columns."""

    pk = models.CompositePrimaryKey("room", "number")
    room = models.IntegerField()
    number = models.IntegerField()
    cheap = models.BooleanField(default=False)

    class Meta:
        apps = separate
        app_label = "shop"

    def __str__(self):
        return f"{self.room}-{self.number}"


class Booking(models.Model):
    """Its key has two columns, and refers to a key of two columns."""

    pk = models.CompositePrimaryKey("room", "number")
    room = models.IntegerField()
    number = models.IntegerField()
    paid = models.BooleanField(default=False)
    seat = models.ForeignObject(
        Seat, models.CASCADE, from_fields=("room", "number"), to_fields=("room", "number")
    )

    class Meta:
        apps = separate
        app_label = "shop"

    def __str__(self):
        return f"booking of {self.room}-{self.number}"


class Homes:
    """A router: the named models live on ``other``, all else on ``default``."""

    def __init__(self, *others):
        self.others = others

    def db_for_read(self, model, **_hints):
        return "other" if model._meta.concrete_model in self.others else "default"

    db_for_write = db_for_read

    def allow_relation(self, *_objects, **_hints):
        return True

    def allow_migrate(self, db, _app_label, model_name=None, **hints):
        del model_name
        return db == self.db_for_read(hints["model"])


@pytest.fixture
def books(lab):
    """Two books on ``default``; the authors on ``other``, one of whom is named in his title."""
    with lab.fleet(LAYOUT, routers=(FLEET_ROUTER, Homes(Author))):
        lab.create_tables(Country, Author, Publisher, Tag, Book)
        ann, ben = (Author.objects.create(name=name) for name in ("ann", "ben"))
        Book.objects.create(title="ann by herself", author=ann, price=1)
        Book.objects.create(title="of others", author=ben, price=1)
        yield


@pytest.mark.usefixtures("books")
def test_a_filtered_relation_may_name_a_table_that_nothing_else_needs():
    """A table that is named in the condition of a join cannot be left out of the statement."""
    own = FilteredRelation("author", condition=Q(title__icontains=F("author__name")))
    found = Book.objects.annotate(own=own).filter(own__isnull=False)
    assert [book.title for book in found] == ["ann by herself"]
    assert found.count() == 1
    assert [book.author.name for book in found.select_related("author")] == ["ann"]


@pytest.fixture
def saved_garbage(books):
    """What the collector finds when it is called, kept in ``gc.garbage``; ``books`` are there."""
    del books
    gc.collect()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    yield gc.garbage
    gc.set_debug(0)
    gc.enable()
    gc.garbage.clear()


@pytest.mark.parametrize(
    "crossing",
    [
        Book.objects.filter(author__name="ann"),
        Book.objects.order_by("author__name"),
        Book.objects.filter(author__in=Author.objects.filter(name="ann")),
        Book.objects.values_list("title", "author__name"),
    ],
    ids=["filter", "order", "subquery", "lookup"],
)
def test_rows_that_travelled_do_not_wait_for_the_garbage_to_be_collected(crossing, saved_garbage):
    """A query that crossed leaves nothing behind that refers to itself."""
    assert list(crossing)
    assert list(crossing.all().iterator())
    gc.collect()
    left = {f"{type(each).__module__}.{type(each).__name__}" for each in saved_garbage}
    assert not {name for name in left if name.startswith(("django_fleet.queries.", "django.db."))}


def test_a_filtered_relation_may_name_a_table_of_the_other_database(lab):
    """What is read at home of the tables that it joins leaves its condition to the host."""
    with lab.fleet(LAYOUT, routers=(FLEET_ROUTER, Homes(Book, Publisher))):
        lab.create_tables(Country, Author, Publisher, Tag, Book)
        ann, ben = (Author.objects.create(name=name) for name in ("ann", "ben"))
        press = Publisher.objects.create(name="press")
        Book.objects.create(title="by ann", author=ann, publisher=press, price=1)
        Book.objects.create(title="by ann", author=ben, publisher=press, price=1)
        condition = Q(books__title=Concat(Value("by "), F("books__author__name")))
        named = FilteredRelation("books__publisher", condition=condition)
        found = Author.objects.annotate(press=named).filter(press__isnull=False)
        assert [author.name for author in found] == ["ann"]
        assert found.count() == 1


def test_a_subquery_of_keys_with_several_columns_is_answered_at_home(lab):
    """Such a key travels as its columns."""
    with lab.fleet(LAYOUT, routers=(FLEET_ROUTER, Homes(Seat))):
        lab.create_tables(Seat, Booking)
        for number in (1, 2, 3):
            Seat.objects.create(room=7, number=number)
            Booking.objects.create(room=7, number=number)
        keys = Subquery(Seat.objects.filter(number__gt=1).values("pk"))
        assert Booking.objects.filter(seat__in=keys).count() == 2
        assert Booking.objects.exclude(seat__in=keys).count() == 1
        assert Seat.objects.filter(pk__in=keys).count() == 2


def test_objects_of_a_generic_relation_are_counted_and_summed(lab):
    """Their totals do not hold the content type that the join asks for."""
    with lab.fleet(LAYOUT, routers=(FLEET_ROUTER, Homes(Note))):
        lab.create_tables(ContentType, Country, Author, Publisher, Tag, Book, Note)
        ContentType.objects.clear_cache()
        ann, ben = (Author.objects.create(name=name) for name in ("ann", "ben"))
        book = Book.objects.create(pk=ann.pk, title="of ann", author=ann, price=1)
        for target in (ann, ann, book):
            Note.objects.create(target=target, text="well")
        counted = Author.objects.annotate(number=Count("notes"), last=Max("notes__id"))
        first = {each.name: (each.number, each.last is None) for each in counted}
        assert first == {"ann": (2, False), "ben": (0, True)}
        assert ben.notes.count() == 0
        ContentType.objects.clear_cache()


def test_an_update_that_crosses_has_one_subquery_and_no_more(lab):
    """It is compiled twice; compiling moves its conditions into a subquery, which nests no further."""
    with lab.fleet(LAYOUT, routers=(FLEET_ROUTER, Homes(Seat))):
        lab.create_tables(Seat, Booking)
        for number in (1, 2):
            Seat.objects.create(room=7, number=number, cheap=number == 2)
            Booking.objects.create(room=7, number=number)
        with statements() as sent:
            found = Booking.objects.filter(seat__cheap=True).update(paid=True)
        assert found == 1
        assert list(Booking.objects.filter(paid=True).values_list("number", flat=True)) == [2]
        (update,) = [sql for _, sql in sent if sql.startswith("UPDATE")]
        assert update.count(" JOIN ") == 1


@pytest.fixture
def people(lab, monkeypatch):
    """Users and groups live on ``other``; fixtures are loaded into ``default``."""
    with lab.fleet(LAYOUT, routers=(FLEET_ROUTER, Homes(User, Group, *THROUGH))):
        for model in THROUGH:
            for key in (field for field in model._meta.local_fields if field.remote_field):
                monkeypatch.setattr(key, "db_constraint", False)
        lab.create_tables(ContentType, Permission, Group, User)
        ann = User.objects.create(username="ann")
        editors = Group.objects.create(name="editors")
        yield ann, editors
        ContentType.objects.clear_cache()


def loaded(form, objects):
    """The objects of a fixture for ``default``."""
    text = json.dumps(objects) if form == "json" else objects
    return [each.object for each in serializers.deserialize(form, text, using="default")]


def test_natural_keys_of_other_databases_are_looked_for_at_home(people):
    """Of a foreign key, of a many-to-many relation and of the object itself, in JSON and in XML."""
    ann, editors = people
    entry = {"model": "admin.logentry", "fields": {"user": ["ann"], "object_repr": "it"}}
    assert [each.user_id for each in loaded("json", [entry])] == [ann.pk]
    group = {"model": "auth.group", "fields": {"name": "editors"}}
    assert [each.pk for each in loaded("json", [group])] == [editors.pk]
    member = {"model": "auth.user", "fields": {"username": "ben", "groups": [["editors"]]}}
    text = json.dumps([member])
    (found,) = serializers.deserialize("json", text, using="default")
    assert found.m2m_data == {"groups": [editors.pk]}
    found.save()
    assert list(User.objects.get(username="ben").groups.all()) == [editors]


def test_natural_keys_in_xml_are_looked_for_at_home(people):
    """XML has a deserializer of its own."""
    ann, editors = people
    text = """<django-objects version="1.0">
      <object model="admin.logentry">
        <field name="user" rel="ManyToOneRel" to="auth.user"><natural>ann</natural></field>
      </object>
      <object model="auth.user">
        <field name="username" type="CharField">ben</field>
        <field name="groups" rel="ManyToManyRel" to="auth.group">
          <object><natural>editors</natural></object>
        </field>
      </object>
    </django-objects>"""
    entry, user = serializers.deserialize("xml", text, using="default")
    assert isinstance(entry.object, LogEntry)
    assert entry.object.user_id == ann.pk
    assert user.m2m_data == {"groups": [editors.pk]}
