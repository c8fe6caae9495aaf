"""What is mended of misplaced tables, on SQLite files: nothing that holds a row is lost."""

import pytest
from django.db import connections

from django_fleet.inventory.findings import Finding, findings
from django_fleet.inventory.mending import mend
from lab.crm.models import Call, Customer
from lab.fleets import tables
from lab.shop.models import Author, Book, Novel, Tag

SHOP = {"shop_author", "shop_tag", "shop_book", "shop_book_tags", "shop_novel"}


@pytest.fixture
def files(project, tmp_path):
    """``default`` and ``other`` as files; the placement is the test's."""

    def make(**placement):
        layout = {
            alias: {"NAME": str(tmp_path / f"{alias}.sqlite3")} for alias in ("default", "other")
        }
        placement = {label.replace("__", "."): alias for label, alias in placement.items()}
        return project(layout, FLEET={"PLACEMENT": {"reports": "default", **placement}})

    return make


def create(alias, *models):
    with connections[alias].schema_editor() as editor:
        for model in models:
            editor.create_model(model)


def found(kind, *aliases):
    return {each.model: each for each in findings(aliases) if each.kind == kind}


def left(alias, model, rows=0):
    return Finding("left-behind-table", alias, "", "", model=model._meta.label, rows=rows)


def missing(alias, *models):
    return [Finding("missing-table", alias, "", "", model=model._meta.label) for model in models]


def labels(mended):
    return {finding.model for finding in mended}


def test_a_missing_table_is_made(files):
    """As the model is now; what was mended is given back, and found no more."""
    with files(crm="other"):
        wanted = found("missing-table", "other")
        assert set(wanted) == {"crm.Customer", "crm.Call"}
        assert labels(mend(wanted.values())) == set(wanted)
        assert {"crm_customer", "crm_call"} <= tables("other")
        assert Customer.objects.create(name="a").pk
        assert found("missing-table", "other") == {}


def test_tables_that_refer_to_each_other_are_made_together(files):
    """In any order, and a through table once, with its model."""
    with files(shop="other"):
        wanted = found("missing-table", "other")
        assert "shop.Book_tags" in wanted
        assert labels(mend(reversed(wanted.values()))) == set(wanted)
        assert tables("other") >= SHOP
        Book.objects.create(title="b", author=Author.objects.create(name="a")).tags.create(name="t")


def test_only_the_through_table_is_missing(files):
    """Its model is not made again."""
    with files(shop="other"):
        mend(found("missing-table", "other").values())
        with connections["other"].cursor() as cursor:
            cursor.execute("DROP TABLE shop_book_tags")
        wanted = found("missing-table", "other")
        assert set(wanted) == {"shop.Book_tags"}
        assert labels(mend(wanted.values())) == {"shop.Book_tags"}
        assert "shop_book_tags" in tables("other")


def test_only_the_model_of_a_through_table_is_missing(files):
    """The through table that is there stays as it is."""
    with files(shop="other"):
        mend(found("missing-table", "other").values())
        with connections["other"].cursor() as cursor:
            cursor.execute("PRAGMA foreign_keys = 0")
            cursor.execute("DROP TABLE shop_book")
        wanted = found("missing-table", "other")
        assert set(wanted) == {"shop.Book"}
        assert labels(mend(wanted.values())) == {"shop.Book"}
        assert tables("other") >= SHOP


def test_an_empty_table_that_was_left_behind_is_dropped(files):
    """Nobody misses it."""
    with files(crm__Call="other"):
        create("default", Call)
        nowhere_else = found("left-behind-table", "default").values()
        assert mend(nowhere_else) == [], "the only table of a model stays"
        create("other", Call)
        assert labels(mend(found("left-behind-table", "default").values())) == {"crm.Call"}
        assert "crm_call" not in tables("default")


def test_a_table_with_a_row_is_never_dropped(files):
    """It is neither gone nor called mended."""
    with files(crm__Call="other"):
        create("default", Call)
        Call.objects.using("default").create(number="1")
        finding = found("left-behind-table", "default")["crm.Call"]
        assert finding.rows == 1
        assert "bring its 1 row to 'other' first" in finding.remedy
        assert mend([finding]) == []
        assert Call.objects.using("default").count() == 1


def test_a_row_that_came_after_the_look_saves_its_table(files):
    """Whatever was counted before."""
    with files(crm__Call="other"):
        create("default", Call)
        before = found("left-behind-table", "default").values()
        Call.objects.using("default").create(number="1")
        assert mend(before) == []
        assert Call.objects.using("default").count() == 1


def test_empty_tables_that_refer_to_each_other_are_dropped_together(files):
    """Parents, children and through tables."""
    with files(shop="other"):
        for alias in ("default", "other"):
            create(alias, Author, Tag, Book, Novel)
        gone = mend(found("left-behind-table", "default").values())
        assert labels(gone) >= {"shop.Book", "shop.Book_tags", "shop.Novel"}
        assert not SHOP & tables("default")


def test_a_through_table_of_a_model_with_rows_is_not_called_mended_unless_it_is_gone(files):
    """What is given back as mended is no longer there."""
    with files(shop="other"):
        create("default", Author, Tag, Book, Novel)
        Book.objects.using("default").create(title="kept")
        gone = labels(mend(found("left-behind-table", "default").values()))
        assert "shop_book" in tables("default")
        assert Book.objects.using("default").count() == 1
        for label, table in (("shop.Book_tags", "shop_book_tags"), ("shop.Novel", "shop_novel")):
            assert (label in gone) == (table not in tables("default"))
        assert "shop.Book" not in gone


def test_a_table_that_another_one_refers_to_stays(files):
    """A row of the one would point to nothing."""
    with files(shop__Author="other"):
        create("default", Author, Tag, Book)
        assert mend([left("default", Author)]) == []
        assert "shop_author" in tables("default")


def test_each_database_is_mended_by_itself(files):
    """Missing there, left behind here, in one go."""
    with files(crm__Call="other"):
        create("default", Call)
        gone = mend([left("default", Call), *missing("other", Call)])
        assert {(each.alias, each.kind) for each in gone} == {
            ("default", "left-behind-table"),
            ("other", "missing-table"),
        }
        assert "crm_call" not in tables("default")
        assert "crm_call" in tables("other")


def test_what_cannot_be_mended_is_left(files):
    """A server that is down and a replica of something else are for people."""
    with files():
        others = [
            Finding("unreachable", "other", "", ""),
            Finding("not-a-replica", "other", "", ""),
        ]
        assert mend(others) == []
        assert mend([]) == []
