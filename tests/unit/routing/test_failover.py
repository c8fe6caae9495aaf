"""Where a read goes when replicas cannot be reached, one after another."""

from types import SimpleNamespace

import pytest
from django.db import OperationalError, connections, router, transaction

from django_fleet.context import unit
from django_fleet.routing.failover import Failover
from django_fleet.routing.running import running
from django_fleet.vendors.sqlite import SQLite
from lab.shop.models import Tag

LAYOUT = {
    "default": {},
    "a": {"REPLICA_OF": "default"},
    "b": {"REPLICA_OF": "default"},
    "c": {"REPLICA_OF": "default", "WEIGHT": 0},
}


class Gone(Exception):
    """What a driver says of a server that is away."""


class Question:
    """Asks ``using``; the databases in ``down`` raise ``error``."""

    def __init__(self, using, down, error=Gone):
        self.using, self.down, self.error = using, down, error
        self.asked = []

    def ask(self):
        assert self.using not in self.asked, "no database is asked twice"
        self.asked.append(self.using)
        if self.using in self.down:
            raise self.error(self.using)
        return f"the answer of {self.using}"

    def go_to(self, alias):
        self.using = alias

    def read(self):
        return Failover(running()).reading(self.ask, self, self.go_to)


@pytest.fixture(autouse=True)
def fleet(project, monkeypatch):
    """A primary with three replicas, where ``Gone`` means that a server is away."""
    monkeypatch.setattr(SQLite, "is_connection_lost", lambda _self, error: isinstance(error, Gone))
    with project(LAYOUT, FLEET={"OFFLINE_S": 60, "CONSISTENCY": "eventual"}):
        running().nodes._draw = lambda: 0.0
        yield


def test_an_answer_is_the_answer():
    """Nothing is moved and nobody goes offline."""
    question = Question("a", down=[])
    assert question.read() == "the answer of a"
    assert question.asked == ["a"]
    assert running().offline == {}


def test_the_next_replica_is_asked():
    """And remembered for this unit of work, so that its reads agree with each other."""
    unit().replicas["default"] = "a"
    question = Question("a", down=["a"])
    assert question.read() == "the answer of b"
    assert set(running().offline) == {"a"}
    assert unit().past == {"default": "b"}


def test_the_primary_is_the_last_to_be_asked():
    """After every replica that takes reads; one of weight 0 takes none."""
    question = Question("a", down=["a", "b"])
    assert question.read() == "the answer of default"
    assert question.asked == ["a", "b", "default"]
    assert set(running().offline) == {"a", "b"}


def test_the_error_of_the_primary_is_the_caller_s():
    """Each database was asked once."""
    question = Question("b", down=["a", "b", "default"])
    with pytest.raises(Gone, match="default"):
        question.read()
    assert question.asked == ["b", "a", "default"]


def test_no_database_is_asked_twice():
    """Also when a replica is back in rotation the moment it failed."""
    running().nodes._offline_s = 0
    question = Question("a", down=["a", "b", "default"])
    with pytest.raises(Gone, match="default"):
        question.read()
    assert len(question.asked) == len(set(question.asked))
    assert question.asked[-1] == "default"


def test_a_replica_that_was_named_moves_on_without_touching_the_unit_s_own():
    """The unit keeps the replica that it reads."""
    unit().replicas["default"] = "b"
    question = Question("c", down=["c"])
    assert question.read() == "the answer of b"
    assert unit().replicas == {"default": "b"}


def test_the_connection_of_a_lost_replica_is_closed():
    """The next one who comes to it starts anew."""
    connections["a"].ensure_connection()
    closed = []
    connections["a"].close = lambda: closed.append("a")
    Question("a", down=["a"]).read()
    assert closed == ["a"]


def test_a_read_inside_a_transaction_of_the_replica_does_not_move():
    """What was read before belongs together with what would be read elsewhere."""
    with transaction.atomic(using="a"):
        question = Question("a", down=["a"])
        with pytest.raises(Gone):
            question.read()
    assert question.asked == ["a"]
    assert running().offline == {}


@pytest.mark.parametrize("error", [OperationalError, ValueError, LookupError])
def test_other_errors_are_not_ours(error):
    """The replica stays in use, and nobody else is asked."""
    question = Question("a", down=["a"], error=error)
    with pytest.raises(error):
        question.read()
    assert question.asked == ["a"]
    assert running().offline == {}


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_what_ends_the_program_ends_it(error):
    """Only exceptions of the read itself are looked at."""
    question = Question("a", down=["a"], error=error)
    with pytest.raises(error):
        question.read()
    assert question.asked == ["a"]


@pytest.mark.parametrize("alias", ["default", "unknown"])
def test_a_database_that_is_no_replica_has_no_stand_in(alias):
    """Its error is raised at once."""
    question = Question(alias, down=[alias])
    with pytest.raises(Gone):
        question.read()
    assert question.asked == [alias]


def test_the_question_is_redirected_before_it_is_asked_again():
    """``redirect`` is told the alias, once for each move."""
    moves = []
    asked = SimpleNamespace(using="a")

    def redirect(alias):
        moves.append(alias)
        asked.using = alias

    def ask():
        if asked.using != "default":
            raise Gone
        return asked.using

    assert Failover(running()).reading(ask, asked, redirect) == "default"
    assert moves == ["b", "default"]


def routed(down):
    """The answer to a question that asks the router itself, and whom it was put to."""
    asked = []

    def ask():
        asked.append(router.db_for_read(Tag))
        if asked[-1] in down:
            raise Gone(asked[-1])
        return asked[-1]

    return Failover(running()).routed(ask, Tag), asked


def test_who_asks_the_router_itself_is_asked_again():
    """The router leaves out what went offline; the primary is the last."""
    assert routed(down=[]) == ("a", ["a"])
    assert routed(down=["a"]) == ("b", ["a", "b"])
    assert routed(down=["b"]) == ("default", ["b", "default"])


def test_an_error_of_the_primary_ends_it():
    """There is nothing to move to."""
    with pytest.raises(Gone, match="default"):
        routed(down=["a", "b", "default"])
