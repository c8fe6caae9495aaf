"""When the short way answers by itself, and when it leaves the question to the rules."""

import pytest
from django.db import transaction

from django_fleet.blocks import Block, UnitBlock
from django_fleet.replicas.sight import Sight
from django_fleet.routing.decision import Decision
from django_fleet.routing.running import running
from django_fleet.routing.shortcut import reader, writer
from lab.reports.models import Report
from lab.shop.models import Book, Tag

LAYOUT = {"default": {}, "replica": {"REPLICA_OF": "default"}, "analytics": {}}
ASKED = "the rules were asked"


def decide(_model, **_hints):
    return Decision(ASKED, "", "", "")


@pytest.fixture(autouse=True)
def settled(project):
    """Two models are settled, one on a replicated cluster; the unit of work reads a replica."""
    with project(LAYOUT), UnitBlock() as work:
        here = running()
        for model, home in ((Tag, "default"), (Report, "analytics")):
            here.home(model)
            here.settle(model, home)
        work.replicas["default"] = "replica"
        yield work


def read(model, **hints):
    return reader(running(), decide)(model, **hints)


def write(model, **hints):
    return writer(running(), decide)(model, **hints)


def on(model, alias):
    instance = model()
    instance._state.db = alias
    return instance


def test_what_is_settled_is_answered():
    """The unit's replica, the only database of a cluster, the primary for a write."""
    assert (read(Tag), write(Tag)) == ("replica", "default")
    assert (read(Report), write(Report)) == ("analytics", "analytics")


def test_what_is_not_settled_is_for_the_rules():
    """A model, or a class that is none of the project's."""
    assert (read(Book), write(Book)) == (ASKED, ASKED)


def test_after_a_write_the_primary_answers(settled):
    """Unless a block says that older rows will do."""
    settled.wrote("default")
    assert read(Tag) == "default"
    with Block(consistency="eventual"):
        assert read(Tag) == "replica"


def test_a_transaction_keeps_reads_on_the_primary():
    """On its own database."""
    with transaction.atomic(using="analytics"):
        assert read(Tag) == "replica"
    with transaction.atomic():
        assert read(Tag) == "default"
        assert read(Tag) == "default"


def test_after_a_read_in_a_transaction_the_rules_are_asked(settled):
    """The primary may have shown more than the replica does."""
    with transaction.atomic():
        read(Tag)
    assert settled.read_on_primary == {"default"}
    assert read(Tag) == ASKED


def test_a_strong_block_is_for_the_rules():
    """They note what it saw; where there is one database only, there is nothing to note."""
    with Block(consistency="strong"):
        assert read(Tag) == ASKED
        assert read(Report) == "analytics"


def test_a_block_that_limits_the_lag_is_for_the_rules():
    """They know how far behind the unit's replica is."""
    with Block(consistency="eventual", max_lag_s=5.0):
        assert read(Tag) == ASKED
        assert read(Report) == "analytics"


def test_a_block_that_names_a_primary_is_answered():
    """For reads; a write inside any block is for the rules."""
    with Block(using="analytics"):
        assert (read(Tag), write(Tag)) == ("analytics", ASKED)
    with Block(using="default"):
        assert read(Report) == "replica"


@pytest.mark.parametrize("alias", ["replica", "nowhere"])
def test_a_block_that_names_anything_else_is_for_the_rules(alias):
    """They have the words for it."""
    with Block(using=alias):
        assert read(Tag) == ASKED


def test_while_a_replica_is_offline_the_rules_are_asked():
    """Until it is back in rotation."""
    running().nodes.went_offline("replica", OSError("away"))
    assert read(Tag) == ASKED
    assert write(Tag) == "default"


def test_the_first_read_of_a_unit_chooses_where_nobody_has_to_be_asked(settled):
    """The replica is kept; who has seen more than is known of the replicas leaves it to the rules."""
    settled.replicas.clear()
    assert read(Tag) == "replica"
    assert settled.replicas == {"default": "replica"}
    settled.replicas.clear()
    settled.seen["default"] = Sight("7")
    assert read(Tag) == ASKED
    settled.seen["default"] = Sight(None)
    assert read(Tag) == ASKED
    assert settled.replicas == {}


def test_an_object_of_the_model_itself_is_answered():
    """By the cluster that it came from; a block does not change that."""
    with Block(using="analytics"):
        assert read(Tag, instance=on(Tag, "default")) == "replica"
        assert write(Tag, instance=on(Tag, "replica")) == "default"
    assert write(Tag, instance=on(Tag, "analytics")) == "analytics"


@pytest.mark.parametrize(
    "hints",
    [
        {"instance": on(Tag, None)},
        {"instance": on(Tag, "nowhere")},
        {"instance": on(Book, "default")},
        {"instance": on(Tag, "default"), "more": 1},
        {"more": 1},
    ],
)
def test_other_hints_are_for_the_rules(hints):
    """New objects, unknown databases, other models, whatever else is passed."""
    assert (read(Tag, **hints), write(Tag, **hints)) == (ASKED, ASKED)
