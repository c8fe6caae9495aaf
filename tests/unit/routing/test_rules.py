"""Facts in, a decision out: each branch, in the words that a user reads."""

import pytest

from django_fleet.context import Choice
from django_fleet.errors import ReplicaWriteError, UnknownDatabaseError, UnplacedModelError
from django_fleet.routing.decision import Chosen, Decision
from django_fleet.routing.rules import (
    Answer,
    Circumstances,
    Facts,
    choose_home,
    node_for_read,
    node_for_write,
)
from django_fleet.topology import Home

LAYOUT = {
    "default": {},
    "replica": {"REPLICA_OF": "default"},
    "other": {},
    "copy": {"REPLICA_OF": "other"},
    "alone": {},
}
PLACED = Home("other", 'FLEET["PLACEMENT"]["shop"]', is_placed=True)
UNPLACED = Home("default", "nothing places it", is_placed=False)


@pytest.fixture
def fleet(make_fleet):
    """Two clusters with a replica each, and a database alone."""
    return make_fleet(LAYOUT)


def facts(**known):
    return Facts(
        **{
            "label": "shop.Tag",
            "remembered": None,
            "has_instance": False,
            "choice": Choice(),
            "answer": None,
            "home": UNPLACED,
            **known,
        }
    )


def circumstances(**known):
    return Circumstances(
        **{
            "consistency": "session",
            "in_transaction": False,
            "has_written": False,
            "is_any_online": False,
            "replica": "replica",
            **known,
        }
    )


# -- The home


def test_nothing_said_is_default(fleet):
    """The reason says so."""
    assert choose_home(facts(), fleet) == Chosen("default", "nothing places it")


def test_placement_names_the_home(fleet):
    """Its own words are the reason."""
    assert choose_home(facts(home=PLACED), fleet) == Chosen("other", 'FLEET["PLACEMENT"]["shop"]')


def test_a_model_that_nobody_placed_needs_a_default(make_fleet):
    """With an empty default the model and the databases are named."""
    with pytest.raises(UnplacedModelError, match=r"shop\.Tag lives on no database.*'other'"):
        choose_home(facts(), make_fleet({"default": None, "other": {}}))


def test_a_placed_model_needs_no_default(make_fleet):
    """An empty default is nothing to it."""
    fleet = make_fleet({"default": None, "other": {}})
    assert choose_home(facts(home=PLACED), fleet).alias == "other"


def test_a_home_that_does_not_exist_is_named_with_its_place(make_fleet):
    """The reason and the model are the place."""
    with pytest.raises(UnknownDatabaseError) as caught:
        choose_home(facts(home=PLACED), make_fleet({"default": {}}))
    assert caught.value.alias == "other"
    assert caught.value.place == 'FLEET["PLACEMENT"]["shop"] (shop.Tag)'


def test_a_router_wins_over_placement(fleet):
    """It is named, and its answer is not redirected where it names a replica."""
    chosen = choose_home(facts(answer=Answer("copy", "my.Router"), home=PLACED), fleet)
    assert chosen == Chosen("copy", "router my.Router", may_be_redirected=False)


def test_a_block_wins_over_a_router(fleet):
    """It names exactly one database."""
    said = facts(choice=Choice(using="alone"), answer=Answer("other", "my.Router"), home=PLACED)
    assert choose_home(said, fleet) == Chosen(
        "alone", 'fleet.using("alone")', is_explicit=True, may_be_redirected=False
    )


def test_an_object_in_hand_wins_over_a_block(fleet):
    """It stays where it came from: on that cluster, not on that node."""
    said = facts(remembered="copy", has_instance=True, choice=Choice(using="alone"), home=PLACED)
    assert choose_home(said, fleet) == Chosen("other", "the object came from there")


def test_a_router_that_answers_about_an_object_is_heard_before_it(fleet):
    """As in stock Django."""
    said = facts(
        remembered="other",
        has_instance=True,
        choice=Choice(using="default"),
        answer=Answer("alone", "my.Router"),
    )
    assert choose_home(said, fleet).alias == "alone"


def test_an_object_that_remembers_nothing_leaves_it_to_the_block(fleet):
    """A new object has come from nowhere; the router is not heard first for it."""
    said = facts(
        has_instance=True, choice=Choice(using="default"), answer=Answer("alone", "my.Router")
    )
    assert choose_home(said, fleet).reason == 'fleet.using("default")'


@pytest.mark.parametrize(
    ("known", "place"),
    [
        ({"remembered": "gone", "has_instance": True}, "the database of the shop.Tag in hand"),
        ({"choice": Choice(using="gone")}, "fleet.using()"),
        ({"answer": Answer("gone", "my.Router")}, "router my.Router"),
    ],
)
def test_whoever_names_an_unknown_database_is_named(fleet, known, place):
    """The place is where the user has to look."""
    with pytest.raises(UnknownDatabaseError) as caught:
        choose_home(facts(**known), fleet)
    assert (caught.value.alias, caught.value.place) == ("gone", place)


# -- The node for a read


@pytest.mark.parametrize(
    ("known", "alias", "reason"),
    [
        ({}, "replica", "a replica, kept for this unit of work"),
        ({"replica": None}, "default", "no replica can be asked now"),
        ({"in_transaction": True}, "default", "a transaction is open on it"),
        ({"consistency": "strong"}, "default", "reads ask for strong consistency"),
        ({"has_written": True}, "default", "this unit of work wrote to it"),
        (
            {"has_written": True, "consistency": "eventual"},
            "replica",
            "a replica, kept for this unit of work",
        ),
        (
            {"in_transaction": True, "consistency": "eventual"},
            "default",
            "a transaction is open on it",
        ),
    ],
)
def test_what_keeps_a_read_on_the_primary(fleet, known, alias, reason):
    """Transactions first, then what was asked for, then what was written."""
    decision = node_for_read(Chosen("default", "why"), fleet, circumstances(**known))
    assert decision == Decision(alias, "default", "why", reason)


def test_a_cluster_without_replicas_reads_its_primary(fleet):
    """Whatever the circumstances are."""
    decision = node_for_read(Chosen("alone", "why"), fleet, circumstances(replica=None))
    assert decision == Decision("alone", "alone", "why", "it has no replicas")


def test_a_block_that_names_a_replica_gets_it(fleet):
    """Even after a write and in a transaction: that is what it says."""
    chosen = Chosen("replica", "why", is_explicit=True, may_be_redirected=False)
    worst = circumstances(in_transaction=True, has_written=True, consistency="strong")
    assert node_for_read(chosen, fleet, worst) == Decision(
        "replica", "default", "why", "the block names this replica"
    )


def test_a_router_that_names_a_replica_gets_it_when_nothing_speaks_against_it(fleet):
    """A transaction does."""
    chosen = Chosen("replica", "why", may_be_redirected=False)
    assert node_for_read(chosen, fleet, circumstances()).node_reason == "it names this replica"
    busy = node_for_read(chosen, fleet, circumstances(in_transaction=True))
    assert (busy.alias, busy.node_reason) == ("default", "a transaction is open on it")


# -- The node for a write


@pytest.mark.parametrize("alias", ["default", "replica"])
def test_a_write_goes_to_the_primary(fleet, alias):
    """Also where an object or a setting names a replica."""
    assert node_for_write(Chosen(alias, "why"), fleet, "shop.Tag") == Decision(
        "default", "default", "why", "writes go to the primary"
    )


def test_a_write_that_somebody_sent_to_a_replica_is_refused(fleet):
    """By a block or a router: both words are in the message."""
    chosen = Chosen("replica", 'fleet.using("replica")', is_explicit=True, may_be_redirected=False)
    with pytest.raises(ReplicaWriteError) as caught:
        node_for_write(chosen, fleet, "shop.Tag")
    assert (caught.value.alias, caught.value.primary) == ("replica", "default")
    assert 'A write of shop.Tag (because of fleet.using("replica"))' in str(caught.value)


def test_a_write_that_somebody_sent_to_a_primary_is_as_any_other(fleet):
    """Nothing has to be redirected."""
    chosen = Chosen("other", "why", is_explicit=True, may_be_redirected=False)
    assert node_for_write(chosen, fleet, "shop.Tag").alias == "other"
