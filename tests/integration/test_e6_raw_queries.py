"""Statement E6 for ``Model.objects.raw()``: built in one moment, run in another."""

import pytest
from django.db import transaction
from django.db.models.query import RawQuerySet

import django_fleet as fleet
from lab.shop.models import Author, Book, Tag

REPLICATED = {"default": {}, "replica": {"REPLICA_OF": "default"}}


def _raw_by_hand(sql):
    return RawQuerySet(sql, model=Tag)


def answered_by(raw):
    """Where its one row comes from, each time that it is run."""
    (_row,) = raw.iterator()
    return raw.db


@pytest.mark.parametrize("make", [_raw_by_hand, Tag.objects.raw], ids=["by hand", "manager"])
def test_e6_a_raw_query_keeps_the_level_of_its_model(lab, make):
    """It is sent after a write that came after it was made."""
    with lab.fleet(REPLICATED, CONSISTENCY={"*": "eventual", "shop.Tag": "session"}):
        lab.create_tables(Tag)
        lab.servers.replicas[0].pause_replay()
        with fleet.unit_of_work():
            raw = make("SELECT * FROM shop_tag")
            clone = raw.prefetch_related()
            assert raw.db == "replica"
            Tag.objects.create(name="new")
            assert [tag.name for tag in raw] == ["new"]
            assert [tag.name for tag in clone] == ["new"]
            assert [tag.name for tag in raw.using("replica")] == []


def test_e6_a_raw_query_is_routed_when_it_runs(lab):
    """With the hints of its manager and the blocks that it was made in; a named database stays."""
    with lab.fleet(REPLICATED):
        lab.create_tables(Author, Book, Tag)
        author = Author.objects.create(name="a")
        Book.objects.create(title="b", author=author)
        lab.servers.catch_up()
        sql = "SELECT * FROM shop_book"
        with fleet.unit_of_work():
            with fleet.consistency("eventual"):
                past = Book.objects.raw(sql)
            lazy, primary = Book.objects.raw(sql), Book.objects.using("default").raw(sql)
            assert (past.db, lazy.db, primary.db) == ("replica", "replica", "default")
            with transaction.atomic():
                assert answered_by(lazy) == "default"
                assert answered_by(past) == "default"
            assert answered_by(primary) == "default"
            Tag.objects.create(name="new")
            assert answered_by(past) == "replica"
            assert answered_by(lazy) == "default"
            assert answered_by(author.books.raw(sql)) == "default"
