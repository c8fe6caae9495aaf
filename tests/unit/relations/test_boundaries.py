"""Which relations of the installed models cross a boundary; no database is asked."""

import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.test.utils import isolate_apps

from django_fleet.errors import UnplacedModelError
from django_fleet.relations.boundaries import (
    boundary_of,
    crossing_relations,
    generic_keys,
    primary_home,
)
from lab.family.apart import HERE
from lab.library.models import Author, Book, Handbook, Note, Tag
from lab.shop.models import Book as ShopBook
from lab.shop.models import Novel

LAYOUT = {
    **{alias: {} for alias in ("default", "crm", "analytics")},
    "copy": {"REPLICA_OF": "crm"},
}


class AuthorsElsewhere:
    """A router as users write it for stock Django."""

    def db_for_read(self, model, **hints):
        return "crm" if model._meta.label == "library.Author" else None

    db_for_write = db_for_read

    def allow_migrate(self, db, app_label, model_name=None, **hints):
        if app_label == "library":
            return (db == "crm") is (model_name == "author")
        return None


class Nowhere:
    def db_for_write(self, model, **hints):
        return "crm"

    def allow_migrate(self, db, app_label, model_name=None, **hints):
        return False


def found(app_label="library"):
    return {str(each) for each in crossing_relations() if each.child._meta.app_label == app_label}


OF_AUTHORS = {
    "library.Author.country (crm) -> library.Country (default)",
    "library.Passport.author (default) -> library.Author (crm)",
    "library.Book.author (default) -> library.Author (crm)",
    "library.Book.editor (default) -> library.Author (crm)",
    "library.Review.critic (default) -> library.Author (crm)",
}


def test_nothing_crosses_on_one_database(project):
    """Nor where several databases hold whole apps."""
    with project({"default": {}}, FLEET={"PLACEMENT": HERE}):
        assert crossing_relations() == []
    with project(LAYOUT, FLEET={"PLACEMENT": {"shop": "crm", "auth": "crm"}}):
        assert found("shop") == set()


def test_keys_of_both_directions_cross(project):
    """Those of the placed model, and those that point to it; its key to itself does not."""
    with project(LAYOUT, FLEET={"PLACEMENT": {"library.Author": "crm"}}):
        assert found() == OF_AUTHORS


def test_the_users_own_routers_are_asked(project):
    """Without a word of ``FLEET``, with our router and without it."""
    own = f"{__name__}.AuthorsElsewhere"
    for routers in ([own], ["django_fleet.Router", own]):
        with project(LAYOUT, routers=routers):
            assert found() == OF_AUTHORS


def test_a_through_table_stands_for_many_to_many(project):
    """Auto-created, it lives with the model that declares the relation."""
    with project(LAYOUT, FLEET={"PLACEMENT": {"library.Tag": "crm"}}):
        assert found() == {"library.Book_tags.tag (default) -> library.Tag (crm)"}
        (boundary,) = (each for each in crossing_relations() if each.parent is Tag)
        assert boundary.child is Book.tags.through
        assert not boundary.is_nullable


def test_homes_are_primaries(project):
    """A replica's rows are not the latest."""
    with project(LAYOUT, FLEET={"PLACEMENT": {"library.Author": "copy"}}):
        assert primary_home(Author) == "crm"
        assert {each.parent_home for each in crossing_relations() if each.parent is Author} == {
            "crm"
        }


def test_a_boundary_says_what_makes_its_key(project):
    """The child's column and the parent's, which need not be its primary key."""
    with project(LAYOUT, FLEET={"PLACEMENT": {"library.Author": "crm"}}):
        by_name = {each.label: each for each in crossing_relations()}
        editor, author = by_name["library.Book.editor"], by_name["library.Book.author"]
        assert editor.keys == (Book._meta.get_field("editor"),)
        assert editor.targets == (Author._meta.pk,)
        assert editor.is_nullable
        assert not author.is_nullable
        assert (editor.is_composite, editor.is_generic, editor.is_parent_link) == (False,) * 3


@isolate_apps("lab.library")
def test_a_composite_key_has_several_columns(project):
    """It is a boundary like others; who cannot work with it can see it."""

    class Page(models.Model):
        book_no = models.IntegerField()
        number = models.IntegerField()

        class Meta:
            app_label = "library"

    class Mark(models.Model):
        book_no = models.IntegerField()
        number = models.IntegerField(null=True)
        page = models.ForeignObject(
            Page, models.CASCADE, ["book_no", "number"], ["book_no", "number"]
        )

        class Meta:
            app_label = "library"

    with project(LAYOUT, FLEET={"PLACEMENT": {"library.Page": "crm"}}):
        boundary = boundary_of(Mark._meta.get_field("page"), Mark, Page)
        assert boundary.is_composite
        assert [key.name for key in boundary.keys] == ["book_no", "number"]
        assert not boundary.is_nullable


@isolate_apps("lab.library")
def test_a_key_may_point_to_another_column(project):
    """``to_field``."""

    class Writer(models.Model):
        code = models.CharField(max_length=10, unique=True)

        class Meta:
            app_label = "library"

    class Text(models.Model):
        writer = models.ForeignKey(Writer, models.CASCADE, to_field="code")

        class Meta:
            app_label = "library"

    with project(LAYOUT, FLEET={"PLACEMENT": {"library.Writer": "crm"}}):
        boundary = boundary_of(Text._meta.get_field("writer"), Text, Writer)
        assert boundary.targets == (Writer._meta.get_field("code"),)


def test_children_of_inheritance_apart_are_one_object(project):
    """A project should not; where it does, the link is told from other relations."""
    with project(LAYOUT, FLEET={"PLACEMENT": {"shop.Novel": "crm"}}):
        (link,) = (each for each in crossing_relations() if each.child is Novel)
        assert link.is_parent_link
        assert link.parent is ShopBook


def test_generic_keys_are_listed_once(project):
    """With the model whose table has the columns; their content type is a relation like others."""
    with project(LAYOUT, FLEET={"PLACEMENT": {"library.Note": "crm"}}):
        assert (Note, Note._meta.get_field("target")) in generic_keys()
        assert "library.Note.content_type (crm) -> contenttypes.ContentType (default)" in found()
        boundary = boundary_of(Note._meta.get_field("target"), Note, Book)
        assert boundary.is_generic
        assert boundary.keys == (Note._meta.get_field("object_id"),)
        assert boundary.targets == (Book._meta.pk,)
        assert not boundary.is_nullable
        assert boundary_of(Note._meta.get_field("content_type"), Note, ContentType) is not None


def test_the_pk_of_a_child_is_the_column_that_links_it(project):
    """A generic key may point to a child of multi-table inheritance."""
    with project(LAYOUT, FLEET={"PLACEMENT": {"library.Note": "crm"}}):
        boundary = boundary_of(Note._meta.get_field("target"), Note, Handbook)
        assert boundary.targets == (Handbook._meta.pk,)


def test_routers_that_contradict_each_other_make_no_boundary(project):
    """The table is nowhere, and the rows are in one place all the same."""
    with project(LAYOUT, routers=[f"{__name__}.Nowhere"]):
        assert crossing_relations() == []


def test_a_model_without_a_home_is_an_error(project):
    """The one that a query would get."""
    with project({"default": None, "crm": {}, "analytics": {}}):
        with pytest.raises(UnplacedModelError):
            crossing_relations()
