"""``Model(using="alias")``: where a new object will be saved."""

import pytest

from django_fleet.errors import UnknownDatabaseError
from django_fleet.routing.instance import database_of, send_to, takes_using
from lab.shop.models import Switch, Tag


@pytest.fixture(autouse=True)
def pair(project):
    """Two databases."""
    with project({"default": {}, "other": {}}):
        yield


def test_a_new_object_leaves_it_to_the_router():
    """``None`` says so, by function and by property."""
    tag = Tag(name="a")
    assert database_of(tag) is None
    assert tag.using is None


def test_an_object_is_sent_to_a_database():
    """By function, by keyword, by assignment; and back to the router."""
    tag = Tag(name="a", using="other")
    assert database_of(tag) == "other"
    tag.using = "default"
    assert tag._state.db == "default"
    send_to(tag, None)
    assert tag.using is None


def test_an_unknown_database_is_refused_where_it_is_written():
    """The place is the model's constructor; the object keeps what it had."""
    tag = Tag(name="a", using="other")
    with pytest.raises(UnknownDatabaseError, match=r"Tag\(using=\) names it"):
        send_to(tag, "nowhere")
    assert tag.using == "other"
    with pytest.raises(UnknownDatabaseError):
        Tag(name="a", using="nowhere")


def test_a_field_called_using_is_the_field():
    """The keyword fills it, and names no database."""
    switch = Switch(using="a lever")
    assert switch.using == "a lever"
    assert database_of(switch) is None


def test_whose_keyword_using_is_ours():
    """A model without such a field of its own."""
    assert takes_using(Tag)
    assert not takes_using(Switch)


def test_the_property_is_not_to_be_seen_on_the_class():
    """So that Django puts a field's own descriptor there."""
    with pytest.raises(AttributeError, match="using"):
        _ = Tag.using
