"""Where a model lives, and what says so."""

import pytest
from django.core.cache.backends.db import BaseDatabaseCache
from django.db import models
from django.test.utils import isolate_apps

from django_fleet.conf import Policy
from django_fleet.topology import Home, Placement
from django_fleet.topology.placement import label_of, meta_using, owner
from lab.reports.models import Reader, Report, ReportProxy
from lab.shop.models import Author, Book, Novel, ShortBook, Tag

UNPLACED = Home("default", "nothing places it", is_placed=False)


def placement(labels, primary_of=lambda alias: alias):
    return Placement(Policy(placement=labels), primary_of)


def home(model, **labels):
    """The home of ``model`` where ``labels`` (a dot is written ``__``) are placed."""
    return placement({label.replace("__", "."): alias for label, alias in labels.items()}).home(
        model
    )


def test_a_model_that_nothing_names_lives_on_default():
    """Because everything does; it is not placed."""
    assert home(Tag) == UNPLACED


def test_an_app_label_places_its_models():
    """The reason is the entry."""
    assert home(Tag, shop="a") == Home("a", 'FLEET["PLACEMENT"]["shop"]', is_placed=True)
    assert home(Tag, crm="a") == UNPLACED


def test_a_model_label_wins_over_its_app():
    """Wherever it stands in the settings."""
    assert home(Tag, shop="a", shop__Tag="b").alias == "b"
    assert home(Tag, shop__Tag="b", shop="a").alias == "b"
    assert home(Author, shop__Tag="b", shop="a").alias == "a"


@pytest.mark.parametrize("label", ["shop.tag", "SHOP.TAG", "shop.Tag", "Shop"])
def test_case_does_not_matter(label):
    """And the reason keeps it as it was written."""
    found = placement({label: "a"}).home(Tag)
    assert found == Home("a", f'FLEET["PLACEMENT"]["{label}"]', is_placed=True)


def test_meta_using_places_a_model():
    """The reason says so."""
    assert home(Report) == Home("analytics", "Meta.using", is_placed=True)


def test_a_setting_wins_over_meta_using():
    """By app or by model: the one who deploys decides."""
    assert home(Report, reports="a").alias == "a"
    assert home(Report, reports__Report="b").alias == "b"


def test_what_names_a_replica_means_its_primary():
    """By setting, by Meta, and for default itself."""
    made = placement({"shop.Tag": "copy"}, lambda alias: f"primary of {alias}")
    assert made.home(Tag).alias == "primary of copy"
    assert made.home(Report).alias == "primary of analytics"
    assert made.home(Author).alias == "primary of default"
    assert made.app_home("shop.tag") == "primary of copy"


def test_a_proxy_lives_with_its_table():
    """What is said of the proxy itself does not count."""
    assert home(ShortBook, shop__Book="a").alias == "a"
    assert home(ShortBook, shop__ShortBook="a") == UNPLACED
    assert home(ReportProxy).alias == "analytics"


def test_a_through_table_lives_with_the_model_that_declares_it():
    """What is said of the table itself does not count."""
    through = Book.tags.through
    assert home(through, shop__Book="a", shop__Tag="b").alias == "a"
    assert home(through, shop__Book_tags="a") == UNPLACED
    assert home(Reader.reports.through).alias == "analytics"


def test_a_child_goes_with_its_parent():
    """Unless something names it; the reason names the parent."""
    found = home(Novel, shop__Book="a")
    assert found == Home(
        "a", 'FLEET["PLACEMENT"]["shop.Book"] of its parent shop.Book', is_placed=True
    )
    assert home(Novel, shop__Book="a", shop__Novel="b").alias == "b"
    assert home(Novel).is_placed is False


@isolate_apps("lab.shop")
def test_a_grandchild_a_child_of_an_abstract_model_and_a_proxy_of_a_child():
    """Tables count, classes do not."""

    class Base(models.Model):
        class Meta:
            app_label = "shop"
            using = "a"

    class Middle(Base):
        class Meta:
            app_label = "shop"
            abstract = True

    class Leaf(Middle):
        class Meta:
            app_label = "shop"

    class LeafProxy(Leaf):
        class Meta:
            app_label = "shop"
            proxy = True

    for model in (Base, Leaf, LeafProxy):
        assert home(model).alias == "a"
    assert owner(LeafProxy) is Leaf
    assert home(LeafProxy).reason == "Meta.using of its parent shop.Base"


def test_whose_placement_counts():
    """A model's own, but for proxies and through tables that Django made."""
    assert owner(Book) is Book
    assert owner(Novel) is Novel
    assert owner(ShortBook) is Book
    assert owner(Book.tags.through) is Book


class Cache(BaseDatabaseCache):
    """The database cache's stand-in model is made by its constructor."""


def test_the_database_cache_can_be_placed():
    """Its stand-in is no model of Django: it has four names and nothing else."""
    stand_in = Cache("my_cache", {}).cache_model_class
    assert label_of(stand_in._meta) == "django_cache.CacheEntry"
    assert owner(stand_in) is stand_in
    assert meta_using(stand_in._meta) is None
    assert home(stand_in) == UNPLACED
    assert home(stand_in, django_cache="a").alias == "a"
    assert home(stand_in, django_cache__CacheEntry="b", django_cache="a").alias == "b"


def test_the_home_of_an_app():
    """``None`` where only its models are named, or nothing is."""
    made = placement({"Shop": "a", "crm.Call": "b"})
    assert made.app_home("shop") == "a"
    assert made.app_home("SHOP") == "a"
    assert made.app_home("crm") is None


def test_the_labels_in_lower_case():
    """As they are compared."""
    assert placement({"Shop.Tag": "a"}).placed_labels() == {"shop.tag": "a"}


def test_every_home_that_something_is_placed_on():
    """By settings, also of models that are not installed, and by the models given."""
    made = placement({"gone": "a", "reports.Report": "b"})
    assert made.homes(()) == {"a", "b"}
    assert made.homes((Tag, Report)) == {"a", "b"}
    assert made.homes((Tag, Reader)) == {"a", "b", "analytics"}
