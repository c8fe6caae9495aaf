"""By which rules texts are compared, as far as somebody knows."""

import pytest

from django_fleet.queries.rules import Rules
from django_fleet.routing.running import running
from django_fleet.vendors.texts import BYTES, Collations, Texts
from lab.library.models import Author, Book

NAME = Author._meta.get_field("name")
C = Texts(BYTES, BYTES, "postgresql C")
GERMAN = Texts(BYTES, "de", "de")
POSTGRESQL = {"ENGINE": "django.db.backends.postgresql", "NAME": "nowhere"}


@pytest.fixture
def rules(project):
    """Two databases of PostgreSQL and one of SQLite; nobody opens a connection."""
    with project({"default": POSTGRESQL, "crm": POSTGRESQL, "file": {}}):
        yield Rules(running())


def know(**defaults):
    running().collations = {
        alias: Collations(
            default, {("library_book", "title"): "de-x-icu"} if alias == "crm" else {}
        )
        for alias, default in defaults.items()
    }


def test_databases_of_one_vendor_are_alike_until_they_were_asked(rules):
    """Also where one of them was."""
    assert not rules.is_foreign(NAME, "crm", "default")
    know(crm=GERMAN)
    assert not rules.is_foreign(NAME, "crm", "default")
    assert not rules.is_unlike(Author, "crm", "default")
    know(crm=GERMAN, default=C)
    assert rules.is_foreign(NAME, "crm", "default")
    assert rules.is_unlike(Author, "crm", "default")


def test_vendors_are_never_alike(rules):
    """That is known without asking."""
    assert rules.is_foreign(NAME, "file", "default")
    assert rules.is_unlike(Author, "default", "file")


def test_one_column_is_enough(rules):
    """Of its table; another table of that database stays alike."""
    know(crm=C, default=C)
    assert rules.is_unlike(Book, "crm", "default")
    assert not rules.is_unlike(Author, "crm", "default")


def test_rules_of_a_column_go_before_those_of_its_database(rules):
    """And what nobody asked for is what the vendor says."""
    title = Book._meta.get_field("title")
    assert rules.of(title, "crm").order == "postgresql default"
    know(crm=C)
    assert (rules.of(title, "crm").order, rules.of(NAME, "crm")) == ("postgresql de-x-icu", C)
    assert (rules.default("crm"), rules.default("default").order) == (C, "postgresql default")


def test_a_reload_forgets(rules):
    """Another server may stand behind the alias then."""
    know(crm=GERMAN, default=C)
    running().reload()
    assert not rules.is_foreign(NAME, "crm", "default")
    assert running().collations == running().unlike == {}
