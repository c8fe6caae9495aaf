"""Promotions on real servers: who is followed, by every thread, and who is not."""

import threading
import time

import pytest
from django.db import DatabaseError, OperationalError, connections

import django_fleet as fleet
from django_fleet.routing.running import running
from django_fleet.signals import primary_changed
from django_fleet.testing.servers.deadline import becomes_true
from lab.shop.models import Tag
from lab.watched import (
    QUICK,
    REPLICATED,
    SOON_S,
    begin,
    end,
    reader,
    state,
    wait_for,
)

real_servers = pytest.mark.parametrize("vendor", ["postgresql", "mariadb"])


class Followed:
    """Which promotions were followed."""

    def __init__(self):
        self.found = []

    def listen(self, sender, alias, replica, **_):
        self.found.append((alias, replica))


@pytest.fixture
def followed():
    heard = Followed()
    primary_changed.connect(heard.listen)
    yield heard.found
    primary_changed.disconnect(heard.listen)


@real_servers
def test_a_promotion_is_followed_by_every_thread(watched, followed):
    """Reads and writes go on over connections that lead to the new server; no error lasts."""
    errors, is_over, done = [], threading.Event(), []

    def work(name):
        try:
            while not is_over.is_set():
                try:
                    with fleet.unit_of_work():
                        Tag.objects.create(name=name)
                        assert Tag.objects.filter(name=name).exists()
                    done.append(time.monotonic())
                except DatabaseError:
                    errors.append(time.monotonic())
                    connections["default"].close_if_unusable_or_obsolete()
                    is_over.wait(0.05)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work, args=[f"t{each}"]) for each in range(3)]
    for thread in threads:
        thread.start()
    wait_for(lambda: len(done) > 5, "they write")
    new = watched.servers.replicas[0]
    watched.servers.primary.kill()
    watched.servers.promote(new)
    wait_for(lambda: followed, "it is followed")
    followed_at = time.monotonic()
    wait_for(lambda: sum(at > followed_at for at in done) > 10, "they write again")
    is_over.set()
    for thread in threads:
        thread.join(SOON_S)
    assert followed == [("default", "replica")]
    assert connections.settings["default"]["PORT"] == str(new.port)
    assert not [at for at in errors if at > followed_at + 3]
    name = connections.settings["default"]["NAME"]
    ((rows,),) = new.query("SELECT count(*) FROM shop_tag WHERE name <> 'a'", database=name)
    assert rows >= sum(at > followed_at for at in done)


@real_servers
def test_the_old_primary_that_comes_back_takes_part_only_as_a_replica(watched, followed):
    """While it takes writes of its own, nobody reads there, and nobody goes back to it."""
    old, new = watched.servers.primary, watched.servers.replicas[0]
    old.kill()
    watched.servers.promote(new)
    wait_for(lambda: followed, "it is followed")
    old.restart()
    Tag.objects.create(name="b")
    wait_for(
        lambda: "takes writes" in running().nodes.states["replica"].reason,
        "it is seen for what it is",
    )
    assert reader() == ("default", 2)
    assert followed == [("default", "replica")]


@real_servers
def test_a_split_brain_is_not_followed(watched, followed):
    """The old primary takes writes; the promoted server goes its own way, and nobody reads there."""
    watched.servers.promote(watched.servers.replicas[0])
    wait_for(lambda: state() == "down", "it is seen to be no replica any more")
    with fleet.unit_of_work():
        Tag.objects.create(name="b")
    assert reader() == ("default", 2)
    becomes_true(lambda: bool(followed), timeout_s=1)
    assert followed == []


@real_servers
def test_an_interruption_of_the_primary_ends_no_split_brain(watched, followed):
    """A moment of silence, and this process would write elsewhere than all others."""
    watched.servers.promote(watched.servers.replicas[0])
    wait_for(lambda: state() == "down", "it is seen to be no replica any more")
    old = watched.servers.nodes[0]
    old.freeze()
    wait_for(lambda: state("default") == "down", "the primary is missed")
    old.thaw()
    wait_for(lambda: state("default") == "healthy", "it is there again")
    assert followed == []
    assert connections.settings["default"]["PORT"] == str(old.port)


@real_servers
def test_nobody_is_followed_where_the_settings_say_so(lab, followed):
    """The name of the primary leads elsewhere by itself."""
    with lab.fleet(REPLICATED, **QUICK, FOLLOW_PRIMARY=False):
        begin(lab)
        port = connections.settings["default"]["PORT"]
        lab.servers.primary.kill()
        lab.servers.promote(lab.servers.replicas[0])
        wait_for(lambda: state() == "down" and state("default") == "down", "both were looked at")
        becomes_true(lambda: bool(followed), timeout_s=1)
        assert followed == []
        assert connections.settings["default"]["PORT"] == port
        with pytest.raises(OperationalError), fleet.unit_of_work():
            connections["default"].close()
            Tag.objects.create(name="b")
        end()
