"""Which replica may answer a session: known positions first, then a question, then a wait."""

from collections import Counter

import pytest
from django.db import OperationalError, connections, transaction

from django_fleet.context import UnitOfWork
from django_fleet.replicas.selection import PATIENCE_S, SERVER, Selection
from django_fleet.replicas.sight import NOTHING, Sight
from django_fleet.routing.running import running
from django_fleet.vendors.history import Look
from django_fleet.vendors.history.sqlite import SQLiteHistory
from django_fleet.vendors.sqlite import SQLite

LAYOUT = {
    "default": {},
    "a": {"HOST": "db1", "REPLICA_OF": "default"},
    "b": {"HOST": "db2", "REPLICA_OF": "default"},
    "spare": {"HOST": "db3", "REPLICA_OF": "default", "WEIGHT": 0},
}


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


class Here:
    """One cluster of databases in memory, whose replicas stand where the test puts them."""

    def __init__(self, wait_s=0.0):
        self.nodes, self.clock, self.work = running().nodes, Clock(), UnitOfWork(is_declared=True)
        self.nodes._draw = lambda: 0.0
        for alias in ("a", "b", "spare"):  # a session that begins asks where its server stands
            connections[alias].ensure_connection()
        self.cluster = running().fleet.cluster_of("default")
        self.selection = Selection(
            self.nodes, running().flights, running().monitor, wait_s, self.clock
        )

    def stands(self, alias, position):
        """The snapshot of that position has arrived there."""
        driver = connections[alias].connection
        driver.execute("PRAGMA query_only = 0")
        driver.execute("CREATE TABLE IF NOT EXISTS fleet_position (id INTEGER PRIMARY KEY, n)")
        driver.execute("REPLACE INTO fleet_position VALUES (1, ?)", [position])
        driver.execute("PRAGMA query_only = 1")

    def saw(self, position, node=""):
        name = self.nodes.name(node) if node else ""
        self.work.seen["default"] = Sight(position, name)

    def caught_up(self, named=""):
        return self.selection.caught_up(self.work, self.cluster, named)


@pytest.fixture
def here(project):
    with project(LAYOUT, FLEET={"OFFLINE_S": 60}):
        yield Here()


@pytest.fixture
def asked(monkeypatch):
    """How often each database was asked: ``(question, alias)``."""
    found = Counter()

    def counted(name):
        original = getattr(SQLiteHistory, name)

        def question(history, connection, *args):
            found[name, connection.alias] += 1
            return original(history, connection, *args)

        monkeypatch.setattr(SQLiteHistory, name, question)

    for name in ("committed", "shown", "wait"):
        counted(name)
    return found


def test_who_has_seen_nothing_may_be_answered_by_anybody(here, asked):
    """Nobody is asked, and the replica is kept."""
    assert here.caught_up() == "a"
    here.nodes._draw = lambda: 0.9
    assert here.caught_up() == "a"
    assert here.selection.sight(here.work, "default") == Sight("", here.nodes.name("a"))
    assert not asked


def test_a_session_that_begins_tells_where_its_server_stands(here, asked):
    """One question, which opens the connection; the next one is not needed."""
    here.stands("a", 7)
    driver, connections["a"].connection = connections["a"].connection, None
    connections["a"].get_new_connection = lambda _parameters: driver
    here.saw("5")
    assert here.caught_up() == "a"
    assert asked == {("shown", "a"): 1}


def test_a_server_that_is_another_one_than_the_session_read_is_not_believed(here):
    """It began anew after the connection was chosen; that shows once it is opened."""
    here.saw("", node="b")
    vars(connections["b"])[SERVER] = "another"
    assert here.caught_up() is None


def test_a_position_that_is_known_costs_no_question(here, asked):
    """The monitor has seen it, or the last question."""
    here.saw("5")
    here.nodes.showed("a", "5")
    assert here.caught_up() == "a"
    assert not asked


def test_a_position_that_is_not_known_costs_one(here, asked):
    """On the connection that will read; the next session profits."""
    here.saw("5")
    here.stands("a", 7)
    assert here.caught_up() == "a"
    assert asked == {("shown", "a"): 1}
    assert here.nodes.position("a") == "7"


def test_a_replica_behind_is_passed_over(here, asked):
    """Two are asked at most."""
    here.saw("5")
    here.stands("a", 4)
    here.stands("b", 5)
    assert here.caught_up() == "b"
    assert asked == {("shown", "a"): 1, ("shown", "b"): 1}


def test_where_nobody_shows_enough_the_primary_answers_for_a_while(here, asked):
    """Nobody is asked again for each read: not the replicas, and not the primary."""
    here.saw("5")
    for _ in range(5):
        assert here.caught_up() is None
        here.work.read_on_primary.add("default")  # as the router notes
    assert asked == {("shown", "a"): 1, ("shown", "b"): 1}
    here.clock.now += PATIENCE_S
    here.stands("a", 9)
    assert here.caught_up() == "a"
    assert asked["committed", "default"] == 1


def test_what_was_read_on_the_primary_is_asked_for_first(here, asked):
    """It may have shown more than anybody else has."""
    here.saw("0", node="a")
    here.work.replicas["default"] = "a"
    here.work.read_on_primary.add("default")
    assert here.caught_up() is None
    assert here.work.seen["default"] == Sight("1")
    assert asked["committed", "default"] == 1


def test_a_session_keeps_to_the_replica_that_it_read_last(here, asked):
    """It never shows less; others would have to be asked."""
    here.saw("", node="b")
    assert here.caught_up() == "b"
    assert not asked


@pytest.mark.parametrize("state", ["down", "degraded", "gone"])
def test_where_that_one_takes_no_reads_the_primary_says_how_far_it_may_be(here, state):
    """Nobody else is asked before: nobody knows what it had shown."""
    here.saw("", node="b")
    if state == "down":
        here.nodes.went_offline("b", "away")
    elif state == "degraded":
        here.nodes.looked("b", Look("0", None), 1e6)
    else:
        here.nodes.began("b", "anew")
    assert here.caught_up() is None
    here.work.behind.clear()
    here.work.read_on_primary.add("default")
    here.stands("a", 1)
    assert here.caught_up() == "a"


def test_a_replica_that_went_away_is_not_kept(here):
    """And while it is away, no read of this unit goes there."""
    assert here.caught_up() == "a"
    here.nodes.went_offline("a", "away")
    assert here.selection.instead(here.work, here.cluster) is None
    here.stands("b", 1)
    here.work.behind.clear()
    assert here.caught_up() == "b"


def test_only_the_primary_will_do_where_the_position_is_unknown(here, asked):
    """No replica is asked."""
    here.work.seen["default"] = Sight(None)
    assert here.caught_up() is None
    assert not asked


def test_a_named_replica_is_the_only_candidate(here):
    """Also one that is chosen for no read by itself; and not where the session read another."""
    assert here.caught_up("spare") == "spare"
    here.work.replicas.clear()
    here.saw("", node="b")
    assert here.caught_up("a") is None
    here.work.behind.clear()
    here.saw("5")
    here.stands("a", 4)
    assert here.caught_up("a") is None
    here.work.behind.clear()
    here.stands("a", 5)
    assert here.caught_up("a") == "a"


def test_a_snapshot_that_is_open_is_older_than_any_answer(here, asked):
    """Neither a question nor what is known counts inside a transaction on the replica."""
    here.stands("a", 9)
    here.nodes.showed("a", "9")
    here.nodes.went_offline("b", "away")
    here.saw("5")
    with transaction.atomic(using="a"):
        assert here.caught_up() is None
    here.work.behind.clear()
    transaction.set_autocommit(False, using="a")
    assert here.caught_up() is None
    transaction.rollback(using="a")
    transaction.set_autocommit(True, using="a")
    here.work.behind.clear()
    assert here.caught_up() == "a"
    assert not asked


def test_a_short_wait_where_it_can_succeed(project, asked, monkeypatch):
    """Then nobody waits for that one for a while; one that is far behind is not waited for."""
    with project(LAYOUT):
        here = Here(wait_s=0.02)
        here.stands("a", 4)
        here.nodes.went_offline("b", "away")
        here.saw("5")
        assert here.caught_up() is None
        assert asked["wait", "a"] == 1
        here.work.behind.clear()
        assert here.caught_up() is None
        assert asked["wait", "a"] == 1
        here.nodes.waited("a", reached=True)
        here.nodes.looked("a", Look("4", None), 20.0)
        here.work.behind.clear()
        assert here.caught_up() is None
        assert asked["wait", "a"] == 1


def test_a_replica_that_cannot_be_asked_is_left_alone(here, monkeypatch):
    """And the next one is asked; an error of another kind is the caller's."""

    def fail(_history, connection):
        if connection.alias == "a":
            raise OperationalError("away")
        return "9"

    monkeypatch.setattr(SQLiteHistory, "shown", fail)
    here.saw("5")
    with pytest.raises(OperationalError):
        here.caught_up()
    monkeypatch.setattr(SQLite, "is_connection_lost", lambda *_: True)
    assert here.caught_up() == "b"
    assert set(here.nodes.offline) == {"a"}


def test_a_vendor_that_cannot_say_what_it_shows_is_passed_over(here, monkeypatch):
    """MySQL without GTIDs."""
    monkeypatch.setattr(SQLiteHistory, "shown", lambda *_: None)
    here.saw("5")
    assert here.caught_up() is None


def test_a_read_that_may_see_the_past_does_not_bind_the_others(here):
    """After a write, another replica may answer it than the session's own."""
    here.work.written.add("default")
    assert here.selection.any_replica(here.work, here.cluster) == "a"
    assert (here.work.past, here.work.replicas) == ({"default": "a"}, {})
    here.nodes._draw = lambda: 0.9
    assert here.selection.any_replica(here.work, here.cluster) == "a"


def test_a_read_that_may_see_the_past_agrees_with_the_others_where_it_can(here):
    """The replica that is kept answers both."""
    assert here.selection.any_replica(here.work, here.cluster) == "a"
    here.nodes._draw = lambda: 0.9
    assert here.caught_up() == "a"
    here.nodes.went_offline("a", "away")
    assert here.selection.any_replica(here.work, here.cluster) == "b"
    here.nodes.went_offline("b", "away")
    assert here.selection.any_replica(here.work, here.cluster) is None


def test_a_look_ahead_asks_nobody_and_keeps_nothing(here, asked):
    """What would be asked by what is known now."""
    here.saw("5", node="b")
    assert here.selection.likely(here.work, here.cluster) == "b"
    assert here.selection.likely(here.work, here.cluster, "spare") is None
    here.work.behind["default"] = here.clock() + 0.1
    assert here.selection.likely(here.work, here.cluster) is None
    here.work.behind.clear()
    here.work.replicas["default"] = "a"
    assert here.selection.likely(here.work, here.cluster) == "a"
    assert here.work.replicas == {"default": "a"}
    assert not asked


def test_learning_asks_the_primary_once(here, asked):
    """What was written and read is taken note of; what was kept is chosen anew."""
    here.work.written.add("default")
    here.work.read_on_primary.add("default")
    here.work.replicas["default"] = "a"
    here.work.behind["default"] = 1e9
    assert here.selection.learn(here.work, "default")
    assert here.work.seen == {"default": Sight("1")}
    for left in ("written", "read_on_primary", "replicas", "behind"):
        assert not getattr(here.work, left)
    assert asked["committed", "default"] == 1


def test_learning_waits_for_the_commit(here, asked):
    """Inside a transaction, or with autocommit off, nothing has happened yet for anybody else."""
    here.work.written.add("default")
    with transaction.atomic():
        assert not here.selection.learn(here.work, "default")
    transaction.set_autocommit(False)
    assert not here.selection.learn(here.work, "default")
    transaction.rollback()
    transaction.set_autocommit(True)
    assert here.work.written == {"default"}
    assert here.work.seen.get("default", NOTHING) == NOTHING
    assert not asked


def test_a_primary_that_is_known_to_be_silent_is_not_asked(here, asked):
    """It would hang; what it showed last is not known then."""
    here.nodes.primary_went_silent("default", "hangs")
    assert not here.selection.learn(here.work, "default")
    assert here.work.seen["default"] == Sight(None)
    assert connections["default"].connection is None
    assert not asked


def test_a_write_while_the_primary_is_asked_counts_again(here, monkeypatch):
    """Another task of the unit of work may write meanwhile."""

    def committed(_history, _connection):
        here.work.wrote("default")
        return "5"

    monkeypatch.setattr(SQLiteHistory, "committed", committed)
    here.work.written.add("default")
    assert here.selection.learn(here.work, "default")
    assert here.work.written == {"default"}


def test_when_nobody_can_be_asked_the_token_has_to_do(here):
    """The replica of the unit is gone and the primary is silent: what the token says is still held."""
    for position, expected in (("5", "b"), ("6", None)):
        here.saw(position)
        here.work.replicas["default"] = "a"
        here.nodes.went_offline("a", "away")
        here.nodes.primary_went_silent("default", "hangs")
        here.stands("b", 5)
        assert here.selection.instead(here.work, here.cluster) == expected


def test_who_was_shown_more_than_anybody_knows_waits_for_the_primary(here):
    """The session read a replica that is gone, in another unit: no position says how much that was."""
    here.saw("5", node="a")
    here.nodes.went_offline("a", "away")
    here.nodes.primary_went_silent("default", "hangs")
    here.stands("b", 9)
    assert here.selection.instead(here.work, here.cluster) is None
    assert here.work.seen["default"] == Sight(None)


@pytest.mark.parametrize("way", ["caught_up", "at_once"])
def test_threads_of_one_unit_of_work_that_choose_at_a_time_choose_one(here, monkeypatch, way):
    """Or one of them would read the one now and the other next."""
    choose = here.nodes.choose

    def chosen_by_somebody_else(*args, **kwargs):
        here.work.replicas["default"] = "b"
        return choose(*args, **kwargs)

    monkeypatch.setattr(here.nodes, "choose", chosen_by_somebody_else)
    subject = "default" if way == "at_once" else here.cluster
    assert getattr(here.selection, way)(here.work, subject) == "b"
    assert here.work.replicas == {"default": "b"}
